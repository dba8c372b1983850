"""The total correlation of the latents, estimated from a batch."""

import math
from typing import Any

from keras_vae import _checks
from keras_vae._backend import serializable, tf, tfd
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective, Parts, Terms
from keras_vae.objectives.elbo import drawn, kl_divergence
from keras_vae.objectives.schedules import Schedule

_MAX_EXAMPLES = 10**12
_ESTIMATOR = "estimated by stratified sampling from the batch"
"""What `total_correlation` does, for the model card."""


def total_correlation(posterior: Any, z: Any, num_examples: int) -> Any:
    """Estimate log q(z) - sum_d log q(z_d) for draws z of a batch, in nats: `(B,)`; its mean is the total correlation.

    q(z) is the average of q(z|x_n) over the N examples of the data set. Of a batch, each draw's own example counts 1/N and
    the others share the rest evenly (stratified sampling: Chen et al., 2018, appendix C.2), which is exact where the batch is the
    data set.

    Args:
        posterior: a diagonal posterior, batch shape `(B,)`.
        z: one draw of it, `(B, Z)`.
        num_examples: N, at least B.

    Raises:
        NotImplementedError: if the posterior is not diagonal.
        ValueError: if `num_examples` is no whole number from 2.
    """
    num_examples = _checks.positive_int("num_examples", num_examples, maximum=_MAX_EXAMPLES, minimum=2)
    if not isinstance(posterior, tfd.Independent):
        raise NotImplementedError(
            f"The total correlation needs the density of each latent, and a {type(posterior).__name__} gives them all at once: "
            "take posterior='diagonal_gaussian'."
        )
    each = posterior.distribution.log_prob(z[:, None, :])  # (B, B, Z): draw i under the posterior of example j
    batch = tf.shape(z)[0]
    others = math.log1p(-1.0 / num_examples) - tf.math.log(tf.cast(tf.maximum(batch - 1, 1), each.dtype))
    own = tf.constant(-math.log(num_examples), each.dtype)
    weights = tf.linalg.set_diag(tf.fill((batch, batch), others), tf.fill((batch,), own))
    joint = tf.reduce_logsumexp(weights + tf.reduce_sum(each, axis=-1), axis=1)
    marginals = tf.reduce_logsumexp(weights[..., None] + each, axis=1)  # (B, Z)
    return joint - tf.reduce_sum(marginals, axis=-1)


@serializable
class BetaTCVAE(Objective):
    """The ELBO, less (beta - 1) times the total correlation of the latents: Chen et al. (2018), equation 4, alpha = gamma = 1.

    Of the three parts of the KL, what the code says of the example, the total correlation and each latent's distance from the
    prior, only the second is penalised, so that independence of the latents costs less of the reconstruction than under beta * KL.

    Args:
        num_examples: size N of the data set, on which the estimate of q(z) depends. A recipe fills it in.
        beta: weight of the total correlation, a number >= 0 or a `Schedule`; 1 is the ELBO.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(self, num_examples: int, beta: float | Schedule = 6.0):
        self.num_examples = _checks.positive_int("num_examples", num_examples, maximum=_MAX_EXAMPLES, minimum=2)
        self.beta = schedules.number("beta", beta, minimum=0.0)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        more = formulas.beyond_one("β", self.beta, "TC")
        return f"-ELBO{more}, TC = KL(q(z), Π q(z_d)), {_ESTIMATOR}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"num_examples": self.num_examples, "beta": schedules.plain(self.beta)}

    def terms(
        self, model: Parts, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`.

        Raises:
            NotImplementedError: if the posterior is not diagonal.
        """
        posterior, prior, z, log_likelihood = drawn(model, x, condition, 1, seed, training, target)
        correlation = total_correlation(posterior, z[0], self.num_examples)
        return Terms(
            log_likelihood, kl_divergence(posterior, prior, z), (schedules.at(self.beta, step) - 1.0) * correlation
        )
