"""One `.tflite` file, run by LiteRT."""

import threading
from typing import Any

import numpy as np

from keras_vae import _checks

MAX_THREADS = 1024
"""Of one build."""


class Build:
    """A `.tflite` file of one signature, called with arrays by name.

    Inputs and outputs are float32 whatever the file holds: int8 ones are quantised and restored here, by the scales that
    the file states. (Inputs that are whole numbers in themselves, such as codes, are given as such.) A build has a fixed batch, so
    a larger batch is run piece by piece. Any number of threads may call one build: they take turns, since an interpreter has one
    set of tensors. (An interpreter for each thread gains nothing: LiteRT holds Python's global lock while it runs.)

    >>> build = Build(Path("decoder.tflite").read_bytes())
    >>> build(latents=np.zeros((3, 40), "float32"))["mean"].shape
    (3, 28, 28, 1)

    Args:
        content: the bytes of the file.
        num_threads: of LiteRT's kernels.

    Raises:
        ImportError: if ai-edge-litert is not installed.
        ValueError: if the bytes are no model that LiteRT can run, or it has not exactly one signature.
    """

    def __init__(self, content: bytes, num_threads: int = 1):
        if not isinstance(content, bytes):
            raise ValueError(f"content is a {type(content).__name__}: give the bytes of a .tflite file.")
        interpreter = _interpreter(content, _checks.positive_int("num_threads", num_threads, maximum=MAX_THREADS))
        signatures = list(interpreter.get_signature_list())
        if len(signatures) != 1:
            raise ValueError(f"The build has {len(signatures)} signatures: it must have exactly one.")
        self._run = interpreter.get_signature_runner(signatures[0])
        self._lock = threading.Lock()
        self.inputs: dict[str, Any] = self._run.get_input_details()
        self.outputs: dict[str, Any] = self._run.get_output_details()
        batches = {int(detail["shape"][0]) if len(detail["shape"]) else 0 for detail in self.inputs.values()}
        if len(batches) != 1 or min(batches) < 1 or not self.outputs:
            raise ValueError(
                "The build has no inputs of one batch, or no outputs: it was not written by export.tflite."
            )
        self.batch_size = batches.pop()

    def __call__(self, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Run the build on a batch; returns float32 outputs by name.

        Raises:
            ValueError: if an input is missing, unknown, of another shape or not finite.
        """
        size = self._check(arrays)
        quantised = {name: _quantised(np.asarray(value), self.inputs[name]) for name, value in arrays.items()}
        outputs: dict[str, np.ndarray] = {
            name: np.empty((size, *detail["shape"][1:]), "float32") for name, detail in self.outputs.items()
        }
        step = self.batch_size
        for start in range(0, size, step):
            piece = {name: _filled(value[start : start + step], step) for name, value in quantised.items()}
            with self._lock:
                for name, value in self._invoked(piece).items():
                    # What the runner returns may be overwritten by its next call: this copies.
                    outputs[name][start : start + step] = _restored(value, self.outputs[name])[: size - start]
        return outputs

    def _invoked(self, piece: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            found: dict[str, np.ndarray] = self._run(**piece)
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"LiteRT cannot run this build: {error}") from error
        for name, value in found.items():
            if value.shape != tuple(self.outputs[name]["shape"]) or value.shape[:1] != (self.batch_size,):
                raise ValueError(f"{name} of this build has no fixed shape: it was not written by export.tflite.")
        return found

    def _check(self, arrays: dict[str, np.ndarray]) -> int:
        if set(arrays) != set(self.inputs):
            raise ValueError(
                f"The build takes {', '.join(sorted(self.inputs))}; given: {', '.join(sorted(arrays)) or 'none'}."
            )
        sizes = set()
        for name, value in arrays.items():
            shape, value = tuple(int(n) for n in self.inputs[name]["shape"][1:]), np.asarray(value)
            if value.shape[1:] != shape or value.ndim != len(shape) + 1:
                raise ValueError(f"{name} has shape {value.shape}: this build takes {('batch', *shape)}.")
            whole = takes_whole_numbers(self.inputs[name])
            if not np.issubdtype(value.dtype, np.integer if whole else np.floating):
                takes = "whole numbers" if whole else "floats (they are quantised for you)"
                raise ValueError(f"{name} has dtype {value.dtype}: this build takes {takes}.")
            with np.errstate(over="ignore"):
                given = value.astype(self.inputs[name]["dtype"] if whole else "float32")
            if not np.isfinite(given).all():
                raise ValueError(f"{name} holds a value that is not finite in float32: remove it.")
            if whole and not np.array_equal(given, value):
                raise ValueError(f"{name} holds a number that does not fit into {given.dtype}: remove it.")
            sizes.add(len(value))
        if len(sizes) != 1:
            raise ValueError(
                f"The inputs have batches of {', '.join(map(str, sorted(sizes)))}: they must have one size."
            )
        return sizes.pop()


def takes_whole_numbers(detail: dict[str, Any]) -> bool:
    """Whether an input is of whole numbers that mean themselves, and not of quantised ones."""
    return bool(np.issubdtype(detail["dtype"], np.integer)) and not detail["quantization"][0]


def _interpreter(content: bytes, num_threads: int) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ImportError("Running a build needs LiteRT: pip install ai-edge-litert") from error
    try:
        interpreter = Interpreter(model_content=content, num_threads=num_threads)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"LiteRT cannot run this build: {error}") from error
    return interpreter


def _filled(piece: np.ndarray, size: int) -> np.ndarray:
    """Fill a last, shorter piece up to the batch that the build was made for."""
    return piece if len(piece) == size else np.concatenate([piece, np.repeat(piece[-1:], size - len(piece), axis=0)])


def _quantised(value: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    if np.issubdtype(detail["dtype"], np.floating) or takes_whole_numbers(detail):
        return value.astype(detail["dtype"])
    scale, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(value / scale + zero), limits.min, limits.max).astype(detail["dtype"])


def _restored(value: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    if np.issubdtype(detail["dtype"], np.floating) or takes_whole_numbers(detail):
        return value
    scale, zero = detail["quantization"]
    return ((value.astype("int32") - zero) * scale).astype("float32")
