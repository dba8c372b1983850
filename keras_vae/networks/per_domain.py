"""One encoder, and a decoder for each value of the condition."""

from typing import Any

from keras_vae import _checks
from keras_vae._backend import keras, serializable, tf
from keras_vae.networks.base import Architecture, OutputBias, Shape


class PerDomain(Architecture):
    """The encoder of an architecture, which sees no condition, and as many of its decoders as the condition is long.

    Args:
        network: the architecture.
        own_layers: how many of the last layers with weights each decoder has for itself, while those before are shared (Liu et al.,
            2017, section 3: what a picture shows is common to the domains, and how it is rendered is not); None shares no layer.
    """

    def __init__(self, network: Architecture, own_layers: int | None = None):
        self.network = network
        self.own_layers = None if own_layers is None else _checks.positive_int("own_layers", own_layers)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"network": keras.saving.serialize_keras_object(self.network), "own_layers": self.own_layers}

    def encoder(self, data_shape: Shape, output_size: int, condition_size: int = 0) -> keras.Model:
        """Make a network `(B,) + data_shape` -> `(B, output_size)`, whatever the condition's size."""
        return self.network.encoder(data_shape, output_size)

    def decoder(self, latent_size: int, output_shape: Shape, condition_size: int = 0) -> keras.Model:
        """Make a network `(B, latent_size), (B, condition_size)` -> `(B,) + output_shape`; the condition is one-hot.

        Raises:
            ValueError: if the decoder of the architecture has not so many layers of its own, or cannot be cut there.
        """
        latents, condition = (
            keras.Input((latent_size,), name="latents"),
            keras.Input((condition_size,), name="condition"),
        )
        own, h = self.network.decoder(latent_size, output_shape), latents
        if self.own_layers is not None:
            shared, own = _cut(own, self.own_layers)
            h = _renamed(shared, "shared")(latents)
        outputs = []
        for domain in range(condition_size):
            outputs.append(_renamed(own, f"domain_{domain}")(h))
        chosen = ChosenByCondition(dtype="float32", name="chosen")([condition, *outputs])
        # What all domains share is their mean picture.
        out = OutputBias(dtype="float32", name="output")(chosen)
        return keras.Model([latents, condition], out, name="decoder")


def _cut(network: keras.Model, count: int) -> tuple[keras.Model, keras.Model]:
    """The network up to its last `count` layers with weights, and the rest of it."""
    layers = [layer for layer in network.layers if layer.weights and not isinstance(layer, OutputBias)]
    if count >= len(layers):
        raise ValueError(
            f"own_layers={count}: the decoder has {len(layers)} layers, of which one must be shared at least. Give at most "
            f"{len(layers) - 1}, or None to share none."
        )
    first = layers[-count]
    try:
        return keras.Model(network.input, first.input), keras.Model(first.input, network.output)
    except ValueError as error:
        raise ValueError(
            f"own_layers={count}: a connection of the network skips {first.name!r}, so it cannot be cut there. Choose another "
            "number."
        ) from error


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
        rank = len(values[0].shape)
        # Slices, since devices do not take what unstacks.
        weights = [tf.reshape(condition[:, i : i + 1], [-1] + [1] * (rank - 1)) for i in range(len(values))]
        return sum(weight * value for weight, value in zip(weights, values, strict=True))
