"""Where a build can go, and what it may hold there."""

import dataclasses

from keras_vae.export.errors import ExportError
from keras_vae.export.flatbuffer import dynamic_tensors, operations
from keras_vae.lite.manifest import Operation

# Operations that LiteRT's GPU delegate takes and the newest version of each. tests/export/test_gpu.py has the delegate itself
# compile and run every shipped build.
_GPU = {
    "ABS": 1, "ADD": 2, "AVERAGE_POOL_2D": 2, "CONCATENATION": 2, "CONV_2D": 5, "DEPTHWISE_CONV_2D": 6, "DEQUANTIZE": 3,
    "DIV": 2, "ELU": 1, "EXP": 2, "FULLY_CONNECTED": 9, "GREATER": 1, "HARD_SWISH": 1, "LEAKY_RELU": 2, "LESS_EQUAL": 1, "LOG": 2,
    "LOGICAL_AND": 1, "LOGISTIC": 3,
    "MAX_POOL_2D": 2, "MAXIMUM": 2, "MEAN": 2, "MINIMUM": 2, "MUL": 3, "NEG": 1, "PAD": 2, "PRELU": 1, "RELU": 2, "RELU6": 2,
    "RESHAPE": 1, "RESIZE_BILINEAR": 3, "RESIZE_NEAREST_NEIGHBOR": 3, "SELECT": 1, "SELECT_V2": 1,
    "SLICE": 2, "SOFTMAX": 2, "SPLIT": 2, "SQRT": 1,
    "SQUARE": 1, "STRIDED_SLICE": 2, "SUB": 2, "TANH": 3, "TRANSPOSE": 2, "TRANSPOSE_CONV": 3,
}  # fmt: skip

# Operations on the Edge TPU's published list. Its compiler cannot be had here, so this is the list and no more.
_EDGE = {
    "ADD": 9, "AVERAGE_POOL_2D": 9, "CONCATENATION": 9, "CONV_2D": 9, "DEPTHWISE_CONV_2D": 9, "EXPAND_DIMS": 9,
    "FULLY_CONNECTED": 12, "L2_NORMALIZATION": 9, "LOGISTIC": 9, "MAXIMUM": 9, "MAX_POOL_2D": 9, "MEAN": 9, "MINIMUM": 9, "MUL": 9,
    "PACK": 9, "PAD": 9, "PRELU": 9, "QUANTIZE": 9, "REDUCE_MAX": 9, "REDUCE_MIN": 9, "RELU": 9, "RELU6": 9,
    "RESHAPE": 9, "RESIZE_BILINEAR": 9, "RESIZE_NEAREST_NEIGHBOR": 9, "RSQRT": 9, "SLICE": 9, "SOFTMAX": 9,
    "SPACE_TO_DEPTH": 9, "SPLIT": 9, "SQUEEZE": 9, "STRIDED_SLICE": 9, "SUB": 9, "SUM": 9, "TANH": 9, "TRANSPOSE": 9,
    "TRANSPOSE_CONV": 9,
}  # fmt: skip

_REMEDIES = {
    "TRANSPOSE_CONV": "a transposed convolution fused with ReLU is newer than any delegate: train with activation='silu', 'elu' or "
    "'tanh', or export for the target 'cpu'",
    "WHILE": "it is a loop, such as that of a recurrent layer (the mean of a discretised logistic is a sum over its levels, and a "
    "loop too): export for the target 'cpu', or train with other layers or another likelihood, such as 'gaussian'",
}

_OTHER_LAYERS = "build the model with other layers or another activation"

NETWORKS = ("encoder", "decoder")
"""The parts that go to the device. What turns noise into latents is small and stays in float32, on the processor beside it."""


@dataclasses.dataclass(frozen=True)
class Target:
    """A kind of device: the formats of numbers that it takes, the default first, and the operations."""

    name: str
    formats: tuple[str, ...]
    operations: dict[str, int] | None = None
    """Newest version by name, or None where all of LiteRT's own are taken."""
    loose_shapes: bool = False
    """Whether tensors within a build, such as those of a recurrent layer's loop, may get their shape while it runs. Inputs and
    outputs never may."""

    def check(self, part: str, content: bytes) -> list[Operation]:
        """Return the operations of a build.

        Raises:
            ExportError: if one is not LiteRT's own, the target does not take it, or a shape is not fixed.
        """
        taken = self.operations if part in NETWORKS else None
        found = operations(content)
        if flex := [op for op in found if op.name.startswith("Flex")]:
            raise ExportError(
                f"The {part} holds {_words(flex)}, which only full TensorFlow runs. Remedy: {_OTHER_LAYERS}."
            )
        if refused := [op for op in found if taken is not None and op.version > taken.get(op.name, 0)]:
            raise ExportError(
                f"The {part} holds {_words(refused)}: the target {self.name!r} does not take it, or not this version. "
                f"Remedy: {_remedy(refused)}."
            )
        if loose := dynamic_tensors(content, within=not self.loose_shapes):
            remedy = _OTHER_LAYERS if self.loose_shapes else _remedy([])
            raise ExportError(
                f"The {part} has a tensor without a fixed shape, {loose[0]}: the target {self.name!r} does not take it. "
                f"Remedy: {remedy}."
            )
        return found


def _words(found: list[Operation]) -> str:
    return ", ".join(f"{op.name} version {op.version}" for op in found)


def _remedy(found: list[Operation]) -> str:
    """What helps where the target 'cpu', which takes all that LiteRT runs, would do."""
    known = [_REMEDIES[op.name] for op in found if op.name in _REMEDIES]
    return known[0] if known else f"{_OTHER_LAYERS}, or export for the target 'cpu'"


TARGETS = {
    target.name: target
    for target in (
        Target("cpu", ("dynamic_range", "float32"), loose_shapes=True),
        Target("gpu", ("float16",), _GPU),
        Target("edge", ("int8",), _EDGE),
        Target("web", ("float16",)),
    )
}
"""The targets by name."""
