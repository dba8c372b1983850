"""How well an image is moved from one domain to another, where the truth is known."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._backend import keras
from keras_vae._batches import in_batches
from keras_vae.evaluation import inputs
from keras_vae.evaluation.metrics import Metric
from keras_vae.evaluation.probes import error_rate
from keras_vae.evaluation.reconstruction import decibels
from keras_vae.models import Classifier, TranslatesDomains
from keras_vae.models.capabilities import require

_BATCH = 500
_NEIGHBOURS_OF = 1000

Judge = Callable[[np.ndarray], np.ndarray]
"""From images to labels."""

METRICS = (
    Metric("psnr_there", "PSNR of images translated to the second domain", "dB", better="higher"),
    Metric("psnr_identity_there", "PSNR of the image left as it is, second domain", "dB"),
    Metric("psnr_neighbour_there", "PSNR of the nearest training image of the second domain", "dB"),
    Metric(
        "label_kept_there",
        "label preserved after translation to the second domain",
        "%",
        better="higher",
        label="label kept, there",
    ),
    Metric("label_of_truth_there", "label found in the true images of the second domain: what the judge can see", "%"),
    Metric(
        "domain_taken_there",
        "translated images taken for the second domain",
        "%",
        better="higher",
        label="domain taken, there",
    ),
    Metric("psnr_back", "PSNR of images translated to the first domain", "dB", better="higher"),
    Metric("psnr_identity_back", "PSNR of the image left as it is, first domain", "dB"),
    Metric("psnr_neighbour_back", "PSNR of the nearest training image of the first domain", "dB"),
    Metric(
        "label_kept_back",
        "label preserved after translation to the first domain",
        "%",
        better="higher",
        label="label kept, back",
    ),
    Metric("label_of_truth_back", "label found in the true images of the first domain: what the judge can see", "%"),
    Metric(
        "domain_taken_back",
        "translated images taken for the first domain",
        "%",
        better="higher",
        label="domain taken, back",
    ),
)


def swap_report(
    model: Any,
    domains: Sequence[np.ndarray],
    labels: np.ndarray,
    judges: Sequence[Judge],
    domain_judge: Judge,
    training: Sequence[np.ndarray],
) -> dict[str, float]:
    """Score a `MultiDomainAutoencoder` of two domains on things that are known in both.

    Args:
        model: the model.
        domains: the same N things in each domain, two arrays `(N,) + data_shape`.
        labels: what each shows, int `(N,)`.
        judges: for each domain, what says of its images what they show.
        domain_judge: says of images which domain they are of.
        training: images of each domain that the model learned from, among which the nearest neighbours are sought.

    Returns:
        For the way from the first to the second domain (`_there`) and back (`_back`): `psnr`, in dB, of the swapped image against
        the truth; `label_kept`, the share whose label the judge of the new domain finds; `domain_taken`, the share that the domain
        judge takes for the new domain. Beside the second, a ceiling: `label_of_truth`, the share whose label that judge finds in
        the truth. Beside the first, floors: `psnr_identity`, of the image left as it is, and `psnr_neighbour`, of the nearest
        training image of the new domain, both on the first 1,000.

    Raises:
        ValueError: if the model has no domains, the domains are of different shapes, or there is not one label for each thing.
    """

    shapes = [np.shape(part) for part in domains]
    if len(shapes) != 2 or shapes[0] != shapes[1]:
        raise ValueError(
            f"domains have shapes {', '.join(map(str, shapes))}: give two of one shape, the same things in both. "
            "Pad or resize the images that differ."
        )
    require(
        "swap_report", model, TranslatesDomains, "a model that translates domains, such as a MultiDomainAutoencoder"
    )
    inputs.same_length(things=domains[0], labels=inputs.labels("labels", labels))
    found: dict[str, float] = {}
    for source, target, way in ((0, 1, "there"), (1, 0, "back")):
        x, truth = domains[source], domains[target]
        swapped = in_batches(functools.partial(model.swap, domains=target), x)
        some = slice(_NEIGHBOURS_OF)
        found |= {
            f"psnr_{way}": psnr(swapped, truth),
            f"psnr_identity_{way}": psnr(x[some], truth[some]),
            f"psnr_neighbour_{way}": psnr(_nearest(x[some], training[target]), truth[some]),
            f"label_kept_{way}": 1.0 - error_rate(labels, judges[target](swapped)),
            f"label_of_truth_{way}": 1.0 - error_rate(labels, judges[target](truth)),
            f"domain_taken_{way}": float(np.mean(domain_judge(swapped) == target)),
        }
    return found


def trained_judge(images: np.ndarray, labels: np.ndarray, epochs: int = 5, seed: int = 0) -> Judge:
    """Train a small convolutional classifier to judge with, at a rate that falls to zero.

    Args:
        images: `(N, H, W, C)` from 0 to 1.
        labels: int `(N,)`, from 0.
        epochs: passes over the images.
        seed: of its weights and the order.

    Raises:
        ValueError: if there is not one label for each image.
    """
    inputs.same_length(images=images, labels=inputs.labels("labels", labels))
    keras.utils.set_random_seed(seed)
    classifier = Classifier(images.shape[1:], int(labels.max()) + 1, filters=(16, 32))
    batch_size = min(128, len(images))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * math.ceil(len(images) / batch_size))
    classifier.compile(keras.optimizers.Adam(rate))
    classifier.fit(images, labels, batch_size=batch_size, epochs=epochs, verbose=0)
    return lambda x: classifier.predict(x, batch_size=_BATCH, verbose=0).argmax(axis=-1)


def psnr(found: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal to noise in dB of values from 0 to 1 against the truth.

    Args:
        found: finite floats.
        truth: floats from 0 to 1, of the same shape.

    Raises:
        ValueError: if the shapes differ, there are no values, or they are not such numbers: images of 8 bits are divided by 255.
    """
    found, truth = np.asarray(found), np.asarray(truth)
    if found.shape != truth.shape or not found.size:
        raise ValueError(
            f"found has shape {found.shape} and truth {truth.shape}: must be the same, of one value or more."
        )
    for name, values in (("found", found), ("truth", truth)):
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ValueError(f"{name} has dtype {values.dtype}: must be finite floats. Divide images of 8 bits by 255.")
    if truth.min() < 0.0 or truth.max() > 1.0:
        raise ValueError(
            f"truth is from {truth.min():g} to {truth.max():g}: must be from 0 to 1. Divide images of 8 bits by 255."
        )
    return decibels(float(np.mean((found - truth) ** 2)))


def _nearest(x: np.ndarray, among: np.ndarray) -> np.ndarray:
    with _checks.extra("eval", "Evaluating domain translation"):
        from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(among.reshape(len(among), -1))
    return among[search.kneighbors(x.reshape(len(x), -1), return_distance=False)[:, 0]]
