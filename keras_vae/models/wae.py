"""The Wasserstein autoencoder."""

from typing import Any

from keras_vae._backend import serializable
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.latent_prior import LatentPrior
from keras_vae.models.symbols import Symbol
from keras_vae.objectives import MMDTerms, WassersteinMMD


@serializable
class WAE(LatentPrior, Autoencoder):
    """Wasserstein autoencoder: a deterministic code whose distribution over the data is held to a prior. Tolstikhin et al. (2018).

    The KL of a VAE pulls the posterior of each example to the prior, so posteriors overlap and images blur. Here only the codes of
    all examples together are pulled, by their maximum mean discrepancy (WAE-MMD). The prior can be sampled as that of a VAE; there
    is no ELBO and no log p(x).

    >>> model = WAE((28, 28, 1), latent_size=8)
    >>> model.compile("adam")
    >>> model.fit(images, epochs=10)
    >>> model.sample(16, seed=0)

    Args:
        data_shape, latent_size, network, code_activation: as in `Autoencoder`.
        likelihood: as in `VAE`; by default a Gaussian of scale 1, whose log-likelihood is the paper's squared error.
        prior: `"standard_normal"`, or another prior of `VAE` that needs no posterior. A learned one learns through its samples, so
            the weights of a mixture's components stay as they are.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    terms_type = MMDTerms

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        network: Any = "mlp",
        code_activation: str = "linear",
        likelihood: Any = "gaussian",
        prior: Any = "standard_normal",
        **kwargs: Any,
    ):
        super().__init__(data_shape, latent_size, network, code_activation, likelihood, **kwargs)
        self.prior = self.prior_named(prior)
        if self.prior.starts_from_data:
            raise ValueError(
                f"prior={type(self.prior).__name__}: is made of posteriors, and the code of a WAE is a vector. Take "
                "'standard_normal' or 'real_nvp'."
            )

    @property
    def parts(self) -> dict[str, Any]:
        """The four parts by name; their variables are all that the model has."""
        return {name: getattr(self, name) for name in ("encoder", "prior", "decoder", "likelihood")}

    def default_objective(self) -> WassersteinMMD:
        """Reconstruction, and the discrepancy of the codes from the prior."""
        return WassersteinMMD()

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """Prior, likelihood and code: see `EncoderDecoder.symbols`."""
        return [
            Symbol("p(z)", f"{self.prior.formula(condition)}; {self.latent_size} latents", "model.prior"),
            Symbol("p(x | z)", self.likelihood.formula("z"), "model.decode(z)"),
            Symbol("z", "encoder(x)", "model.encode(x)"),
        ]
