"""The convolutional variational autoencoder."""

from collections.abc import Sequence
from typing import Any

from keras_vae._backend import serializable
from keras_vae.models import architectures
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.networks import ConvNet


@serializable
class ConvVAE(LatentVariableModel):
    """Variational autoencoder with convolutional networks.

    >>> model = ConvVAE(data_shape=(28, 28, 1), latent_size=32)

    Args:
        data_shape: (height, width, channels); height and width must be divisible by 2^len(filters).
        latent_size: number of latents Z.
        filters, residual_blocks, dense_units, kernel_size, activation: see `keras_vae.networks.ConvNet`, whose defaults they have.
        posterior, prior, likelihood, **kwargs: as in `VAE`.
        network: in the place of `filters` and the others of `ConvNet`, as in `VAE`.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        filters: Sequence[int] | None = None,
        residual_blocks: int | None = None,
        dense_units: Sequence[int] | None = None,
        kernel_size: int | None = None,
        activation: str | None = None,
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        network: Any = None,
        **kwargs: Any,
    ):
        convolutional = {
            "filters": filters,
            "residual_blocks": residual_blocks,
            "dense_units": dense_units,
            "kernel_size": kernel_size,
            "activation": activation,
        }
        super().__init__(
            architecture=architectures.architecture(ConvNet, network, convolutional),
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
        return {**self._common_config(), **architectures.settings(ConvNet, self.architecture)}
