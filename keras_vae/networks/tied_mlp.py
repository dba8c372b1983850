"""Fully connected networks of which the decoder has the encoder's weights."""

import math
from collections.abc import Sequence
from typing import Any

from keras_vae import _checks
from keras_vae._backend import keras, serializable
from keras_vae.networks.base import OutputBias, Shape
from keras_vae.networks.mlp import MLP


class TiedMLP(MLP):
    """An `MLP` with tied weights (Vincent et al., 2010): the decoder has the encoder's kernels, transposed, and its own biases.

    Half the weights, and a code cannot be made small by a small kernel that a large one in the decoder makes good. For a code that
    is one layer's output: an `Autoencoder` and its like, under a likelihood of one parameter for each number of the data.

    Args:
        hidden_units, activation: as in `MLP`.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(self, hidden_units: Sequence[int] = (), activation: str = "relu"):
        super().__init__(hidden_units, activation)

    def decoder(self, latent_size: int, output_shape: Shape, condition_size: int = 0) -> keras.Model:
        """There is none without its encoder: see `pair`."""
        raise ValueError(
            "network='tied_mlp': its decoder has the weights of its encoder, so this model cannot make it alone. Take 'mlp'."
        )

    def pair(
        self, data_shape: Shape, encoder_outputs: int, latent_size: int, output_shape: Shape, condition_size: int = 0
    ) -> tuple[keras.Model, keras.Model]:
        """Make both networks: see `Architecture.pair`.

        Raises:
            ValueError: if the encoder puts out something else than the code, the likelihood has more than one parameter for each
                number of the data, or there is a condition.
        """
        for what, is_wrong in (
            (f"{encoder_outputs} outputs for a code of {latent_size}", encoder_outputs != latent_size),
            (f"{output_shape} parameters for data {data_shape}", math.prod(output_shape) != math.prod(data_shape)),
            ("a condition", condition_size > 0),
        ):
            if is_wrong:
                raise ValueError(f"network='tied_mlp': tied weights do not go with {what}. Take 'mlp'.")
        encoder = self.encoder(data_shape, encoder_outputs)
        h = latents = keras.Input((latent_size,), name="latents")
        sources = [
            encoder.get_layer(name) for name in (*(f"hidden_{i}" for i in range(len(self.hidden_units))), "output")
        ]
        for i, units in enumerate(reversed(self.hidden_units)):
            h = TransposedDense(units, self.activation, kernel=sources[-1 - i].kernel, name=f"hidden_{i}")(h)
        pixels = TransposedDense(
            math.prod(output_shape), kernel=sources[0].kernel, use_bias=False, dtype="float32", name="pixels"
        )
        h = keras.layers.Reshape(output_shape, name="as_data")(pixels(h))
        return encoder, keras.Model(latents, OutputBias(dtype="float32", name="output")(h), name="decoder")


@serializable
class TransposedDense(keras.layers.Layer):
    """activation(h W^T + b), with the kernel W of a dense layer that takes what this one puts out: `(B, U) -> (B, units)`.

    Args:
        units: length of the output.
        activation: name of a Keras activation.
        use_bias: whether there is a b.
        kernel: W, `(units, U)`; a layer made without, as by `from_config`, has one of its own.
        **kwargs: `name` and the like, as in every layer.
    """

    def __init__(
        self, units: int, activation: str | None = None, use_bias: bool = True, kernel: Any = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.units = _checks.positive_int("units", units, maximum=10**9)
        self.activation = keras.activations.get(None if activation is None else _checks.activation_name(activation))
        self.use_bias = _checks.flag("use_bias", use_bias)
        if kernel is not None:
            if len(getattr(kernel, "shape", ())) != 2 or kernel.shape[0] != self.units:
                raise ValueError(f"kernel={_checks.shown(kernel)}: must be a matrix of {self.units} rows, one a unit.")
            self.kernel = kernel

    def build(self, input_shape: Shape) -> None:
        """Create the bias, and the kernel where none was given."""
        if not hasattr(self, "kernel"):
            self.kernel = self.add_weight(shape=(self.units, input_shape[-1]), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias") if self.use_bias else None

    def before_activation(self, inputs: Any) -> Any:
        """h W^T + b."""
        outputs = keras.ops.matmul(inputs, keras.ops.transpose(self.kernel))
        return outputs if self.bias is None else outputs + self.bias

    def call(self, inputs: Any) -> Any:
        """Compute the layer."""
        return self.activation(self.before_activation(inputs))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, but for the kernel."""
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "units": self.units, "activation": activation, "use_bias": self.use_bias}
