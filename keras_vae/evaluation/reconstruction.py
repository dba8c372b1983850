"""How well a deterministic autoencoder gives back a test set."""

import math
from typing import Any

import numpy as np

from keras_vae import _random
from keras_vae._backend import tf
from keras_vae.evaluation import inputs
from keras_vae.evaluation.metrics import Metric
from keras_vae.models import DeterministicCode
from keras_vae.models.capabilities import require
from keras_vae.objectives import Reconstruction

_BATCH = 500

METRICS = (
    Metric("squared_error", "mean squared error per pixel", precision=5, better="lower"),
    Metric("psnr", "peak signal-to-noise ratio", "dB", better="higher", label="PSNR", headline=True),
    Metric("psnr_corrupted", "peak signal-to-noise ratio of the corrupted images x̃ that the model was given", "dB"),
)


def reconstruction_report(
    model: Any, images: np.ndarray, labels: np.ndarray | None = None, seed: int = 0
) -> dict[str, float]:
    """Score what an autoencoder gives back: a denoising one is given corrupted images and compared with the clean ones.

    Penalties, and noise on the code, are for training alone: what is scored is what `reconstruct` gives.

    Args:
        model: a model whose code is a vector, such as an `Autoencoder`.
        images: `(N,) + data_shape`.
        labels: int `(N,)`, for a model whose decoder takes them.
        seed: of the corruption.

    Returns:
        `squared_error`, the mean over pixels and images; `psnr` = 10 log10(1 / squared_error) in dB, for values from 0 to 1;
        `log_likelihood` in nats an image; of a denoising one also `psnr_corrupted`, of the corrupted images that it was given.

    Raises:
        ValueError: if there are no images, or they are not what the model takes.
    """
    require("reconstruction_report", model, DeterministicCode, "a model whose code is a vector, such as an Autoencoder")
    images, labels = inputs.examples(model, images, labels)
    total = len(images)
    objective, key = Reconstruction(model.corruption), _random.as_seed(seed)
    found, damage = [], []
    for start in range(0, total, _BATCH):
        x = images[start : start + _BATCH]
        condition = model.condition_of(None if labels is None else labels[start : start + _BATCH], len(x))
        seed_of_batch = _random.fold_in(key, start)
        found.append(objective.terms(model, tf.constant(x), condition, 0, seed_of_batch))
        if objective.corruption is not None:
            damage.append(objective.given(tf.constant(x), seed_of_batch) - x)
    error = float(np.concatenate([terms.squared_error for terms in found]).mean())
    return {
        "squared_error": error,
        "psnr": decibels(error),
        "log_likelihood": float(np.concatenate([terms.log_likelihood for terms in found]).mean()),
        **({"psnr_corrupted": decibels(float(np.square(np.concatenate(damage)).mean()))} if damage else {}),
    }


def decibels(squared_error: float) -> float:
    """Peak signal to noise, 10 log10(1 / mean squared error), for values from 0 to 1; at most 120."""
    return -10.0 * math.log10(max(squared_error, 1e-12))
