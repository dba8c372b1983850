"""The hierarchical variational autoencoder."""

from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _named, distributions, networks
from keras_vae._backend import serializable
from keras_vae.distributions import Likelihood, TopDownPosterior, TopDownPrior
from keras_vae.models.base import FROM_MODEL
from keras_vae.models.latent_prior import prior_named
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.networks import Architecture


@serializable
class HierarchicalVAE(LatentVariableModel):
    """Variational autoencoder with two or more levels of latents, inferred and generated from the top down.

    p(x, z) = p(x|z_1..z_L) p(z_1) prod_l p(z_l|z_<l) and q(z|x) = prod_l q(z_l|z_<l, x): Sonderby et al. (2016), but without the
    precision-weighted merging of their ladder VAE: each level of the posterior is a network of features of x and of the levels
    above, and shares nothing with the prior. All levels reach the decoder (skip connections). The latents of `encode` and `decode`
    are the levels side by side, the top one first.

    >>> model = HierarchicalVAE(data_shape=(28, 28, 1), latent_sizes=(16, 32), prior="vamp_prior")
    >>> model.compile("adam")
    >>> model.fit(images, epochs=10)
    >>> model.sample(16, seed=0)

    Args:
        data_shape: shape of one example.
        latent_sizes: number of latents of each level, the top one first.
        network: `"mlp"`, `"conv_net"`, a dict with that name and arguments, or a `networks.Architecture`.
        num_features: features of x that the encoder hands to the levels.
        level_units: sizes of the hidden layers between one level and the next.
        activation: name of the Keras activation of those.
        prior: of the top level: `"standard_normal"`, `"vamp_prior"`, `"mixture_of_gaussians"`, `"real_nvp"`, a dict with such
            a name and arguments, or a `distributions.Prior`.
        likelihood, **kwargs: as in `VAE`.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_sizes: Sequence[int],
        network: Any = "mlp",
        num_features: int = 256,
        level_units: Sequence[int] = (256,),
        activation: str = "silu",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        self.latent_sizes = _checks.sizes("latent_sizes", latent_sizes, minimum_length=2)
        size, data_shape = sum(self.latent_sizes), _checks.data_shape("data_shape", data_shape)
        likelihood = _named.build("likelihood", distributions, Likelihood, likelihood, {"event_shape": data_shape})
        top = prior_named(prior, self.latent_sizes[0], likelihood)
        between: dict[str, Any] = {
            "level_sizes": self.latent_sizes,
            "hidden_units": level_units,
            "activation": activation,
        }
        super().__init__(
            architecture=_named.build("network", networks, Architecture, network),
            data_shape=data_shape,
            latent_size=size,
            posterior=TopDownPosterior(size, num_features=num_features, name="posterior", **between),
            prior=TopDownPrior(size, top=top, name="prior", **between),
            likelihood=likelihood,
            **kwargs,
        )

    @property
    def level_sizes(self) -> tuple[int, ...]:
        """Number of latents of each level, the top one first."""
        return self.latent_sizes

    def condition_of(self, labels: Any, batch_size: Any) -> None:
        """There is no condition."""
        return

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = self._common_config()
        for name in ("latent_size", "posterior", "prior"):
            del config[name]
        return {
            **config,
            "latent_sizes": list(self.latent_sizes),
            "network": _named.described(self.architecture),
            "num_features": self.posterior.num_features,
            "level_units": list(self.posterior.hidden_units),
            "activation": self.posterior.activation,
            "prior": _named.described(self.prior.top, *FROM_MODEL),
        }
