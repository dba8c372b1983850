"""The likelihood of what is hidden of a picture, given the rest of it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import _checks, _layers, _random, data
from keras_vae._backend import keras, tf
from keras_vae.evaluation import inputs
from keras_vae.evaluation.likelihood import Progress
from keras_vae.evaluation.metrics import Metric
from keras_vae.models import HasPosterior, importance, validation
from keras_vae.models.capabilities import require

_BATCH = 100
_LEAST = 1e-6

# Draws of the posterior for the bound: as many as Pyro's rerun of the published table takes.
_BOUND_DRAWS = 10

_GIVEN = (1, 2, 3)

PRIOR_SAMPLES = (10_000, 2_500, 1_000)
"""Draws of the prior a picture for one, two and three quadrants given."""

Completer = Callable[[np.ndarray], np.ndarray]
"""From conditions `(N, H, W, C + 1)` to the probability of each pixel, `(N, H, W, C)`."""

METRICS = (
    Metric(
        "completion_nll_monte_carlo_{n}",
        "NLL of the hidden pixels, {n} quadrant{s} given, by samples of the prior",
        "nats",
        better="lower",
        label="NLL by draws of the prior, {n} quadrant{s} given",
    ),
    Metric(
        "completion_nll_{n}",
        "NLL of the hidden pixels, {n} quadrant{s} given, by 100 importance samples",
        "nats",
        better="lower",
        label="NLL, {n} quadrant{s} given",
    ),
    Metric(
        "completion_bound_{n}",
        "minus the ELBO of the hidden pixels, {n} quadrant{s} given, by 10 samples of the posterior",
        "nats",
        better="lower",
        label="minus the ELBO, {n} quadrant{s} given",
    ),
    Metric(
        "completion_nll_baseline_{n}",
        "NLL of the hidden pixels, {n} quadrant{s} given, of a network without latents",
        "nats",
        better="lower",
    ),
)


def prior_log_prob(model: Any, x: Any, labels: Any = None, num_samples: int = 100, seed: Any = None) -> Any:
    """Estimate log p(x|c) of each example in nats with draws of the prior: `(B,)`.

    log 1/S sum_s p(x|z_s, c) with z_s ~ p(z|c): Sohn et al. (2015), equation 6. A lower bound in expectation, as importance
    sampling is, and looser: few draws of the prior are near what the example asks for.

    Args:
        model: a model with a posterior, such as a `VAE`.
        x, labels: as in its `log_prob`.
        num_samples: S.
        seed: an int, or None for fresh noise.

    Raises:
        ValueError: if the data or the labels are not what the model takes, or the number is out of its range.
    """
    num_samples = _checks.positive_int("num_samples", num_samples, maximum=10**8)
    require("prior_log_prob", model, HasPosterior, "a model with a posterior, such as a VAE")
    x, labels = inputs.examples(model, x, labels)
    condition = model.condition_of(labels, len(x))
    return importance.estimate(
        model, tf.constant(x), condition, num_samples, _random.as_seed(seed), from_prior=True
    ).log_prob


def trained_completer(
    batches: Any, epochs: int = 20, hidden_units: Sequence[int] = (500, 500), seed: int = 0
) -> Completer:
    """Train what a model that completes pictures is compared with: a network without latents, each pixel on its own.

    Sohn et al. (2015), section 5.1, "baseline NN".

    Args:
        batches: of binary images and their conditions, as `data.load("mnist_quadrants", ...)` gives them.
        epochs: passes over them.
        hidden_units: sizes of its layers.
        seed: of its weights.

    Raises:
        ValueError: if a setting is out of its range.
    """
    layers, (_, conditions) = keras.layers, batches.element_spec
    keras.utils.set_random_seed(seed)
    height, width, channels = conditions.shape[1:]
    hidden = [layers.Dense(units, "relu") for units in _checks.sizes("hidden_units", hidden_units)]
    pixels = [layers.Dense(height * width * (channels - 1)), layers.Reshape((height, width, channels - 1))]
    network = keras.Sequential([keras.Input(conditions.shape[1:]), _layers.Flatten(), *hidden, *pixels])

    def hidden_nats(target: Any, logits: Any) -> Any:
        x, given = target[..., :-1], target[..., -1:]
        nats = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
        return tf.reduce_sum((1.0 - given) * nats, axis=(1, 2, 3))

    network.compile("adam", hidden_nats)
    pairs = batches.map(lambda x, c: (c, tf.concat([x, c[..., -1:]], axis=-1)))
    network.fit(pairs, epochs=_checks.positive_int("epochs", epochs, maximum=10_000), shuffle=False, verbose=0)
    return lambda c: tf.sigmoid(network.predict(c, batch_size=_BATCH, verbose=0)).numpy()


def completion_report(
    model: Any,
    images: np.ndarray,
    num_samples: int = 100,
    prior_samples: Sequence[int] = PRIOR_SAMPLES,
    seed: int = 0,
    baseline: Completer | None = None,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Score a model that completes pictures by how many quadrants it is given, in nats a picture: lower is better.

    Args:
        model: an `ImageConditionalVAE` that completes.
        images: `(N, H, W, C)`, as the likelihood takes them.
        num_samples: draws of the posterior a picture.
        prior_samples: draws of the prior a picture, for one, two and three quadrants given: the less is given, the more is open,
            and the fewer draws are near the picture.
        seed: of the draws.
        baseline: what the model is compared with: see `trained_completer`.
        progress: called with the number of completions scored and the number of all, three a picture.

    Returns:
        For one, two and three quadrants given `completion_nll_monte_carlo_1` and so on, with draws of the prior,
        `completion_nll_1` and so on, by importance sampling, `completion_bound_1` and so on, minus the ELBO with ten draws of the
        posterior, and where there is a baseline `completion_nll_baseline_1` and so on.

    Raises:
        ValueError: if the model completes no pictures, the images are not what it takes, or there are not three `prior_samples`.
    """
    validation.completes(model)
    images = inputs.examples(model, images)[0]
    if len(prior_samples) != len(_GIVEN):
        raise ValueError(
            f"prior_samples={prior_samples}: must be three numbers, for one, two and three quadrants given."
        )
    figures = {}
    for given, prior_draws in zip(_GIVEN, prior_samples, strict=True):
        by_prior, by_posterior, bounds = [], [], []
        for start in range(0, len(images), _BATCH):
            x = images[start : start + _BATCH]
            condition, key = data.quadrants(x, given), _random.fold_in(_random.as_seed(seed), start)
            by_prior.append(prior_log_prob(model, x, condition, prior_draws, key))
            by_posterior.append(model.log_prob(x, condition, num_samples, key))
            bounds.append(model.elbo(x, condition, _BOUND_DRAWS, seed=key))
            if progress:
                progress((given - 1) * len(images) + start + len(x), len(_GIVEN) * len(images))
        figures[f"completion_nll_monte_carlo_{given}"] = -float(np.concatenate(by_prior).mean())
        figures[f"completion_nll_{given}"] = -float(np.concatenate(by_posterior).mean())
        figures[f"completion_bound_{given}"] = -float(np.concatenate(bounds).mean())
        if baseline is not None:
            figures[f"completion_nll_baseline_{given}"] = _nats_of_each_pixel(baseline, images, given)
    return figures


def _nats_of_each_pixel(complete: Completer, images: np.ndarray, given: int) -> float:
    """What a completer pays for the hidden pixels of a picture, in nats."""
    conditions = data.quadrants(images, given)
    share = np.clip(complete(conditions), _LEAST, 1.0 - _LEAST)
    nats = -(images * np.log(share) + (1.0 - images) * np.log1p(-share))
    hidden = nats * (conditions[..., -1:] == 0)
    return float(hidden.reshape(len(images), -1).sum(axis=1).mean())
