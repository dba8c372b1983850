"""One encoder, and a decoder for each value of the condition."""

from typing import Any

from keras_vae._backend import keras, serializable, tf
from keras_vae.networks.base import Architecture, OutputBias, Shape


class PerDomain(Architecture):
    """The encoder of an architecture, which sees no condition, and as many of its decoders as the condition is long.

    Args:
        network: the architecture.
    """

    def __init__(self, network: Architecture):
        self.network = network

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"network": keras.saving.serialize_keras_object(self.network)}

    def encoder(self, data_shape: Shape, output_size: int, condition_size: int = 0) -> keras.Model:
        """Make a network `(B,) + data_shape` -> `(B, output_size)`, whatever the condition's size."""
        return self.network.encoder(data_shape, output_size)

    def decoder(self, latent_size: int, output_shape: Shape, condition_size: int = 0) -> keras.Model:
        """Make a network `(B, latent_size), (B, condition_size)` -> `(B,) + output_shape`; the condition is one-hot."""
        latents, condition = (
            keras.Input((latent_size,), name="latents"),
            keras.Input((condition_size,), name="condition"),
        )
        outputs = []
        for domain in range(condition_size):
            outputs.append(_renamed(self.network.decoder(latent_size, output_shape), f"domain_{domain}")(latents))
        chosen = ChosenByCondition(dtype="float32", name="chosen")([condition, *outputs])
        # What all domains share is their mean picture.
        out = OutputBias(dtype="float32", name="output")(chosen)
        return keras.Model([latents, condition], out, name="decoder")


def _renamed(network: keras.Model, prefix: str) -> keras.Model:
    """The same network with fresh weights, the names of whose layers begin with `prefix`: weights are told apart by them."""

    def renamed(layer: Any) -> Any:
        return layer.__class__.from_config({**layer.get_config(), "name": f"{prefix}_{layer.name}"})

    copy = keras.models.clone_model(network, clone_function=renamed)
    return keras.Model(copy.input, copy.output, name=prefix)


@serializable
class ChosenByCondition(keras.layers.Layer):
    """Of several tensors `(B,) + shape` the one that a one-hot condition `(B, N)` names, by example."""

    def call(self, inputs: Any) -> Any:
        """Choose; the inputs are the condition and N tensors."""
        condition, *values = inputs
        weights = [tf.reshape(w, [-1] + [1] * (len(values[0].shape) - 1)) for w in tf.unstack(condition, axis=-1)]
        return sum(weight * value for weight, value in zip(weights, values, strict=True))
