"""Quantization strategies for a format, from the fastest to the most exact; the first that meets its bar is used."""

import functools
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae._backend import keras
from keras_vae.export import converter, flatbuffer, quantize, rounding, signatures
from keras_vae.export.errors import ExportError
from keras_vae.export.examples import Examples
from keras_vae.export.precision import not_float32
from keras_vae.export.targets import NETWORKS, Target
from keras_vae.lite import Build
from keras_vae.models import EncoderDecoder, HasPosterior

# Examples that weights are rounded on, and that the ranges of activations are taken from.
_ROUNDED_ON = 5000
_RANGES_FROM = 1000

Strategy = tuple[str, dict[str, bytes]]
Inputs = dict[str, dict[str, np.ndarray]]
Say = Callable[[str], None]


def strategies(model: EncoderDecoder, target: Target, format: str, examples: Examples, say: Say) -> Iterator[Strategy]:
    """Builds of a format by part, and in words how they were made.

    Args:
        model: the model.
        target: where the builds go, asked before the work of rounding is done.
        format: `"float32"`, `"float16"`, `"dynamic_range"` or `"int8"`.
        examples: what weights are rounded on and ranges taken from.
        say: called with a line of words when a step begins.

    Raises:
        ExportError: if the model cannot be converted, or the target does not take an operation of it.
    """
    say("converting to float32")
    exact = float32(model)
    for part in NETWORKS:
        target.check(part, exact[part])
    if format == "float32":
        yield "float32", exact
        return
    if "features" in exact:  # a whole network, that runs on the processor: its weights alone are made smaller
        content = exact["features"]
        in_float = format == "float16"
        exact["features"] = (
            quantize.float16(content) if in_float else quantize.dynamic_range(content, float_activations=True)
        )
    if format == "float16":
        yield "float16 weights", {**exact, **{part: quantize.float16(exact[part]) for part in NETWORKS}}
    else:
        inputs = _inputs(model, examples.first(_ROUNDED_ON))
        of_format = _dynamic_range if format == "dynamic_range" else _int8
        for words, contents in of_format(model, inputs, say):
            yield words, {**exact, **contents}


def float32(model: EncoderDecoder, networks: dict[str, keras.Model] | None = None) -> dict[str, bytes]:
    """Convert the parts, by a converter in a process of its own.

    Args:
        model: the model.
        networks: networks to take in the place of the model's own encoder and decoder.

    Raises:
        ExportError: if an operation has no counterpart in LiteRT, naming it.
    """
    networks = networks or {}
    offered = signatures.for_device(model, **networks)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        signatures.write(offered, model, str(folder / "model"), list(networks.values()))
        said = converter.to_float32(folder / "model", folder, offered)
        contents = {part: folder / f"{part}.tflite" for part in offered}
        if not all(path.is_file() for path in contents.values()):
            raise ExportError(_why_not(said, model))
        return {part: path.read_bytes() for part, path in contents.items()}


def _dynamic_range(model: EncoderDecoder, inputs: Inputs, say: Say) -> Iterator[Strategy]:
    say("rounding weights to int8")
    rounded = float32(model, _rounded(model, inputs))
    yield (
        "int8 weights, activations quantised as they come",
        {part: quantize.dynamic_range(rounded[part]) for part in NETWORKS},
    )
    if not (_dense(model.encoder) and _dense(model.decoder)):
        return
    # The layers next to the code are small, and the ELBO hangs on them most.
    first, last = _dense(model.encoder)[0], _dense(model.encoder)[-1]
    code = _dense(model.decoder)[0]
    say("rounding weights to int8, but for the layers next to the code")
    rounded = float32(model, _rounded(model, inputs, {"encoder": {last}, "decoder": {code}}))
    decoder = quantize.dynamic_range(rounded["decoder"], in_float=_first_product(rounded["decoder"]))
    for words, float_activations in (("", False), (", float activations in the encoder", True)):
        encoder = quantize.dynamic_range(
            rounded["encoder"], in_float=_last_product(rounded["encoder"]), float_activations=float_activations
        )
        yield f"int8 weights but for the layers next to the code{words}", {"encoder": encoder, "decoder": decoder}
    if first == last:
        return
    say("rounding weights to int8, the encoder's first dense kernel in two terms")
    network = rounding.round_network(model.encoder, list(inputs["encoder"].values()), {first, last})
    split = float32(model, {"encoder": rounding.in_two_terms(network, first)})["encoder"]
    encoder = quantize.dynamic_range(split, in_float=_last_product(split), float_activations=True)
    yield (
        "int8 weights but for the layers next to the code, float activations and a first dense kernel in two terms in the encoder",
        {"encoder": encoder, "decoder": decoder},
    )


