"""Convolutional networks."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _layers
from keras_vae._backend import keras
from keras_vae.networks.base import Architecture, OutputBias, Shape, functional, halved, with_condition


class ConvNet(Architecture):
    """Strided convolutions down, transposed convolutions up, residual blocks where the picture is smallest.

    Most multiplications of a small network are best spent at the lowest resolution, where they are cheapest. Every
    operation of the decoder has a form that the TFLite GPU delegate takes (a transposed convolution fused with ReLU
    has none, so choose another activation for models that go there).

    Args:
        filters: channels after each halving of the picture; height and width must be divisible by 2^len(filters).
        residual_blocks: blocks of two 3x3 convolutions at the lowest resolution, in each network.
        dense_units: sizes of the dense layers between the feature map and the code.
        kernel_size: size of the strided kernels.
        activation: name of a Keras activation.
        upsampling: how the decoder doubles a feature map. `"transposed"` convolutions have overlaps that show as a checkerboard
            until they are trained well; `"nearest"` repeats each pixel and convolves, which costs more and shows none
            (Odena et al., 2016).
    """

    def __init__(
        self,
        filters: Sequence[int] = (32, 64),
        residual_blocks: int = 1,
        dense_units: Sequence[int] = (256,),
        kernel_size: int = 4,
        activation: str = "silu",
        upsampling: str = "transposed",
    ):
        self.filters = _checks.sizes("filters", filters, minimum_length=1)
        self.residual_blocks = _checks.positive_int("residual_blocks", residual_blocks, _checks.MAX_LAYERS, minimum=0)
        self.dense_units = _checks.sizes("dense_units", dense_units)
        self.kernel_size = _checks.positive_int("kernel_size", kernel_size, maximum=31)
        self.activation = _checks.activation_name(activation)
        self.upsampling = _checks.one_of("upsampling", upsampling, ("transposed", "nearest"))

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "filters": list(self.filters),
            "residual_blocks": self.residual_blocks,
            "dense_units": list(self.dense_units),
            "kernel_size": self.kernel_size,
            "activation": self.activation,
            # Configurations from before there was a choice say nothing.
            **({"upsampling": self.upsampling} if self.upsampling != "transposed" else {}),
        }

    def encoder(self, data_shape: Shape, output_size: int, condition_size: int = 0) -> keras.Model:
        """Make a network `(B,) + data_shape [, (B, condition_size)]` -> `(B, output_size)`."""
        self._check_size("encoder", self._lowest_resolution(data_shape), output_size + condition_size, data_shape[-1])
        data = keras.Input(data_shape, name="data")
        h = data
        for i, filters in enumerate(self.filters):
            h = _layers.Conv2D(
                filters, self.kernel_size, strides=2, padding="same", activation=self.activation, name=f"down_{i}"
            )(h)
        h = self._residual(h)
        h, condition = with_condition(_layers.Flatten(name="flatten")(h), condition_size)
        for i, units in enumerate(self.dense_units):
            h = keras.layers.Dense(units, self.activation, name=f"hidden_{i}")(h)
        out = keras.layers.Dense(output_size, dtype="float32", name="output")(h)
        return functional([data, *condition], out, "encoder")

    def decoder(self, latent_size: int, output_shape: Shape, condition_size: int = 0) -> keras.Model:
        """Make a network `(B, latent_size) [, (B, condition_size)]` -> `(B,) + output_shape`."""
        lowest = self._lowest_resolution(output_shape)
        self._check_size("decoder", lowest, latent_size + condition_size, output_shape[-1])
        latents = keras.Input((latent_size,), name="latents")
        h, condition = with_condition(latents, condition_size)
        for i, units in enumerate(reversed(self.dense_units)):
            h = keras.layers.Dense(units, self.activation, name=f"hidden_{i}")(h)
        h = keras.layers.Dense(math.prod(lowest), self.activation, name="to_map")(h)
        h = self._residual(keras.layers.Reshape(lowest, name="as_map")(h))
        for i, filters in enumerate(reversed(self.filters[:-1])):
            h = self._up(h, filters, name=f"up_{i}", activation=self.activation)
        h = self._up(h, output_shape[-1], name="pixels", use_bias=False, dtype="float32")
        out = OutputBias(dtype="float32", name="output")(h)
        return functional([latents, *condition], out, "decoder")

    def _up(self, h: Any, filters: int, **settings: Any) -> Any:
        """A feature map of twice the height and width, with so many channels."""
        if self.upsampling == "transposed":
            return _layers.Conv2DTranspose(filters, self.kernel_size, strides=2, padding="same", **settings)(h)
        h = _layers.NearestUpsampling(name=f"{settings['name']}_twice")(h)
        return _layers.Conv2D(filters, 3, padding="same", **settings)(h)

    def _residual(self, h: Any) -> Any:
        channels = self.filters[-1]
        for i in range(self.residual_blocks):
            r = _layers.Conv2D(channels, 3, padding="same", activation=self.activation, name=f"block_{i}_a")(h)
            r = _layers.Conv2D(channels, 3, padding="same", name=f"block_{i}_b")(r)
            h = keras.layers.Activation(self.activation, name=f"block_{i}")(
                keras.layers.Add(name=f"block_{i}_sum")([h, r])
            )
        return h

    def _check_size(self, name: str, lowest: Shape, code_size: int, channels: int) -> None:
        dense = [math.prod(lowest), *self.dense_units, code_size]
        convolutions = self.kernel_size**2 * sum(a * b for a, b in itertools.pairwise([channels, *self.filters]))
        blocks = 2 * self.residual_blocks * 9 * self.filters[-1] ** 2
        _checks.parameter_count(name, sum(a * b for a, b in itertools.pairwise(dense)) + convolutions + blocks)

    def _lowest_resolution(self, shape: Shape) -> Shape:
        return (*halved(shape, self.filters), self.filters[-1])
