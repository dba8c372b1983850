"""The variational autoencoder."""

from collections.abc import Sequence
from typing import Any

from keras_vae._backend import serializable
from keras_vae.models import architectures
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.networks import MLP


@serializable
class VAE(LatentVariableModel):
    """Variational autoencoder, by default with fully connected networks: Kingma & Welling (2014).

    >>> model = VAE(data_shape=(28, 28, 1), latent_size=20)
    >>> model.compile("adam")
    >>> model.fit(images, epochs=10)
    >>> model.sample(16, seed=0)

    Args:
        data_shape: shape of one example, any rank.
        latent_size: number of latents Z.
        hidden_units: sizes of the encoder's hidden layers, by default (500,); the decoder has them in reverse. An empty list makes
            both affine.
        activation: name of their Keras activation, by default `"relu"`.
        posterior: `"diagonal_gaussian"` or `"full_covariance_gaussian"`, or a `distributions.Posterior`.
        prior: `"standard_normal"`, or a `distributions.Prior`.
        likelihood: `"bernoulli"`, `"continuous_bernoulli"`, `"gaussian"`, `"discretized_logistic"`, a dict with that name and
            arguments such as `{"name": "gaussian", "scale": "learned"}`, or a `distributions.Likelihood`.
        network: in the place of `hidden_units` and `activation`: `"conv_net"`, a dict with such a name and arguments, or a
            `networks.Architecture`, which may be one's own.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        hidden_units: Sequence[int] | None = None,
        activation: str | None = None,
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        network: Any = None,
        **kwargs: Any,
    ):
        dense = {"hidden_units": hidden_units, "activation": activation}
        super().__init__(
            architecture=architectures.architecture(MLP, network, dense),
            data_shape=data_shape,
            latent_size=latent_size,
            posterior=posterior,
            prior=prior,
            likelihood=likelihood,
            **kwargs,
        )

    def condition_of(self, labels: Any, batch_size: Any) -> None:
        """There is no condition."""
        return

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**self._common_config(), **architectures.settings(MLP, self.architecture)}
