"""Annealed importance sampling: a check of the importance-sampled likelihood that does not rest on q(z|x) being good."""

import math
from typing import Any

from keras_vae import _checks, _random
from keras_vae._backend import tf
from keras_vae.evaluation import inputs
from keras_vae.models import HasPosterior
from keras_vae.models.capabilities import require
from keras_vae.models.importance import Estimate

# The acceptance rate that step sizes are tuned to, and by how much they are after each step (Neal, 2011, section 5.4.2).
_ACCEPTANCE = 0.8
_UP, _DOWN = 1.02, 0.98


def annealed_importance_estimate(
    model: Any,
    x: Any,
    labels: Any = None,
    *,
    num_chains: int = 16,
    num_steps: int = 500,
    num_leapfrog: int = 10,
    seed: Any = None,
) -> Estimate:
    """Estimate log p(x) by annealed importance sampling from q(z|x) to p(z|x): Neal (2001); Wu et al. (2017).

    The distributions in between are q(z|x)^(1 - b) p(x, z)^b for b from 0 to 1, each visited by one step of Hamiltonian Monte
    Carlo in units of q's standard deviations. In expectation a lower bound, as importance sampling is, and tighter with more steps:
    where both agree, neither is loose.

    Args:
        model: a model with a posterior, such as a `VAE`.
        x: data, `(B,) + data_shape`; all of it is held at a time.
        labels: int labels `(B,)`, for a conditional model.
        num_chains: chains an example.
        num_steps: distributions in between.
        num_leapfrog: leapfrog steps of each Hamiltonian step.
        seed: an int, or None for fresh noise.

    Returns:
        `log_prob` in nats, its `standard_error` and the `effective_samples` among the chains, each `(B,)`.

    Raises:
        ValueError: if the data or the labels are not what the model takes, or a number is out of its range.
    """
    num_chains = _checks.positive_int("num_chains", num_chains, maximum=10_000)
    num_steps = _checks.positive_int("num_steps", num_steps, maximum=10**6)
    num_leapfrog = _checks.positive_int("num_leapfrog", num_leapfrog, maximum=1000)
    require("annealed_importance_estimate", model, HasPosterior, "a model with a posterior, such as a VAE")
    x, labels = inputs.examples(model, x, labels)
    condition = model.condition_of(labels, len(x))
    run = tf.function(
        lambda x, condition, seed: _anneal(model, x, condition, num_chains, num_steps, num_leapfrog, seed),
        autograph=False,
    )
    return Estimate(*run(tf.constant(x), condition, _random.as_seed(seed)))


def _anneal(model: Any, x: Any, condition: Any, chains: int, steps: int, leapfrogs: int, seed: Any) -> Any:
    posterior, prior = model.posterior_given(x, condition), model.prior_given(condition)
    mean, scale = posterior.mean(), posterior.stddev()  # (B, Z)

    def densities(e: Any) -> tuple[Any, Any]:  # log q and log p(x, z) at z = mean + scale e, each (C, B)
        z = mean + scale * e
        return posterior.log_prob(z), model.likelihood_given(z, condition).log_prob(x) + prior.log_prob(z)

    def energy(e: Any, b: Any) -> tuple[Any, Any, Any]:
        """Minus the log-density in between, its gradient, and log p(x, z) - log q(z|x)."""
        with tf.GradientTape() as tape:
            tape.watch(e)
            log_q, log_joint = densities(e)
            value = -((1.0 - b) * log_q + b * log_joint)
        return value, tape.gradient(value, e), log_joint - log_q

    def move(e: Any, b: Any, size: Any, key: Any) -> tuple[Any, Any, Any]:
        momentum = _random.normal(tf.shape(e), _random.fold_in(key, 0))
        start, slope, ratio = energy(e, b)
        kinetic = 0.5 * tf.reduce_sum(momentum**2, axis=-1)
        # Trajectories of one length can come back to where they began, again and again (Neal, 2011, section 5.3.3).
        step = (size * (0.25 + 0.75 * _random.uniform(tf.shape(size), _random.fold_in(key, 2))))[:, None]

        def leap(i: Any, place: Any, momentum: Any, slope: Any, value: Any, found: Any) -> Any:
            momentum = momentum - 0.5 * step * slope
            place = place + step * momentum
            value, slope, found = energy(place, b)
            return i + 1, place, momentum - 0.5 * step * slope, slope, value, found

        _, place, momentum, _, value, found = tf.while_loop(
            lambda i, *_: i < leapfrogs, leap, (0, e, momentum, slope, start, ratio), parallel_iterations=1
        )
        log_accept = start + kinetic - value - 0.5 * tf.reduce_sum(momentum**2, axis=-1)
        # A trajectory that runs away has an energy of NaN or infinity, and is no number to compare with.
        log_accept = tf.where(tf.math.is_finite(log_accept), log_accept, -math.inf)
        taken = tf.math.log(_random.uniform(tf.shape(log_accept), _random.fold_in(key, 1))) < log_accept
        rate = tf.reduce_mean(tf.exp(tf.minimum(log_accept, 0.0)), axis=0)  # (B,)
        size = size * tf.where(rate > _ACCEPTANCE, _UP, _DOWN)
        return tf.where(taken[..., None], place, e), tf.where(taken, found, ratio), size

    def body(t: Any, e: Any, ratio: Any, log_w: Any, size: Any) -> Any:
        log_w = log_w + ratio / steps
        b = tf.cast(t, tf.float32) / steps
        e, ratio, size = move(e, b, size, _random.fold_in(seed, t))
        return t + 1, e, ratio, log_w, size

    # Steps of b are equal: those near 0 and 1 matter no more here than the others, as q is no stranger to p(z|x).
    e = (posterior.sample(chains, seed=_random.fold_in(seed, -1)) - mean) / scale
    log_q, log_joint = densities(e)
    log_w, size = tf.zeros_like(log_q), tf.fill(tf.shape(mean)[:1], 0.2)
    state = (tf.constant(1), e, log_joint - log_q, log_w, size)
    _, _, _, log_w, _ = tf.while_loop(lambda t, *_: t <= steps, body, state, parallel_iterations=1)
    log_sum, log_square = tf.reduce_logsumexp(log_w, axis=0), tf.reduce_logsumexp(2.0 * log_w, axis=0)
    effective = tf.exp(2.0 * log_sum - log_square)
    error = tf.sqrt(tf.maximum(1.0 / effective - 1.0 / chains, 0.0))
    return log_sum - math.log(chains), error, effective
