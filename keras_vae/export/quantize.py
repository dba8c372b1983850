"""Float32 builds -> float16, int8 weights, int8 throughout, by Google's AI Edge Quantizer."""

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.export import flatbuffer
from keras_vae.export.errors import ExportError

# Beyond these inputs a saturating operation says nothing that eight bits could hold, and a wider range would only make the steps
# coarser: tanh(4) is 0.9993; a Bernoulli of logit 10 is 0.99995.
_TANH_RANGE = 4.0
_LOGISTIC_RANGE = 10.0

# Lower ends that are tried for the input of a SiLU, which tends to zero below: SiLU(-8) is -0.003, SiLU(-3) is -0.14.
_SILU_FLOORS = (-8.0, -7.0, -6.0, -5.0, -4.5, -4.0, -3.5, -3.0)

# Values that a range is chosen on, drawn from all that were seen.
_LOOKED_AT = 200_000

_WITH_WEIGHTS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D_TRANSPOSE")


def float16(content: bytes) -> bytes:
    """Keep the weights as float16; a CPU computes in float32, a GPU as it likes."""
    quantizer = _quantizer(content)
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    for name in _WITH_WEIGHTS:
        quantizer.add_weight_only_config(".*", name, 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
    return _quantized(quantizer)


def dynamic_range(content: bytes, *, in_float: str | None = None, float_activations: bool = False) -> bytes:
    """Keep the weights as int8 with a scale a channel.

    Args:
        content: a float32 build.
        in_float: name of a tensor; the operation that puts it out stays float32.
        float_activations: compute in float32 from the int8 weights; otherwise activations are quantised as they come.
    """
    quantizer = _quantizer(content)
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.qtyping import TFLOperationName

    for name in _WITH_WEIGHTS:
        if float_activations:
            quantizer.add_weight_only_config(".*", name, 8)
        else:
            quantizer.add_dynamic_config(".*", name, 8)
    if in_float is not None:
        quantizer.update_quantization_recipe(
            regex=re.escape(in_float),
            operation_name=TFLOperationName.ALL_SUPPORTED,
            algorithm_key=AlgorithmName.NO_QUANTIZE,
        )
    return _quantized(quantizer)


def int8(content: bytes, examples: dict[str, np.ndarray]) -> bytes:
    """Compute in int8 throughout, inputs and outputs included.

    Args:
        content: a float32 build of a batch of one.
        examples: inputs by name, from which the ranges of all tensors are taken.
    """
    quantizer = _quantizer(content)
    from ai_edge_quantizer.qtyping import TFLOperationName

    quantizer.add_static_config(".*", TFLOperationName.ALL_SUPPORTED, 8, 8)
    return _quantized(quantizer, _ranges(content, examples))


def _ranges(content: bytes, examples: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """The range of each tensor of activations, as the quantizer wants it.

    Of the ranges from 0 to the largest value seen, the one that gives the least squared error: rare large values are worth
    more than most of the steps they would cost, but not all of them. (The quantizer's own calibration is a moving average, which
    forgets them, and cost the codes of MNIST models eight nats.) Before an activation, the error is that of its output.
    """
    values = _values(content, examples)
    ranges = {name: (min(float(seen.min()), 0.0), max(float(seen.max()), 0.0)) for name, seen in values.items()}
    multiplied = flatbuffer.all_inputs_of(content, "MUL")
    for name in flatbuffer.outputs_of(content, "MUL"):
        ranges[name] = _least_error(values[name], lambda x: x)
    for name in flatbuffer.inputs_of(content, "TANH"):
        ranges[name] = _least_error(np.clip(values[name], -_TANH_RANGE, _TANH_RANGE), lambda x: x)
    for name in flatbuffer.inputs_of(content, "LOGISTIC"):
        if name in multiplied:
            ranges[name] = _least_error(values[name], lambda x: 0.5 * x * (1.0 + np.tanh(0.5 * x)), _SILU_FLOORS)
        else:
            ranges[name] = _least_error(np.clip(values[name], -_LOGISTIC_RANGE, _LOGISTIC_RANGE), lambda x: x)
    return {
        name: {"min": np.array([[low]], "float32"), "max": np.array([[high]], "float32"), "num_samples": 1}
        for name, (low, high) in ranges.items()
    }


def _least_error(
    seen: np.ndarray, activation: Callable[[np.ndarray], np.ndarray], floors: tuple[float, ...] = ()
) -> tuple[float, float]:
    """The range of int8 steps through zero under which `activation` of what was seen changes least."""
    low, high = min(float(seen.min()), 0.0), max(float(seen.max()), 0.0)
    lows = [low, *(floor for floor in floors if floor > low)]
    seen = np.random.default_rng(0).choice(seen, _LOOKED_AT) if len(seen) > _LOOKED_AT else seen
    wanted = activation(seen)
    best, least = (low, high), np.inf
    for low in lows:
        for share in np.linspace(1.0, 0.2, 41):
            top = high * share
            step = max(top - low, 1e-9) / 255
            off = activation(np.clip(np.round(seen / step) * step, low, top)) - wanted
            error = float(np.square(off).mean())
            if error < least:
                best, least = (low, top), error
    return best


def _values(content: bytes, examples: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What each tensor of activations holds, over examples."""
    from ai_edge_litert.interpreter import Interpreter

    with _silently():
        interpreter = Interpreter(model_content=content, num_threads=1, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner(next(iter(interpreter.get_signature_list())))
    names = flatbuffer.activations(content)
    found: dict[str, list[np.ndarray]] = {name: [] for name in names.values()}
    for row in range(len(next(iter(examples.values())))):
        run(**{name: value[row : row + 1] for name, value in examples.items()})
        for index, name in names.items():
            found[name].append(interpreter.get_tensor(index).reshape(-1).copy())
    return {name: np.concatenate(rows) for name, rows in found.items()}


def _quantizer(content: bytes) -> Any:
    with _checks.extra("export", "Exporting for devices"):
        from ai_edge_quantizer import quantizer

    return quantizer.Quantizer(bytearray(content))


def _quantized(quantizer: Any, ranges: dict[str, Any] | None = None) -> bytes:
    try:
        with _silently():
            return bytes(quantizer.quantize(ranges, enable_progress_report=False).quantized_model)
    except (ValueError, RuntimeError, KeyError, AttributeError) as error:
        raise ExportError(
            f"The quantizer cannot take this model: {error}. Take the format float32 or float16."
        ) from error


@contextlib.contextmanager
def _silently() -> Iterator[None]:
    """Without the quantizer's own progress bars and warnings, which say nothing to whoever called for an export."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
