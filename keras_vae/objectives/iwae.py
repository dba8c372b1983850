"""The importance-weighted bound."""

import math
from typing import Any

from keras_vae import _checks
from keras_vae._backend import serializable, tf
from keras_vae.distributions import detached
from keras_vae.objectives import formulas
from keras_vae.objectives.base import Objective, Parts, Terms
from keras_vae.objectives.elbo import MAX_DRAWS

GRADIENTS = ("doubly_reparameterized", "sticking_the_landing", "standard")

# Draws of each example that the decoder sees at a time; beyond these it computes again in the backward pass what it
# did not keep, so that memory stops growing with the number of draws.
_CHUNK = 50


@serializable
class IWAE(Objective):
    """log p(x) >= E[log 1/K sum_k w_k], w_k = p(x|z_k) p(z_k) / q(z_k|x), in nats: Burda et al. (2016), equation 8.

    The loss is minus this bound. The logged `elbo`, `log_likelihood` and `kl` are those of the ordinary bound, averaged over the
    same draws, so `loss <= -elbo`. K = 1 is the ELBO with the Monte Carlo KL. It trains every VAE but a `SemiSupervisedVAE`,
    whose label is a second latent where it is not known.

    Args:
        num_samples: importance samples K an example, up to 1,000. Memory grows with it up to 50.
        gradient: the estimator of the encoder's gradient, each unbiased but the second.

            - `"doubly_reparameterized"`: Tucker et al. (2019), equation 8. Its variance falls as K grows.
            - `"sticking_the_landing"`: without the score of q (Roeder et al., 2017). Biased for K > 1.
            - `"standard"`: of the bound as it stands; its signal drowns in noise as K grows (Rainforth et al., 2018).

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(self, num_samples: int = 50, gradient: str = "doubly_reparameterized"):
        self.num_samples = _checks.positive_int("num_samples", num_samples, maximum=MAX_DRAWS)
        self.gradient = _checks.one_of("gradient", gradient, GRADIENTS)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        joint, q = formulas.under("x, zₖ", given), formulas.given("x", given)
        estimator = self.gradient.replace("_", " ")
        return f"-log 1/{self.num_samples} Σₖ p({joint}) / q(zₖ | {q}), zₖ ~ q, by the {estimator} gradient"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"num_samples": self.num_samples, "gradient": self.gradient}

    def terms(
        self, model: Parts, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`.

        Raises:
            NotImplementedError: if the gradient needs a posterior that can be detached, and the model's cannot.
        """
        posterior = model.posterior_given(x, condition, training)
        prior = model.prior_given(condition, training=training)
        z = posterior.sample(self.num_samples, seed=seed)  # (K, B, Z)
        path = _WeightedPath()
        if self.gradient == "doubly_reparameterized":
            z = path(z)
        log_likelihood = _log_likelihood(model, z, x if target is None else target, condition, training)
        density = posterior if self.gradient == "standard" else detached(posterior)
        log_ratio = density.log_prob(z) - prior.log_prob(z)
        log_weights = log_likelihood - log_ratio  # (K, B)
        path.weights = tf.stop_gradient(tf.nn.softmax(log_weights, axis=0))
        bound = tf.reduce_logsumexp(log_weights, axis=0) - math.log(self.num_samples)
        log_likelihood = tf.stop_gradient(tf.reduce_mean(log_likelihood, axis=0))
        kl = tf.stop_gradient(tf.reduce_mean(log_ratio, axis=0))
        return Terms(log_likelihood, kl, log_likelihood - kl - bound)


class _WeightedPath:
    """The identity on z, whose gradient is multiplied by weights that are known only once the forward pass is done.

    Minus the bound has the gradient -sum_k w~_k d log w_k, w~ the normalised weights. What of it flows back into z_k is to have
    w~_k^2 instead; gradients are taken after the forward pass, when `weights` is set.
    """

    weights: Any = None

    def __call__(self, z: Any) -> Any:
        @tf.custom_gradient
        def identity(z: Any) -> Any:
            return tf.identity(z), lambda upstream: upstream * self.weights[..., None]

        return identity(z)


def _log_likelihood(model: Parts, z: Any, x: Any, condition: Any, training: bool) -> Any:
    """log p(x|z_k): `(K, B)`."""

    # A gradient flows into the arguments of what is computed again, not into what it closes over, such as features of a condition.
    tensors = [] if condition is None else tf.nest.flatten(condition)

    def of(draws: Any, *tensors: Any) -> Any:
        given = None if condition is None else tf.nest.pack_sequence_as(condition, tensors)
        return model.likelihood_given(draws, given, training).log_prob(x)

    if z.shape[0] <= _CHUNK:
        return of(z, *tensors)
    chunks = [tf.recompute_grad(of)(z[start : start + _CHUNK], *tensors) for start in range(0, z.shape[0], _CHUNK)]
    return tf.concat(chunks, axis=0)
