"""The convolutional variational autoencoder."""

from collections.abc import Sequence
from typing import Any

from keras_vae._backend import serializable
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.networks import ConvNet


@serializable
class ConvVAE(LatentVariableModel):
    """Variational autoencoder with convolutional networks.

    >>> model = ConvVAE(data_shape=(28, 28, 1), latent_size=32)

    Args:
        data_shape: (height, width, channels); height and width must be divisible by 2^len(filters).
        latent_size: number of latents Z.
        filters, residual_blocks, dense_units, kernel_size, activation: see `keras_vae.networks.ConvNet`.
        posterior, prior, likelihood, **kwargs: as in `VAE`.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        filters: Sequence[int] = (32, 64),
        residual_blocks: int = 1,
        dense_units: Sequence[int] = (256,),
        kernel_size: int = 4,
        activation: str = "silu",
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        super().__init__(
            architecture=ConvNet(filters, residual_blocks, dense_units, kernel_size, activation),
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
