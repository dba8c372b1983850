"""The dense variational autoencoder."""

from collections.abc import Sequence
from typing import Any

from keras_vae._backend import serializable
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.networks import MLP


@serializable
class VAE(LatentVariableModel):
    """Variational autoencoder with fully connected networks: Kingma & Welling (2014).

    >>> model = VAE(data_shape=(28, 28, 1), latent_size=20)
    >>> model.compile("adam")
    >>> model.fit(images, epochs=10)
    >>> model.sample(16, seed=0)

    Args:
        data_shape: shape of one example, any rank.
        latent_size: number of latents Z.
        hidden_units: sizes of the encoder's hidden layers; the decoder has them in reverse. None makes both affine.
        activation: name of a Keras activation.
        posterior: `"diagonal_gaussian"` or `"full_covariance_gaussian"`, or a `distributions.Posterior`.
        prior: `"standard_normal"`, or a `distributions.Prior`.
        likelihood: `"bernoulli"`, `"continuous_bernoulli"`, `"gaussian"`, `"discretized_logistic"`, a dict with that name and
            arguments such as `{"name": "gaussian", "scale": "learned"}`, or a `distributions.Likelihood`.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        hidden_units: Sequence[int] = (500,),
        activation: str = "relu",
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        super().__init__(
            architecture=MLP(hidden_units, activation),
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
        return {**self._common_config(), **self.architecture.settings()}
