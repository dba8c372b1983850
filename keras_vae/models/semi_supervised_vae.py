"""The semi-supervised variational autoencoder."""

from typing import Any

import numpy as np

from keras_vae import _named, networks
from keras_vae._backend import keras, serializable, tf
from keras_vae._batches import in_batches
from keras_vae.models import symbols, validation
from keras_vae.models.base import policy
from keras_vae.models.capabilities import Classifies
from keras_vae.models.conditional_vae import ConditionalVAE
from keras_vae.models.symbols import Symbol
from keras_vae.networks import Architecture
from keras_vae.objectives import SemiSupervisedELBO, SemiSupervisedTerms


@serializable
class SemiSupervisedVAE(Classifies, ConditionalVAE):
    """Conditional VAE with a classifier q(y|x), trained on examples of which few have labels: Kingma et al. (2014), model M2.

    In `fit` and `evaluate` the label -1 stands for one that is not known. The methods take labels as those of a `ConditionalVAE`
    do, and `classify` gives them.

    >>> model = SemiSupervisedVAE((28, 28, 1), num_classes=10, latent_size=50)
    >>> model.compile("adam")
    >>> model.fit(images, labels, epochs=50)  # most labels are -1
    >>> model.classify(images)

    Args:
        data_shape, num_classes, latent_size, network, posterior, prior, likelihood: as in `ConditionalVAE`.
        classifier: the network whose encoder is q(y|x), as `network`; by default the same.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    terms_type = SemiSupervisedTerms

    def __init__(
        self,
        data_shape: Any,
        num_classes: int,
        latent_size: int,
        network: Any = "mlp",
        classifier: Any = None,
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        super().__init__(data_shape, num_classes, latent_size, network, posterior, prior, likelihood, **kwargs)
        self.classifier_architecture = (
            self.architecture if classifier is None else _named.build("classifier", networks, Architecture, classifier)
        )
        with policy(self.dtype_policy):
            network = self.classifier_architecture.encoder(self.data_shape, self.num_classes)
            self.classifier = keras.Model(network.inputs, network.outputs[0], name="classifier")

    @property
    def parts(self) -> dict[str, Any]:
        """The six parts by name; their variables are all that the model has."""
        return {**super().parts, "classifier": self.classifier}

    def default_objective(self) -> SemiSupervisedELBO:
        """The bound of model M2."""
        return SemiSupervisedELBO()

    @property
    def condition_symbol(self) -> Symbol:
        """The label, which is generated as the latents are, since it may be unknown."""
        return Symbol("p(y)", f"one of {self.num_classes} classes, each as likely", "labels")

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """Prior, likelihood, posterior and classifier, and the two bounds: see `EncoderDecoder.symbols`."""
        bound = symbols.bound(f", {condition}", "")
        return [
            *self._distribution_symbols(condition, ""),
            Symbol("q(y | x)", "softmax of a classifier; y is summed over where it is not known", "model.classify(x)"),
            Symbol(
                "log p(x, y)",
                f"≥ {bound} + log p(y), the ELBO; without y, log p(x) ≥ its mean over q(y | x) + the entropy of q(y | x)",
                "model.elbo(x, labels)",
            ),
        ]

    def training_condition_of(self, labels: Any, batch_size: Any) -> Any:
        """One-hot labels, `(B, num_classes)`, with zeros where the label is -1."""
        return validation.labels(labels, self.num_classes, batch_size, unknown=True)

    def class_log_probs_given(self, x: Any, training: bool = False) -> Any:
        """log q(y|x), `(B, num_classes)`, of data that need no check."""
        return tf.nn.log_softmax(self.classifier(x, training=training), axis=-1)

    def class_log_probs(self, x: Any) -> Any:
        """Return log q(y|x) in nats, `(B, num_classes)`.

        Args:
            x: data, `(B,) + data_shape`, in the range of the likelihood.

        Raises:
            ValueError: if shape, dtype or range are wrong, or a value is not finite.
        """
        return self.class_log_probs_given(validation.data(x, self.data_shape, self.likelihood.support))

    def classify(self, x: np.ndarray) -> np.ndarray:
        """Return the most probable label of each example, int64 `(N,)`, of data `(N,) + data_shape` of any length.

        Raises:
            ValueError: if there are no data, or they are wrong.
        """
        return in_batches(lambda batch: tf.argmax(self.class_log_probs(batch), axis=-1), x)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "classifier": _named.described(self.classifier_architecture)}
