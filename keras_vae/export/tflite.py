"""TFLite builds of a model for one kind of device, proven before they are written."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import __version__, _checks, _files, _named
from keras_vae._backend import keras, tf
from keras_vae.export import convert, endpoints, flatbuffer, parity, quantize, rounding
from keras_vae.export.errors import ExportError
from keras_vae.export.examples import Examples, examples_for
from keras_vae.export.targets import TARGETS, Target
from keras_vae.lite import MANIFEST, Build
from keras_vae.models import LatentVariableModel

_NETWORKS = ("encoder", "decoder")
_PARTS = (*_NETWORKS, "prior")
# Examples that weights are rounded on, and that the ranges of activations are taken from.
_ROUNDED_ON = 5000
_RANGES_FROM = 1000

# The bars, by format: the largest mean absolute error of a mean, and the largest fall of the ELBO in nats or as a share of it.
_ERROR_BAR = {"float32": 1e-5}
_ELBO_BAR = {"float32": 0.1, "float16": 0.1, "dynamic_range": 0.1}
_ELBO_SHARE_BAR = {"int8": 0.01}

Say = Callable[[str], None]


def tflite(
    model: Any,
    folder: str | Path,
    target: str = "cpu",
    *,
    format: str | None = None,
    examples: Any = None,
    test: Any = None,
    source: str = "given by the caller",
    overwrite: bool = False,
    say: Say | None = None,
) -> dict[str, Any]:
    """Write `encoder.tflite` and `decoder.tflite` (and `prior.tflite`, where the prior is not N(0, I)) for a kind of device.

    Each takes a batch of one. The encoder: `data` -> `mean (1, Z)` and `params`, the parameters of q(z|x). The decoder:
    `latents (1, Z)` -> `mean (1,) + data_shape` and `params`, those of p(x|z). A conditional model's take `condition`,
    a one-hot label, beside. `build.json` describes them and holds the proof; `keras_vae.lite.load(folder)` runs them.

    Nothing is written unless the builds hold only operations that the target takes and meet their bars: float32 a mean
    absolute error of 1e-5; float16 and dynamic range a fall of the ELBO of 0.1 nat; int8 of 1 %. For the last two there are
    several ways, from the fastest to the most exact: the first that meets the bar is taken.

    Args:
        model: a VAE of this library.
        folder: to write; made anew.
        target: `"cpu"`, `"gpu"`, `"edge"` (int8 with int8 inputs and outputs) or `"web"`.
        format: of the numbers: `"float32"` for cpu instead of `dynamic_range`; gpu and web take `float16`, edge `int8`.
        examples: data, or a pair of data and labels, like those the model was trained on: int8 is calibrated on them. By
            default drawn from the model.
        test: data that the proof is computed on; by default the examples.
        source: where `test` is from, for the report.
        overwrite: replace a folder of builds that is there.
        say: called with a line of words when a step begins.

    Returns:
        What `build.json` holds: `files` (part -> bytes, sha256, operations, latency), `parity`, `bar` and what the builds are.

    Raises:
        TypeError: if `model` is no VAE of this library.
        ValueError: if target, format or examples are not allowed.
        ExportError: if an operation cannot be converted or the target does not take it, or no way meets the bar.
        FileExistsError: if the folder is there and `overwrite` is not given, or it holds other files.
        ImportError: if a package for exports is not installed.
        OSError: if it cannot be written; what was there stays as it was.
    """
    kind = TARGETS[_checks.one_of("target", target, tuple(TARGETS))]
    format = kind.formats[0] if format is None else _checks.one_of("format", format, kind.formats)
    given = examples_for(model, examples)
    tested = given if test is None else examples_for(model, test, source)
    folder = Path(folder)
    _check_folder(folder, overwrite)
    say = say or (lambda words: None)
    last: ExportError | None = None
    for way, contents in _ways(model, format, given, say):
        operations = {part: _runs_on(kind, part).check(part, content) for part, content in contents.items()}
        say(f"comparing with the Keras model: {way}")
        builds = {part: Build(content) for part, content in contents.items()}
        proof = parity.measure(model, builds, tested)
        try:
            bar = _hold_to_bar(format, proof)
        except ExportError as error:
            last = error
            continue
        manifest = {
            **_description(model, kind, format, way),
            "files": {
                part: {
                    "bytes": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "operations": [op._asdict() for op in operations[part]],
                    "latency_ms": round(parity.latency(builds[part]), 4),
                }
                for part, content in contents.items()
            },
            "parity": {**proof, "examples": len(tested.data), "source": tested.source},
            "bar": bar,
        }
        _write(folder, contents, manifest)
        return manifest
    assert last is not None  # every format has at least one way
    raise last


def _ways(
    model: LatentVariableModel, format: str, examples: Examples, say: Say
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The ways to reach a format, as words and builds by part, from the fastest to the most exact."""
    say("converting to float32")
    exact = _float32(model)
    if format == "float32":
        yield "float32", exact
        return
    if format == "float16":
        yield "float16 weights", {**exact, **{part: quantize.float16(exact[part]) for part in _NETWORKS}}
        return
    inputs = _inputs(model, examples.first(_ROUNDED_ON))
    if format == "dynamic_range":
        yield from _dynamic_range(model, exact, inputs, say)
    else:
        yield from _int8(model, exact, inputs, say)


