"""Fully connected networks."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _layers
from keras_vae._backend import keras
from keras_vae.networks.base import Architecture, OutputBias, Shape, functional, with_condition


class MLP(Architecture):
    """Dense layers: the encoder's sizes in order, the decoder's in reverse.

    Args:
        hidden_units: sizes of the encoder's hidden layers; an empty list makes both networks affine maps.
        activation: name of a Keras activation.
    """

    def __init__(self, hidden_units: Sequence[int] = (500,), activation: str = "relu"):
        self.hidden_units = _checks.sizes("hidden_units", hidden_units)
        self.activation = _checks.activation_name(activation)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"hidden_units": list(self.hidden_units), "activation": self.activation}

    def encoder(self, data_shape: Shape, output_size: int, condition_size: int = 0) -> keras.Model:
        """Make a network `(B,) + data_shape [, (B, condition_size)]` -> `(B, output_size)`."""
        self._check_size("encoder", math.prod(data_shape) + condition_size, self.hidden_units, output_size)
        data = keras.Input(data_shape, name="data")
        h, condition = with_condition(_layers.Flatten(name="flatten")(data), condition_size)
        for i, units in enumerate(self.hidden_units):
            h = keras.layers.Dense(units, self.activation, name=f"hidden_{i}")(h)
        out = keras.layers.Dense(output_size, dtype="float32", name="output")(h)
        return functional([data, *condition], out, "encoder")

    def decoder(self, latent_size: int, output_shape: Shape, condition_size: int = 0) -> keras.Model:
        """Make a network `(B, latent_size) [, (B, condition_size)]` -> `(B,) + output_shape`."""
        self._check_size("decoder", latent_size + condition_size, self.hidden_units[::-1], math.prod(output_shape))
        latents = keras.Input((latent_size,), name="latents")
        h, condition = with_condition(latents, condition_size)
        for i, units in enumerate(reversed(self.hidden_units)):
            h = keras.layers.Dense(units, self.activation, name=f"hidden_{i}")(h)
        h = keras.layers.Dense(math.prod(output_shape), dtype="float32", use_bias=False, name="pixels")(h)
        h = keras.layers.Reshape(output_shape, name="as_data")(h)
        out = OutputBias(dtype="float32", name="output")(h)
        return functional([latents, *condition], out, "decoder")

    def _check_size(self, name: str, inputs: int, hidden: tuple[int, ...], outputs: int) -> None:
        _checks.parameter_count(name, sum(a * b for a, b in itertools.pairwise([inputs, *hidden, outputs])))
