"""The likelihood of what is hidden of a picture, given the rest of it."""

import math
from typing import Any

import numpy as np

from keras_vae import _checks, _random, data
from keras_vae._backend import tf

_BATCH = 100
_DRAWS = 50


def prior_log_prob(model: Any, x: Any, labels: Any = None, num_samples: int = 100, seed: Any = None) -> Any:
    """Estimate log p(x|c) of each example in nats with draws of the prior: `(B,)`.

    log 1/S sum_s p(x|z_s, c) with z_s ~ p(z|c): Sohn et al. (2015), equation 5. A lower bound in expectation, as importance
    sampling is, and looser: few draws of the prior are near what the example asks for.

    Args:
        model: a `LatentVariableModel`.
        x, labels: as in its `log_prob`.
        num_samples: S.
        seed: an int, or None for fresh noise.

    Raises:
        ValueError: if the data or the labels are not what the model takes, or the number is out of its range.
    """
    num_samples = _checks.positive_int("num_samples", num_samples, maximum=10**8)
    key = _random.as_seed(seed)
    condition = model.condition_of(labels, len(x))
    x = tf.convert_to_tensor(x, tf.float32)
    prior = model.prior_given(condition)
    size = () if prior.batch_shape.rank else (len(x),)
    sums = tf.fill((len(x),), -float("inf"))
    for start in range(0, num_samples, _DRAWS):
        draws = min(_DRAWS, num_samples - start)
        z = prior.sample((draws, *size), seed=_random.fold_in(key, start))  # (S, B, Z)
        found = tf.reduce_logsumexp(model.likelihood_given(z, condition).log_prob(x), axis=0)
        sums = tf.reduce_logsumexp(tf.stack([sums, found]), axis=0)
    return sums - math.log(num_samples)


def completion_report(model: Any, images: np.ndarray, num_samples: int = 100, seed: int = 0) -> dict[str, float]:
    """Score a model that completes pictures by how many quadrants it is given, in nats a picture: lower is better.

    Args:
        model: an `ImageConditionalVAE` that completes.
        images: `(N, H, W, C)`, as the likelihood takes them.
        num_samples: draws a picture, of the prior and of the posterior.
        seed: of the draws.

    Returns:
        For one, two and three quadrants given `completion_nll_monte_carlo_1` and so on, with draws of the prior, and
        `completion_nll_1` and so on, by importance sampling.

    Raises:
        ValueError: if the model completes no pictures, or the images are not what it takes.
    """
    if not getattr(model, "completes", False):
        raise ValueError(f"{model.name} completes no pictures: take an ImageConditionalVAE with completes=True.")
    figures = {}
    for given in (1, 2, 3):
        by_prior, by_posterior = [], []
        for start in range(0, len(images), _BATCH):
            x = images[start : start + _BATCH]
            condition, key = data.quadrants(x, given), _random.fold_in(_random.as_seed(seed), start)
            by_prior.append(prior_log_prob(model, x, condition, num_samples, key))
            by_posterior.append(model.log_prob(x, condition, num_samples, key))
        figures[f"completion_nll_monte_carlo_{given}"] = -float(np.concatenate(by_prior).mean())
        figures[f"completion_nll_{given}"] = -float(np.concatenate(by_posterior).mean())
    return figures
