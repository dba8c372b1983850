"""How well discrete codes give back a test set, how many of them are in use, and what it takes to name them."""

import math
from typing import Any

import numpy as np

from keras_vae._backend import tf
from keras_vae._batches import batch_size
from keras_vae.evaluation import inputs
from keras_vae.evaluation.likelihood import in_bits
from keras_vae.evaluation.metrics import Metric
from keras_vae.models import DiscreteCodes
from keras_vae.models.capabilities import require

_BATCH = 250

METRICS = (
    Metric(
        "squared_error_of_variance",
        "mean squared error as a share of the variance of the images",
        precision=4,
        better="lower",
        label="error / variance",
    ),
    Metric(
        "perplexity",
        "perplexity of the codes by level, the smallest grid first",
        precision=1,
        better="higher",
        label="perplexity of the codes",
    ),
    Metric("codes_used", "codes in use by level", precision=None, better="higher"),
    Metric("code_bits", "bits that name the codes of an image", precision=0),
)


def codebook_report(
    model: Any, images: np.ndarray, labels: np.ndarray | None = None, dequantized_levels: int | None = None
) -> dict[str, Any]:
    """Score a model with discrete codes on a test set.

    Args:
        model: a model with discrete codes, such as a `VQVAE`.
        images: `(N,) + data_shape`.
        labels: int `(N,)`, for a model with classes.
        dequantized_levels: as in `likelihood_report`.

    Returns:
        `squared_error`, the mean over elements and images, and `squared_error_of_variance`, its share of the variance of the
        images; `perplexity` and `codes_used`, lists by level, the smallest grid first; `code_bits`, the bits that name the codes of
        an image if all are as likely; `kl` = -log p(codes) under the prior and `log_likelihood` = log p(x|codes), in nats an
        image, and `elbo`, the second less the first; `bits_per_dim` of the elbo, where the likelihood is a probability or the data
        are dequantised.

    Raises:
        ValueError: if the data or the labels are not what the model takes.
    """
    require("codebook_report", model, DiscreteCodes, "a model with discrete codes, such as a VQVAE")
    images, given = inputs.examples(model, images, labels)
    total = len(images)
    errors, log_likelihood, rate = [], [], []
    counts = np.zeros((len(model.prior.grids), model.num_codes))
    size = batch_size(model.latent_size * model.num_codes, _BATCH)  # of the prior's logits
    for start in range(0, total, size):
        x = images[start : start + size]
        codes = model.encode(x)
        p = model.decode(codes)
        condition = model.condition_of(None if given is None else given[start : start + size], len(x))
        errors.append(np.square(x - p.mean().numpy()).reshape(len(x), -1).mean(axis=1))
        log_likelihood.append(p.log_prob(tf.constant(x)).numpy())
        rate.append(-model.prior_given(condition).log_prob(codes).numpy())
        for level, grid in zip(counts, model.grids(codes), strict=True):
            level += np.bincount(grid.numpy().ravel(), minlength=model.num_codes)
    error, nats, kl = (float(np.concatenate(parts).mean()) for parts in (errors, log_likelihood, rate))
    share = counts / counts.sum(axis=1, keepdims=True)
    entropy = -np.sum(share * np.log(np.where(share > 0, share, 1.0)), axis=1)
    return {
        "squared_error": error,
        "squared_error_of_variance": error / float(np.var(images)),
        "perplexity": [float(value) for value in np.exp(entropy)],
        "codes_used": [int(value) for value in (counts > 0).sum(axis=1)],
        "code_bits": model.latent_size * math.log2(model.num_codes),
        "elbo": nats - kl,
        "log_likelihood": nats,
        "kl": kl,
        **in_bits(model, kl - nats, dequantized_levels),
    }