def _int8(model: EncoderDecoder, inputs: Inputs, say: Say) -> Iterator[Strategy]:
    def prepared(networks: dict[str, keras.Model]) -> dict[str, bytes]:
        contents = float32(model, networks)
        return {
            part: quantize.int8(contents[part], {name: v[:_RANGES_FROM] for name, v in inputs[part].items()})
            for part in NETWORKS
        }

    say("rounding weights to int8")
    networks = _rounded(model, inputs)
    yield "int8 weights and activations", prepared(networks)
    if not _dense(model.decoder):
        return
    # The decoder's first kernel meets codes of one size in all directions, so no rounding can make good its errors.
    code = _dense(model.decoder)[0]
    say("rounding weights to int8, the decoder's first kernel in two terms")
    network = rounding.round_network(model.decoder, list(inputs["decoder"].values()), {code})
    networks["decoder"] = rounding.in_two_terms(network, code)
    for part, content in prepared(networks).items():
        some = {name: value[:_RANGES_FROM] for name, value in inputs[part].items()}
        wanted = rounding.outputs(model.parts[part], list(some.values()))
        found = Build(content)(**some)["params"]
        # Ranges leave out what saturates, and a bias cannot bring that back.
        wanted = np.clip(wanted, found.min(), found.max())
        bias = networks[part].get_layer("output").bias
        bias.assign_add((wanted - found).mean(axis=0).reshape(bias.shape))
    yield (
        "int8 weights and activations, the decoder's first kernel in two terms, the last biases corrected",
        prepared(networks),
    )


def _rounded(model: EncoderDecoder, inputs: Inputs, leave: dict[str, set[str]] | None = None) -> dict[str, keras.Model]:
    """The encoder and the decoder with weights on the int8 grid, but for the layers in `leave`."""
    return {
        part: rounding.round_network(model.parts[part], list(inputs[part].values()), (leave or {}).get(part, set()))
        for part in NETWORKS
    }


def _inputs(model: EncoderDecoder, examples: Examples) -> Inputs:
    """What the networks see of real examples, by name: the encoder the data, the decoder codes drawn from q(z|x)."""
    condition = examples.condition(model)
    found = {"encoder": {"data": examples.data}, "decoder": {"latents": decoder_codes(model, examples).numpy()}}
    for part, given in found.items():
        if condition is not None and part in model.condition_reaches:
            given["condition"] = condition
    return found


@functools.singledispatch
def decoder_codes(model: Any, examples: Examples) -> Any:
    """Codes `(N, Z)` of examples as the decoder is given them in training."""
    return model.code(examples.data, examples.labels)


@decoder_codes.register(HasPosterior)
def _sampled(model: Any, examples: Examples) -> Any:
    return model.encode(examples.data, examples.labels).sample(seed=0)


def _dense(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def _first_product(content: bytes) -> str:
    return flatbuffer.outputs_of(content, "FULLY_CONNECTED")[0]


def _last_product(content: bytes) -> str:
    return flatbuffer.outputs_of(content, "FULLY_CONNECTED")[-1]


def _why_not(output: str, model: EncoderDecoder) -> str:
    """What the converter's many lines say."""
    if names := [name for part in NETWORKS for name in not_float32(model.parts[part])]:
        return (
            f"The layers {', '.join(names[:5])} compute in a precision of their own, and LiteRT has operations for float32 alone: "
            "build them without a dtype, and give the model one (dtype='mixed_float16'): exports leave that out."
        )
    if found := sorted(set(re.findall(r"'(tf\.\w+)' op is neither", output))):
        return (
            f"LiteRT has no operation for {', '.join(found)}: build the model with other layers or another activation. (Exports "
            "do not fall back on full TensorFlow's operations, which no device has.)"
        )
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no word from the converter")
    return f"TensorFlow's converter failed: {last.strip()}"
