"""The contractive autoencoder."""

from typing import Any

from keras_vae._backend import serializable
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.objectives import Contraction, Reconstruction


@serializable
class ContractiveAutoencoder(Autoencoder):
    """Autoencoder whose code is to change little where the data change little: Rifai et al. (2011).

    >>> model = ContractiveAutoencoder((28, 28, 1), 500, contraction=0.1)

    Args:
        data_shape, latent_size, network, code_activation, likelihood: as in `Autoencoder`; by default the code is one sigmoid
            layer, as in the paper.
        contraction: weight of the squared Frobenius norm of the code's Jacobian.
        jacobian, num_probes: how that is computed: see `objectives.Contraction`.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        network: Any = None,
        contraction: float = 0.1,
        jacobian: str = "auto",
        num_probes: int = 1,
        code_activation: str = "sigmoid",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        network = {"name": "mlp", "hidden_units": ()} if network is None else network
        super().__init__(data_shape, latent_size, network, code_activation, likelihood, **kwargs)
        self.penalty = Contraction(contraction, jacobian, num_probes)

    def default_objective(self) -> Reconstruction:
        """Reconstruction, with the contraction as its penalty."""
        return Reconstruction(penalty=self.penalty)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = self.penalty.settings()
        return {**super().get_config(), "contraction": settings.pop("weight"), **settings}