def _dynamic_range(
    model: LatentVariableModel, exact: dict[str, bytes], inputs: dict[str, Any], say: Say
) -> Iterator[tuple[str, dict[str, bytes]]]:
    rounded = _float32(model, _rounded(model, inputs, say))
    yield (
        "int8 weights, activations quantised as they come",
        {**exact, **{part: quantize.dynamic_range(rounded[part]) for part in _NETWORKS}},
    )
    # The layers next to the code are small, and the ELBO hangs on them most.
    code = {"encoder": _dense(model.encoder)[-1], "decoder": _dense(model.decoder)[0]}
    rounded = _float32(model, _rounded(model, inputs, say, leave=code))
    tensors = {
        "encoder": flatbuffer.outputs_of(rounded["encoder"], "FULLY_CONNECTED")[-1],
        "decoder": flatbuffer.outputs_of(rounded["decoder"], "FULLY_CONNECTED")[0],
    }
    for words, how in (("activations quantised as they come", False), ("float activations", True)):
        yield (
            f"int8 weights but for the layers next to the code, {words}",
            {
                **exact,
                **{
                    part: quantize.dynamic_range(rounded[part], in_float=tensors[part], float_activations=how)
                    for part in _NETWORKS
                },
            },
        )


def _int8(
    model: LatentVariableModel, exact: dict[str, bytes], inputs: dict[str, Any], say: Say
) -> Iterator[tuple[str, dict[str, bytes]]]:
    def prepared(networks: dict[str, keras.Model]) -> dict[str, bytes]:
        contents = _float32(model, networks)
        return {
            **exact,
            **{
                part: quantize.int8(contents[part], {k: v[:_RANGES_FROM] for k, v in inputs[part].items()})
                for part in _NETWORKS
            },
        }

    networks = _rounded(model, inputs, say)
    yield "int8 weights and activations", prepared(networks)
    # The decoder's first kernel meets codes of one size in all directions, so no rounding can make good its errors.
    first = _dense(model.decoder)[0]
    again = _rounded(model, inputs, say, leave={"decoder": first})["decoder"]
    networks["decoder"] = rounding.in_two_terms(again, first)
    for part, content in prepared(networks).items():
        if part in networks:
            some = {name: value[:_RANGES_FROM] for name, value in inputs[part].items()}
            off = (
                getattr(model, part).predict(rounding.fed(list(some.values())), verbose=0)
                - Build(content)(**some)["params"]
            )
            bias = networks[part].get_layer("output").bias
            bias.assign_add(off.mean(axis=0).reshape(bias.shape))
    yield (
        "int8 weights and activations, the decoder's first kernel in two terms, the last biases corrected",
        prepared(networks),
    )


def _rounded(
    model: LatentVariableModel, inputs: dict[str, Any], say: Say, leave: dict[str, str] | None = None
) -> dict[str, keras.Model]:
    """The encoder and the decoder with weights on the int8 grid, but for the layers in `leave`."""
    say("rounding weights to int8")
    return {
        part: rounding.round_network(getattr(model, part), list(inputs[part].values()), (leave or {}).get(part))
        for part in _NETWORKS
    }


def _runs_on(target: Target, part: str) -> Target:
    """What turns noise into latents is small and stays in float32: it runs on the processor beside the device."""
    return target if part in _NETWORKS else TARGETS["cpu"]


