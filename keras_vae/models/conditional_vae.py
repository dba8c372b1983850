"""The conditional variational autoencoder."""

from typing import Any

from keras_vae import _checks, _named, networks
from keras_vae._backend import serializable
from keras_vae.models import symbols, validation
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.models.symbols import Symbol
from keras_vae.networks import Architecture


@serializable
class ConditionalVAE(LatentVariableModel):
    """Variational autoencoder conditioned on a class label: q(z|x, c), p(x|z, c), and p(z) or a learned p(z|c).

    Sohn et al. (2015). The label, one-hot, stands beside the input of the dense layers of both networks.

    >>> model = ConditionalVAE(data_shape=(28, 28, 1), num_classes=10, latent_size=20)
    >>> model.compile("adam")
    >>> model.fit(images, labels, epochs=10)
    >>> model.sample(labels=[3, 1, 4], seed=0)

    Args:
        data_shape: shape of one example.
        num_classes: number of classes; labels are integers from 0 to num_classes - 1.
        latent_size: number of latents Z.
        network: `"mlp"`, `"conv_net"`, a dict with that name and arguments such as
            `{"name": "mlp", "hidden_units": [500, 500]}`, or a `networks.Architecture`.
        prior: `"standard_normal"`, `"conditional_gaussian"` for a learned p(z|c), or a `distributions.Prior`.
        posterior, likelihood, **kwargs: as in `VAE`.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        num_classes: int,
        latent_size: int,
        network: Any = "mlp",
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        self.num_classes = _checks.positive_int("num_classes", num_classes)
        super().__init__(
            architecture=_named.build("network", networks, Architecture, network),
            data_shape=data_shape,
            latent_size=latent_size,
            condition_size=self.num_classes,
            posterior=posterior,
            prior=prior,
            likelihood=likelihood,
            **kwargs,
        )

    @property
    def condition_symbol(self) -> Symbol:
        """The class."""
        return symbols.of_classes(self.num_classes)

    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """One-hot labels, `(B, num_classes)`."""
        return validation.labels(labels, self.num_classes, batch_size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **self._common_config(),
            "num_classes": self.num_classes,
            "network": _named.described(self.architecture),
        }
