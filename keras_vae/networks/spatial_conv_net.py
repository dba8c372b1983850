"""Convolutional networks whose code keeps the layout of the image."""

import math
from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _layers
from keras_vae._backend import keras
from keras_vae.networks.base import Architecture, OutputBias, Shape, functional, halved

# Channels of the vector's branches: what they cost is the dense layers beside them.
_VECTOR_FILTERS = 64
_SPREAD_FILTERS = 16


class SpatialConvNet(Architecture):
    """Convolutional networks between images and a code that is a feature map, optionally with a vector beside it.

    A map keeps the position of things, so reconstructions are sharp after few steps and with few images; a code that is a single
    vector must learn every position. A standard normal prior samples each place of the map independently, so a VAE needs
    `distributions.SpatialPrior`, which predicts the map from the vector.

    The order of the latents is: the vector, then the map row by row; `vector_size + h * w * code_channels` in all.

    The decoder uses nearest-neighbour upsampling with convolutions, and sub-pixels without overlap at the end. Neither produces the
    checkerboard artifacts of overlapping transposed convolutions (Odena et al., 2016).

    Args:
        filters: channels after each halving of the image; height and width must be divisible by 2^len(filters).
        code_channels: channels of the map.
        vector_size: size of the vector; 0 for none.
        residual_blocks: blocks of two 3x3 convolutions at the lowest resolution, in each network.
        dense_units: size of the dense layer before the vector.
        activation: name of a Keras activation.
    """

    def __init__(
        self,
        filters: Sequence[int] = (32, 64, 128),
        code_channels: int = 4,
        vector_size: int = 0,
        residual_blocks: int = 2,
        dense_units: int = 256,
        activation: str = "silu",
    ):
        self.filters = _checks.sizes("filters", filters, minimum_length=1)
        self.code_channels = _checks.positive_int("code_channels", code_channels)
        self.vector_size = _checks.positive_int("vector_size", vector_size, minimum=0)
        self.residual_blocks = _checks.positive_int("residual_blocks", residual_blocks, _checks.MAX_LAYERS, minimum=0)
        self.dense_units = _checks.positive_int("dense_units", dense_units)
        self.activation = _checks.activation_name(activation)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "filters": list(self.filters),
            "code_channels": self.code_channels,
            "vector_size": self.vector_size,
            "residual_blocks": self.residual_blocks,
            "dense_units": self.dense_units,
            "activation": self.activation,
        }

    def map_shape(self, data_shape: Shape) -> Shape:
        """`(h, w, code_channels)` of the map that is the code of an image `(H, W, C)`.

        Raises:
            ValueError: if the data are no images, or do not halve so many times.
        """
        return (*halved(data_shape, self.filters), self.code_channels)

    def latent_size(self, data_shape: Shape) -> int:
        """Number of latents of an image `(H, W, C)`, of the vector and the map together."""
        return self.vector_size + math.prod(self.map_shape(data_shape))

    def encoder(self, data_shape: Shape, output_size: int, condition_size: int = 0) -> keras.Model:
        """Make a network `(B,) + data_shape [, (B, condition_size)]` -> `(B, output_size)`.

        Raises:
            ValueError: if the outputs are not one or more for each latent.
        """
        latents = self.latent_size(data_shape)
        if output_size % latents:
            raise self._wrong_size(data_shape, output_size)
        data = keras.Input(data_shape, name="data")
        inputs, h = [data], data
        for i, filters in enumerate(self.filters):
            h = _layers.Conv2D(filters, 4, strides=2, padding="same", activation=self.activation, name=f"down_{i}")(h)
        if condition_size:
            condition = keras.Input((condition_size,), name="condition")
            inputs.append(condition)
            own = keras.layers.Dense(self.filters[-1], name="of_condition")(condition)
            own = keras.layers.Reshape((1, 1, self.filters[-1]), name="of_condition_map")(own)
            h = keras.layers.Add(name="with_condition")([h, own])
        h = self._residual(h)
        vector = self._whole(h, inputs[1:]) if self.vector_size else None
        outputs = []
        for i in range(output_size // latents):  # such as means, and scales
            if vector is not None:
                outputs.append(keras.layers.Dense(self.vector_size, name=f"vector_{i}")(vector))
            code = _layers.Conv2D(self.code_channels, 1, name=f"map_{i}")(h)
            outputs.append(_layers.Flatten(name=f"map_{i}_flat")(code))
        out = keras.layers.Concatenate(name="outputs")(outputs) if len(outputs) > 1 else outputs[0]
        return functional(inputs, OutputBias(dtype="float32", name="output")(out), "encoder")

    def decoder(self, latent_size: int, output_shape: Shape, condition_size: int = 0) -> keras.Model:
        """Make a network `(B, latent_size) [, (B, condition_size)]` -> `(B,) + output_shape`.

        Raises:
            ValueError: if the latents are not those of the vector and the map.
        """
        if latent_size != self.latent_size(output_shape):
            raise self._wrong_size(output_shape, latent_size)
        shape, channels = self.map_shape(output_shape), output_shape[-1]
        latents = keras.Input((latent_size,), name="latents")
        inputs, of_whole = [latents], [latents[:, : self.vector_size]] if self.vector_size else []
        if condition_size:
            condition = keras.Input((condition_size,), name="condition")
            inputs.append(condition)
            of_whole.append(condition)
        h = keras.layers.Reshape(shape, name="as_map")(latents[:, self.vector_size :])
        h = _layers.Conv2D(self.filters[-1], 3, padding="same", name="from_map")(h)
        if of_whole:
            own = keras.layers.Concatenate(name="whole")(of_whole) if len(of_whole) > 1 else of_whole[0]
            spread = (*shape[:2], _SPREAD_FILTERS)
            own = keras.layers.Dense(math.prod(spread), self.activation, name="spread")(own)
            own = keras.layers.Reshape(spread, name="spread_map")(own)
            own = _layers.Conv2D(self.filters[-1], 3, padding="same", name="from_whole")(own)
            h = keras.layers.Add(name="with_whole")([h, own])
        h = self._residual(h)
        for i, filters in enumerate(reversed(self.filters[:-1])):
            h = _layers.NearestUpsampling(name=f"up_{i}_twice")(h)
            h = _layers.Conv2D(filters, 3, padding="same", activation=self.activation, name=f"up_{i}")(h)
        # A pixel shuffle (Shi et al., 2016) as a transposed convolution without overlap: GPUs and Edge TPUs support that one alone.
        h = _layers.Conv2D(4 * channels, 3, padding="same", dtype="float32", name="subpixels")(h)
        h = _layers.Conv2DTranspose(channels, 2, strides=2, use_bias=False, dtype="float32", name="pixels")(h)
        out = OutputBias(dtype="float32", name="output")(h)
        return functional(inputs, out, "decoder")

    def _whole(self, h: Any, condition: list[Any]) -> Any:
        """What a feature map says of the whole image, `(B, dense_units)`."""
        own = _layers.Conv2D(
            _VECTOR_FILTERS, 4, strides=2, padding="same", activation=self.activation, name="of_whole"
        )(h)
        own = _layers.Flatten(name="of_whole_flat")(own)
        if condition:
            own = keras.layers.Concatenate(name="of_whole_with_condition")([own, *condition])
        return keras.layers.Dense(self.dense_units, self.activation, name="hidden")(own)

    def _residual(self, h: Any) -> Any:
        return _layers.residual_blocks(h, self.residual_blocks, self.activation)

    def _wrong_size(self, data_shape: Shape, size: int) -> ValueError:
        right, shape = self.latent_size(data_shape), self.map_shape(data_shape)
        return ValueError(
            f"latent_size={size}: must be {right}, since the code of images {tuple(data_shape)} is a vector of {self.vector_size} "
            f"and a map of {shape[0]} x {shape[1]} x {shape[2]}."
        )
