"""The denoising autoencoder."""

from typing import Any

from keras_vae import _named, augment
from keras_vae._backend import serializable
from keras_vae.augment import Corruption
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.capabilities import Denoises
from keras_vae.objectives import Reconstruction


@serializable
class DenoisingAutoencoder(Denoises, Autoencoder):
    """Autoencoder that learns to give back what was there before its input was corrupted: Vincent et al. (2010).

    `fit` and `evaluate` take clean data and corrupt them; `encode` and `reconstruct` take data as they are, clean or not.

    >>> model = DenoisingAutoencoder((28, 28, 1), 500, corruption={"name": "masking_noise", "rate": 0.5})
    >>> model.compile("adam")
    >>> model.fit(images, epochs=10)
    >>> restored = model.reconstruct(damaged)

    Args:
        data_shape, latent_size, network, code_activation, likelihood: as in `Autoencoder`.
        corruption: `"masking_noise"`, `"salt_and_pepper"`, `"gaussian_noise"`, a dict with such a name and arguments, or an
            `augment.Corruption`.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        network: Any = "mlp",
        corruption: Any = "masking_noise",
        code_activation: str = "linear",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        super().__init__(data_shape, latent_size, network, code_activation, likelihood, **kwargs)
        self.corruption = _named.build("corruption", augment, Corruption, corruption)

    def default_objective(self) -> Reconstruction:
        """Reconstruction of the clean data from corrupted ones."""
        return Reconstruction(corruption=self.corruption)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "corruption": _named.described(self.corruption)}
