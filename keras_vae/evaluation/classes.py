"""Whether a conditional model draws what it was asked for."""

from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae.evaluation.metrics import Metric
from keras_vae.models import Samples
from keras_vae.models.classifier import IMAGES

METRICS = (
    Metric("accuracy", "accuracy", "%", better="higher", headline=True),
    Metric(
        "class_accuracy",
        "samples recognised as the class asked for",
        "%",
        better="higher",
        label="samples of their class",
    ),
)


def class_accuracy(model: Any, classifier: Any, num_samples: int = 10_000, seed: int = 0) -> float:
    """Share of a conditional model's samples that a classifier takes for the class that was asked for.

    Args:
        model: a conditional model; the classes are asked for in turn.
        classifier: a `keras.Model` from images to logits of classes that are numbered as the model's; it may know more.
        num_samples: images to draw.
        seed: of the latents.

    Returns:
        Share from 0 to 1.

    Raises:
        ValueError: if the model has no classes, or the classifier does not know all of them.
    """
    if not (isinstance(model, Samples) and model.num_classes):
        raise ValueError(
            f"{type(model).__name__} draws no class that was asked for: class_accuracy takes a conditional model."
        )
    if not callable(classifier):
        raise ValueError(f"classifier={classifier!r}: must be a keras.Model from images to logits.")
    num_samples = _checks.positive_int("num_samples", num_samples, maximum=10**7)
    labels = np.arange(num_samples) % model.num_classes
    key, right = _random.as_seed(seed), 0
    for start in range(0, num_samples, 1000):
        asked = labels[start : start + 1000]
        # A Gaussian model may overshoot what an image can be.
        drawn = np.clip(model.sample(labels=asked, seed=_random.fold_in(key, start)), *IMAGES)
        logits = np.asarray(classifier(drawn))
        if logits.ndim != 2 or len(logits) != len(asked) or logits.shape[1] < model.num_classes:
            raise ValueError(
                f"The classifier puts out shape {logits.shape} for {len(asked)} images, and the model has {model.num_classes} "
                "classes: give a classifier of the same classes, which puts out one logit per class."
            )
        right += int((np.argmax(logits, axis=-1) == asked).sum())
    return right / num_samples
