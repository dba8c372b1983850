"""Residual convolutional networks whose codes are maps, at one resolution or several."""

import math
from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _layers
from keras_vae._backend import keras, serializable, tf
from keras_vae._written import Written
from keras_vae.networks.base import OutputBias, Shape

_MAX_FACTOR = 64


@serializable
class DepthToSpace(keras.layers.Layer):
    """Twice as high and as wide, a quarter of the channels: `(B, H, W, 4 C)` -> `(B, 2 H, 2 W, C)` (Shi et al., 2016).

    Behind a 3 x 3 convolution it does what a transposed convolution does, in less time on a processor.
    """

    def call(self, inputs: Any) -> Any:
        """Rearrange."""
        return tf.nn.depth_to_space(inputs, 2)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape that `call` gives."""
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels // 4)


class ResidualNet(Written):
    """Networks between pictures and maps of features, as in van den Oord et al. (2017), section 4.1, and Razavi et al. (2019).

    Each halving is a strided convolution, each doubling a convolution and `DepthToSpace`; at every resolution that has codes there
    are residual blocks (ReLU, 3 x 3, ReLU, 1 x 1).

    Args:
        filters: channels.
        residual_filters: channels inside a residual block.
        residual_blocks: blocks at each resolution.
    """

    def __init__(self, filters: int = 128, residual_filters: int = 32, residual_blocks: int = 2):
        self.filters = _checks.positive_int("filters", filters, minimum=2)
        self.residual_filters = _checks.positive_int("residual_filters", residual_filters)
        self.residual_blocks = _checks.positive_int("residual_blocks", residual_blocks, _checks.MAX_LAYERS, minimum=0)

    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain data."""
        own = ("filters", "residual_filters", "residual_blocks")
        return {name: getattr(self, name) for name in own}

    def encoder(self, data_shape: Shape, factors: Sequence[int]) -> keras.Model:
        """Make a network from data `(B, H, W, C)` to a map of features for each level, the one nearest to the data first.

        Args:
            data_shape: `(H, W, C)`.
            factors: how many times smaller than the one before each map is, powers of 2.
        """
        data = keras.Input(data_shape, name="data")
        h, maps = data, []
        for level, factor in enumerate(factors):
            for i in range(int(math.log2(factor))):
                # The first convolution sees few channels at the highest resolution: half the filters do.
                filters = self.filters // 2 if level == i == 0 and factor > 2 else self.filters
                h = _layers.Conv2D(filters, 4, strides=2, padding="same", activation="relu", name=f"down_{level}_{i}")(
                    h
                )
            h = self._residual(_layers.Conv2D(self.filters, 3, padding="same", name=f"conv_{level}")(h), f"{level}")
            maps.append(h)
        return keras.Model(data, maps, name="encoder")

    def upward(self, shape: Shape, factor: int, name: str) -> keras.Model:
        """Make a network from a map `shape` to one `factor` times as high and as wide, with `filters` channels."""
        codes = keras.Input(shape, name="codes")
        h = self._residual(_layers.Conv2D(self.filters, 3, padding="same", name=f"{name}_conv")(codes), name)
        return keras.Model(codes, self._grown(h, factor, self.filters, name), name=name)

    def decoder(self, shapes: Sequence[Shape], factors: Sequence[int], output_shape: Shape) -> keras.Model:
        """Make a network from a map of codes for each level to parameters `(B,) + output_shape`.

        Args:
            shapes: of the maps, the one nearest to the data first.
            factors: as in `encoder`.
            output_shape: of the parameters of one example.
        """
        maps = [keras.Input(shape, name=f"codes_{level}") for level, shape in enumerate(shapes)]
        own = maps[0]
        if len(maps) > 1:
            grown = []
            for level in range(1, len(maps)):
                factor = math.prod(factors[1 : level + 1])
                grown.append(self._grown(maps[level], factor, self.filters, f"from_{level}"))
            own = keras.layers.Concatenate(name="all_codes")([own, *grown])
        h = self._residual(_layers.Conv2D(self.filters, 3, padding="same", name="conv")(own), "0")
        channels = output_shape[-1]
        if factors[0] > 2:
            h = self._grown(h, factors[0] // 2, self.filters // 2, "up")
            h = keras.layers.Activation("relu", name="up_relu")(h)
        h = _layers.Conv2D(4 * channels, 3, padding="same", use_bias=False, dtype="float32", name="pixels")(h)
        out = OutputBias(dtype="float32", name="output")(DepthToSpace(dtype="float32", name="to_pixels")(h))
        return keras.Model(maps if len(maps) > 1 else maps[0], out, name="decoder")

    def _grown(self, h: Any, factor: int, filters: int, name: str) -> Any:
        for i in range(int(math.log2(factor))):
            if i:
                h = keras.layers.Activation("relu", name=f"{name}_relu_{i}")(h)
            h = _layers.Conv2D(4 * filters, 3, padding="same", name=f"{name}_{i}")(h)
            h = DepthToSpace(name=f"{name}_shuffle_{i}")(h)
        return h

    def _residual(self, h: Any, name: str) -> Any:
        for i in range(self.residual_blocks):
            inner = keras.layers.Activation("relu", name=f"residual_{name}_{i}_relu")(h)
            inner = _layers.Conv2D(
                self.residual_filters, 3, padding="same", activation="relu", name=f"residual_{name}_{i}_a"
            )(inner)
            h = keras.layers.Add(name=f"residual_{name}_{i}_sum")(
                [h, _layers.Conv2D(self.filters, 1, name=f"residual_{name}_{i}_b")(inner)]
            )
        return keras.layers.Activation("relu", name=f"residual_{name}_relu")(h)


def grids(data_shape: Shape, factors: Sequence[int]) -> list[Shape]:
    """Height and width of each level's map, the one nearest to the data first.

    Raises:
        ValueError: if the data are no pictures, a factor is no power of 2, or it does not divide height and width.
    """
    if len(data_shape) != 3:
        raise ValueError(f"data_shape={data_shape}: maps are of pictures, so give (height, width, channels).")
    height, width = data_shape[:2]
    found: list[Shape] = []
    for i, factor in enumerate(_checks.sizes("downsampling", factors, 1, "a list of powers of 2, such as [4]")):
        if factor < 2 or factor > _MAX_FACTOR or factor & (factor - 1):
            raise ValueError(f"downsampling[{i}]={factor}: must be a power of 2 from 2 to {_MAX_FACTOR}.")
        if height % factor or width % factor:
            raise ValueError(f"downsampling[{i}]={factor}: does not divide a map of {height} x {width}.")
        height, width = height // factor, width // factor
        found.append((height, width))
    return found
