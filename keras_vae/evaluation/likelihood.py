"""The likelihood of a test set, and what the bound is made of."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import tf
from keras_vae.evaluation import inputs
from keras_vae.evaluation.metrics import Metric
from keras_vae.models import HasPosterior
from keras_vae.models.capabilities import require
from keras_vae.objectives import ELBO

Progress = Callable[[int, int], None]

_BATCH = 100
CHECKED = 100
"""The first images, whose figure is kept beside that of all, so that a quick run can check it."""

METRICS = (
    Metric("nll", "negative log-likelihood", "nats", better="lower", label="NLL", headline=True),
    Metric("elbo", "ELBO", "nats", better="higher"),
    Metric(
        "log_likelihood",
        "reconstruction term E_q[log p(x given z)]",
        "nats",
        better="higher",
        without_kl="log-likelihood log p(x given its code)",
    ),
    Metric("kl", "KL(q(z given x), p(z))", "nats"),
    Metric("kl_by_level", "KL by level, the top one first"),
    Metric("bits_per_dim", "bits per dimension", precision=4, better="lower"),
    Metric("active_units", "active latent units", precision=None),
    Metric("active_units_by_level", "active latent units by level", precision=None),
    Metric("effective_samples", "effective importance samples, median", precision=0, better="higher"),
    Metric("nll_first_100", "NLL of the first 100 images", "nats", precision=3, better="lower", shown=False),
    Metric("nll_first_100_error", "Monte Carlo standard error of that", "nats", precision=3, shown=False),
)


def likelihood_report(
    model: Any,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    num_samples: int | None = 5000,
    seed: int = 0,
    progress: Progress | None = None,
    dequantized_levels: int | None = None,
) -> dict[str, Any]:
    """Score a model on a test set, in nats an example.

    Args:
        model: a model with a posterior, such as a `VAE`.
        images: `(N,) + data_shape`, as the likelihood takes them (binarised once for a Bernoulli).
        labels: int `(N,)`, for a conditional model.
        num_samples: importance samples an image; the published tables use 5,000. None estimates the bound alone.
        seed: of all noise.
        progress: called with the number of images done and N.
        dequantized_levels: number of values L of each pixel before noise was added, x = (k + u) / L with k from 0 to L - 1 and u
            uniform in [0, 1): 256 for the preprocessing `"dequantization"`. None for other data.

    Returns:
        `elbo`, and its two terms `log_likelihood` (minus the distortion) and `kl` (the rate); `elbo_standard_error` over
        images; `active_units`; for a hierarchy, `kl_by_level` (Monte Carlo, one draw an image) and `active_units_by_level`, lists
        from the top level down. By importance sampling `nll` = -mean log p(x) (given the label, for a conditional model), and its
        standard error over images `nll_standard_error`; `effective_samples` (median over images); `bits_per_dim` of the nll,
        where the likelihood is a probability or the data are dequantised; `nll_first_100` with `nll_first_100_error` (Monte
        Carlo), by which a quick run can check the whole.

    Raises:
        ValueError: if the data or the labels are not what the model takes.
    """
    require("likelihood_report", model, HasPosterior, "a model with a posterior, such as a VAE")
    images, given = inputs.examples(model, images, labels)
    total = len(images)
    key = _random.as_seed(seed)
    bound = ELBO()
    estimates, elbo, kl, means, rates = [], [], [], [], []
    for start in range(0, total, _BATCH):
        x = images[start : start + _BATCH]
        y = None if given is None else given[start : start + _BATCH]
        if num_samples is not None:
            estimates.append(model.importance_estimate(x, y, num_samples, _random.fold_in(key, start)))
        condition = model.condition_of(y, len(x))
        terms = bound.terms(model, tf.constant(x), condition, 0, _random.fold_in(key, -1 - start))
        kl.append(terms.kl.numpy())
        elbo.append((terms.log_likelihood - terms.kl).numpy())
        posterior = model.encode(x, y)
        means.append(posterior.mean().numpy())
        rates.append(_rates(posterior, model.prior_given(condition), _random.fold_in(key, -1 - start)))
        if progress:
            progress(min(start + _BATCH, total), total)
    elbos, rate = np.concatenate(elbo), float(np.concatenate(kl).mean())
    active = _active(np.concatenate(means))
    return {
        "elbo": float(elbos.mean()),
        "elbo_standard_error": _standard_error(elbos),
        "log_likelihood": float(elbos.mean()) + rate,
        "kl": rate,
        "active_units": int(active.sum()),
        **(_by_level(model.level_sizes, active, np.concatenate(rates)) if len(model.level_sizes) > 1 else {}),
        **(_by_importance(model, estimates, dequantized_levels) if estimates else {}),
    }


def _by_importance(model: Any, estimates: Sequence[Any], levels: int | None) -> dict[str, float]:
    """The figures of importance sampling, of the estimates of all batches."""
    log_prob, error, effective = (np.concatenate(parts) for parts in zip(*estimates, strict=True))
    nll, first = -log_prob, slice(CHECKED)
    return {
        "nll": float(nll.mean()),
        "nll_standard_error": _standard_error(nll),
        **in_bits(model, float(nll.mean()), levels),
        "effective_samples": float(np.median(effective)),
        "nll_first_100": float(nll[first].mean()),
        "nll_first_100_error": float(np.sqrt((error[first] ** 2).sum()) / len(nll[first])),
    }


def in_bits(model: Any, nats: float, dequantized_levels: int | None = None) -> dict[str, float]:
    """Nats per example as `bits_per_dim`, for D numbers per example.

    Of a probability it is nats / (D log 2). The value of a density depends on the units of the pixels, so there is none, unless the
    data are dequantised: the density of x = (k + u) / L integrates over the cell of k, of volume L^-D, to a probability of k. Then
    it is nats / (D log 2) + log2(L), on average an upper bound of that of the whole numbers k (Theis et al., 2016, section 3.1).
    """
    bits = nats / math.log(2.0) / math.prod(model.data_shape)
    if model.likelihood.discrete:
        return {"bits_per_dim": bits}
    if dequantized_levels is None:
        return {}
    levels = _checks.positive_int("dequantized_levels", dequantized_levels, minimum=2, maximum=65_536)
    return {"bits_per_dim": bits + math.log2(levels)}


def active_units(model: Any, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Which latents the data move: Var_x(E_q[z_j|x]) > 0.01 (Burda et al., 2016, section 5.2). bool `(Z,)`.

    Raises:
        ValueError: if the model has no latents, or the data or the labels are not what it takes.
    """
    require("active_units", model, HasPosterior, "a model with a posterior, such as a VAE")
    images, labels = inputs.examples(model, images, labels)
    means = [
        model.encode(images[i : i + 1000], None if labels is None else labels[i : i + 1000]).mean()
        for i in range(0, len(images), 1000)
    ]
    return _active(np.concatenate(means))


def _rates(posterior: Any, prior: Any, seed: Any) -> np.ndarray:
    """log q(z_l | z_<l, x) - log p(z_l | z_<l) of each level l at a draw of z: `(B, L)`; without levels `(B, 0)`."""
    if not hasattr(posterior, "densities"):
        return np.zeros((posterior.batch_shape[0], 0))
    z = posterior.sample(seed=seed)
    return np.stack([q - p for q, p in zip(posterior.densities(z), prior.densities(z), strict=True)], axis=-1)


def _by_level(sizes: Sequence[int], active: np.ndarray, rates: np.ndarray) -> dict[str, list[Any]]:
    levels = np.split(active, np.cumsum(sizes)[:-1])
    return {
        "kl_by_level": [float(rate) for rate in rates.mean(axis=0)],
        "active_units_by_level": [int(level.sum()) for level in levels],
    }


def _active(means: np.ndarray) -> np.ndarray:
    return means.var(axis=0) > 0.01


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0
