"""The stacked autoencoder."""

from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _named, objectives
from keras_vae._backend import keras, serializable, tfd
from keras_vae.augment import Corruption
from keras_vae.distributions import Bernoulli
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.networks import MLP, TiedMLP, TransposedDense
from keras_vae.objectives import Reconstruction


@serializable
class StackedAutoencoder(Autoencoder):
    """Deep autoencoder of dense layers that can be trained one by one, each on the codes of the last, and then together.

    >>> model = StackedAutoencoder((28, 28, 1), [1000, 1000, 1000], corruption={"name": "masking_noise", "rate": 0.25})
    >>> model.compile("adam", objectives.LayerWise(steps_per_layer=5000, corruption=model.corruption))
    >>> model.fit(images, epochs=40)  # 5,000 steps for each layer, and what is left for all together
    >>> classifier = models.classifier_on(model, num_classes=10)

    Args:
        data_shape: shape of one example, any rank.
        layer_units: sizes of the layers, the code's last.
        activation: name of the Keras activation of all layers, the code too.
        corruption: as in `DenoisingAutoencoder`, or None; done to the data when all layers are trained together.
        likelihood: as in `Autoencoder`.
        tied: whether the decoder has the encoder's kernels, transposed: see `networks.TiedMLP`.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        layer_units: Sequence[int],
        activation: str = "sigmoid",
        corruption: Any = None,
        likelihood: Any = "bernoulli",
        tied: bool = False,
        **kwargs: Any,
    ):
        self.layer_units = _checks.sizes("layer_units", layer_units, minimum_length=1)
        *hidden, size = self.layer_units
        network = (TiedMLP if _checks.flag("tied", tied) else MLP)(hidden, activation)
        super().__init__(data_shape, size, network, activation, likelihood, **kwargs)
        self.corruption = objectives.part("corruption", Corruption, corruption)

    def default_objective(self) -> Reconstruction:
        """Reconstruction by all layers together, of the clean data."""
        return Reconstruction(corruption=self.corruption)

    def encode_layer(self, layer: int, h: Any) -> Any:
        """The codes of one layer, `(B, layer_units[layer])`, from those of the layer below, or from data for layer 0."""
        last = layer == len(self.layer_units) - 1
        if layer == 0:
            h = self.encoder.get_layer("flatten")(h)
        h = self.encoder.get_layer("output" if last else f"hidden_{layer}")(h)
        return self.code_of(h) if last else h

    def decode_layer(self, layer: int, h: Any) -> Any:
        """The distribution, of the codes of the layer below or of data for layer 0, that codes `(B, layer_units[layer])` give."""
        if layer == 0:
            for name in ("pixels", "as_data", "output"):
                h = self.decoder.get_layer(name)(h)
            return self.likelihood(h)
        # The decoder has the layers in reverse.
        dense = self.decoder.get_layer(f"hidden_{len(self.layer_units) - 1 - layer}")
        tied = isinstance(dense, TransposedDense)
        if tied:
            linear = dense.before_activation(h)
        else:
            kernel, bias = (keras.ops.cast(part, h.dtype) for part in (dense.kernel, dense.bias))
            linear = keras.ops.matmul(h, kernel) + bias
        linear = keras.ops.cast(linear, "float32")  # of a distribution, whatever the policy
        if self.code_activation == "sigmoid":
            return Bernoulli((dense.units,)).distribution(linear)
        return tfd.MultivariateNormalDiag(dense.activation(linear))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        for name in ("latent_size", "network", "code_activation"):
            del config[name]
        config |= {"layer_units": list(self.layer_units), "activation": self.code_activation}
        config["tied"] = isinstance(self.architecture, TiedMLP)
        return config if self.corruption is None else {**config, "corruption": _named.described(self.corruption)}
