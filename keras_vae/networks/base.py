"""What every pair of networks has in common."""

import abc
from collections.abc import Sequence
from typing import Any

from keras_vae._backend import keras, serializable
from keras_vae._written import Written

Shape = tuple[int, ...]


class Architecture(Written, abc.ABC):
    """A recipe for an encoder and the decoder that mirrors it, as functional Keras models.

    Inputs of a conditional network are `[data or latents, condition]`, of the others the one tensor alone. The last
    layer of each network is called `output` and has a `bias` of one value an output: the decoder's takes a first guess at the
    data's mean, and an export corrects both.
    """

    @abc.abstractmethod
    def encoder(self, data_shape: Shape, output_size: int, condition_size: int = 0) -> keras.Model:
        """Make a network `(B,) + data_shape [, (B, condition_size)]` -> `(B, output_size)`."""

    @abc.abstractmethod
    def decoder(self, latent_size: int, output_shape: Shape, condition_size: int = 0) -> keras.Model:
        """Make a network `(B, latent_size) [, (B, condition_size)]` -> `(B,) + output_shape`."""

    def pair(
        self, data_shape: Shape, encoder_outputs: int, latent_size: int, output_shape: Shape, condition_size: int = 0
    ) -> tuple[keras.Model, keras.Model]:
        """Make an encoder of so many outputs and the decoder that belongs to it: see `encoder` and `decoder`."""
        return (
            self.encoder(data_shape, encoder_outputs, condition_size),
            self.decoder(latent_size, output_shape, condition_size),
        )

    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain data."""

    def get_config(self) -> dict[str, Any]:
        """The configuration from which `from_config` makes the same architecture."""
        return self.settings()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Architecture":
        """Make the architecture that `get_config` described."""
        return cls(**config)


@serializable
class OutputBias(keras.layers.Layer):
    """Adds one trainable value to every element: `(B,) + shape` -> `(B,) + shape`.

    A convolution has one bias a channel. Where every pixel has its own, the decoder starts from the data's mean picture
    and learns what differs from it.
    """

    def build(self, input_shape: Shape) -> None:
        """Create the bias."""
        self.bias = self.add_weight(shape=input_shape[1:], initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Add the bias."""
        return inputs + self.bias


def with_condition(features: Any, condition_size: int) -> tuple[Any, list[Any]]:
    """Put a condition beside `features`, `(B, F)`; returns the result and the inputs this added to the network."""
    if not condition_size:
        return features, []
    condition = keras.Input((condition_size,), name="condition")
    return keras.layers.Concatenate(name="with_condition")([features, condition]), [condition]


def halved(shape: Shape, filters: Sequence[int]) -> tuple[int, int]:
    """Height and width of images `(H, W, C)` after a halving for each of the filters.

    Raises:
        ValueError: if the shape is none of an image, or does not halve so many times.
    """
    factor = 2 ** len(filters)
    if len(shape) != 3 or shape[0] % factor or shape[1] % factor:
        raise ValueError(
            f"data_shape={tuple(shape)}: {len(filters)} halvings (filters={list(filters)}) need a shape "
            f"(height, width, channels) with height and width divisible by {factor}. Pad the images, or give fewer filters."
        )
    return shape[0] // factor, shape[1] // factor


def functional(inputs: list[Any], outputs: Any, name: str) -> keras.Model:
    """A functional model that takes the tensor itself where there is only one input."""
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name=name)
