"""Variational deep embedding."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._backend import serializable, tf
from keras_vae.distributions import MixtureOfGaussians
from keras_vae.models.clusters import STARTS, Clusters
from keras_vae.models.symbols import Symbol
from keras_vae.models.vae import VAE

_LEAST_VARIANCE = 1e-4


@serializable
class VaDE(Clusters, VAE):
    """Variational deep embedding: a VAE whose prior is a mixture of Gaussians, one component a cluster. Jiang et al. (2017).

    The paper's bound has q(c|x) in it; here the cluster is summed over, log p(z) = log sum_c p(c) p(z|c). This bound is at least as
    tight as the paper's for any q(c|x): larger by E_q(z|x)[KL(q(c|x) || p(c|z))]. An example belongs to the component that is most
    probable at the mean of its posterior.

    >>> model = VaDE((28, 28, 1), latent_size=10, num_clusters=10)
    >>> model.compile("adam", objectives.ELBO(beta=0.1))
    >>> model.fit(images, epochs=50)
    >>> model.start_clusters(images)
    >>> model.compile("adam")
    >>> model.fit(images, epochs=100)
    >>> model.cluster(images)

    A recipe does the same with a table `[pretraining]`.

    Args:
        data_shape, latent_size, hidden_units, activation, likelihood, network: as in `VAE`; by default the paper's layers, of 500,
            500 and 2,000.
        num_clusters: number of components K of the prior.
        start: where components start: `"codes"`, a mixture of Gaussians in the latents, or `"embedding"`: see `start_clusters`.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    prior: MixtureOfGaussians

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        num_clusters: int = 10,
        hidden_units: Sequence[int] | None = None,
        activation: str | None = None,
        likelihood: Any = "bernoulli",
        start: str = "codes",
        network: Any = None,
        **kwargs: Any,
    ):
        if network is None and hidden_units is None:
            hidden_units = (500, 500, 2000)
        self.num_clusters = _checks.positive_int("num_clusters", num_clusters, minimum=2, maximum=10_000)
        self.start = _checks.one_of("start", start, STARTS)
        prior = {"name": "mixture_of_gaussians", "num_components": self.num_clusters}
        super().__init__(
            data_shape,
            latent_size,
            hidden_units,
            activation,
            prior=prior,
            likelihood=likelihood,
            network=network,
            **kwargs,
        )

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """As of a `VAE`, and the clusters: see `EncoderDecoder.symbols`."""
        clusters = Symbol("p(k | z)", "∝ wₖ N(z; mₖ, diag(sₖ²)), at the mean of q(z | x)", "model.cluster(x)")
        return [*super().symbols(objective, condition), clusters]

    def cluster_log_probs(self, x: Any) -> Any:
        """Return log p(c|z) at the posterior mean z, `(B, K)`. Arguments and errors as in `encode`."""
        return self.cluster_log_probs_of(self.codes_to_cluster(x))

    def cluster_log_probs_of(self, code: Any) -> Any:
        """log p(c|z), `(B, K)`, of latents `(B, Z)`."""
        return tf.nn.log_softmax(self.prior.joint_log_prob(code), axis=-1)

    def codes_to_cluster(self, x: Any) -> Any:
        """The means of the posteriors."""
        return self.encode(x).mean()

    def _start(self, codes: np.ndarray, seed: int) -> None:
        with _checks.extra("eval", "Placing clusters"):
            from sklearn.mixture import GaussianMixture

        found = GaussianMixture(
            self.num_clusters, covariance_type="diag", n_init=5, reg_covar=_LEAST_VARIANCE, random_state=seed
        ).fit(codes)
        self.prior.start(found.weights_, found.means_, np.sqrt(found.covariances_))

    def _start_from(self, codes: np.ndarray, groups: np.ndarray) -> None:
        members = [codes[groups == k] for k in range(self.num_clusters)]
        self.prior.start(
            np.array([len(own) / len(codes) for own in members]),
            np.array([own.mean(axis=0) for own in members]),
            np.array([np.sqrt(own.var(axis=0) + _LEAST_VARIANCE) for own in members]),
        )

    def sample_cluster(self, cluster: int, n: int = 1, seed: Any = None) -> Any:
        """Draw z from one component and return the mean of p(x|z): `(n,) + data_shape`.

        Args:
            cluster: number of the component, from 0.
            n: number of images.
            seed: an int; the same seed draws the same images. None draws fresh ones.

        Raises:
            ValueError: if there is no such component, or `n` is out of its range.
        """
        cluster = _checks.positive_int("cluster", cluster, maximum=self.num_clusters - 1, minimum=0)
        n = _checks.positive_int("n", n, maximum=10**6)
        return self.likelihood_given(self.prior.sample_component(cluster, n, seed), None).mean()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["prior"], config["posterior"]
        return {**config, "num_clusters": self.num_clusters, "start": self.start}