def _dense(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def _inputs(model: LatentVariableModel, examples: Examples) -> dict[str, dict[str, np.ndarray]]:
    """What the parts see of real examples: the encoder the data, the decoder codes drawn from q(z|x), by name."""
    condition = examples.condition(model)
    given = {} if condition is None else {"condition": condition}
    z = model.encode(examples.data, examples.labels).sample(seed=0).numpy()
    return {"encoder": {"data": examples.data, **given}, "decoder": {"latents": z, **given}}


def _float32(model: LatentVariableModel, networks: dict[str, keras.Model] | None = None) -> dict[str, bytes]:
    """Convert the parts, by a converter in a process of its own."""
    networks = networks or {}
    offered = endpoints.for_device(model, **networks)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        endpoints.write(offered, model, str(folder / "model"), list(networks.values()))
        done = subprocess.run(
            [sys.executable, convert.__file__, str(folder / "model"), str(folder), *offered],
            capture_output=True,
            text=True,
            check=False,
        )
        contents = {part: folder / f"{part}.tflite" for part in offered}
        if done.returncode or not all(path.is_file() for path in contents.values()):
            raise ExportError(_why_not(done.stdout + done.stderr))
        return {part: path.read_bytes() for part, path in contents.items()}


def _why_not(output: str) -> str:
    """What the converter's many lines say."""
    if found := sorted(set(re.findall(r"'(tf\.\w+)' op is neither", output))):
        return (
            f"LiteRT has no operation for {', '.join(found)}: build the model with other layers or another activation. (Exports "
            "do not fall back on full TensorFlow's operations, which no device has.)"
        )
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no word from the converter")
    return f"TensorFlow's converter failed: {last.strip()}"


def _hold_to_bar(format: str, proof: dict[str, Any]) -> dict[str, float]:
    """Return the bar that was met.

    Raises:
        ExportError: if it was not.
    """
    elbo = proof["elbo"]
    fall = -elbo["change"]
    allowed = _ELBO_BAR.get(format, abs(elbo["keras"]) * _ELBO_SHARE_BAR.get(format, 0.0))
    if not fall <= allowed:  # a NaN is no smaller than anything
        raise ExportError(
            f"In {format} the ELBO falls by {fall:.3f} nats, from {elbo['keras']:.3f} to {elbo['build']:.3f}: at most "
            f"{allowed:.3f} is let through. Calibrate on more examples like those the model was trained on, or take a more "
            "exact format."
        )
    bar = {"elbo_fall": round(allowed, 5)}
    if format in _ERROR_BAR:
        worst = max(outputs["mean"]["mean"] for outputs in proof["errors"].values())
        if not worst <= _ERROR_BAR[format]:
            raise ExportError(
                f"In {format} the mean absolute error is {worst:.2g}: at most {_ERROR_BAR[format]:.0e} is let through."
            )
        bar["mean_error"] = _ERROR_BAR[format]
    return bar


def _description(model: LatentVariableModel, target: Target, format: str, way: str) -> dict[str, Any]:
    support = model.likelihood.support
    return {
        "model": model.name,
        "class": type(model).__name__,
        "target": target.name,
        "format": format,
        "way": way,
        "data_shape": list(model.data_shape),
        "latent_size": model.latent_size,
        **({"num_classes": model.condition_size} if model.conditional else {}),
        **({"support": list(support)} if support else {}),
        "posterior": _named.snake_case(type(model.posterior).__name__),
        "prior": _named.snake_case(type(model.prior).__name__),
        "versions": {"keras_vae": __version__, "keras": keras.__version__, "tensorflow": tf.__version__},
    }


def _check_folder(folder: Path, overwrite: bool) -> None:
    if not folder.exists():
        return
    if not overwrite:
        raise FileExistsError(
            f"{folder} is there already: choose another folder, or pass overwrite=True to replace it."
        )
    ours = {MANIFEST, *(f"{part}.tflite" for part in _PARTS)}
    if strangers := sorted({path.name for path in folder.iterdir()} - ours):
        raise FileExistsError(
            f"{folder} holds {strangers[0]!r}, which is no file of a build: overwriting would delete it. Choose another folder."
        )


def _write(folder: Path, contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            for part, content in contents.items():
                (aside / f"{part}.tflite").write_bytes(content)
            _files.write_json(aside / MANIFEST, manifest)
            aside.chmod(0o755)
            _files.replace_folder(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise OSError(
            f"Could not write {folder} ({error}). What was there is unharmed: free some space, or choose another."
        ) from error
