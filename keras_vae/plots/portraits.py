"""A model in one picture."""

from typing import Any

import numpy as np

from keras_vae import data
from keras_vae.models import Clusters, DenoisingAutoencoder, SparseAutoencoder
from keras_vae.plots.codes import clusters, features, restored
from keras_vae.plots.comparisons import swaps
from keras_vae.plots.completions import completions
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import draws_unasked, reconstructions, samples, samples_by_class
from keras_vae.plots.latent import manifold


def portrait(model: Any, images: np.ndarray, labels: np.ndarray) -> Figure | None:
    """Draw what a model is for, in one picture.

    New images, a plane of them, completions, swaps, clusters, restored images, features, or images given back.

    Args:
        model: a model of this library.
        images: at least ten test images, `(N,) + data_shape`.
        labels: their labels, `(N,)`.

    Returns:
        The figure; None for a classifier, which makes no images.
    """
    if getattr(model, "completes", False):
        return completions(model, images[:6], data.quadrants(images[:6], 1))
    if hasattr(model, "swap"):
        return swaps(model, images[:10])
    if isinstance(model, Clusters):
        return clusters(model, images)
    if isinstance(model, DenoisingAutoencoder):
        return restored(model, images[:10])
    if isinstance(model, SparseAutoencoder):
        return features(model, 100, images)
    if getattr(model, "latent_size", 0) == 2 and hasattr(model, "sample") and not model.conditional:
        return manifold(model, 15)
    if draws_unasked(model):
        return samples_by_class(model, 10) if model.conditional else samples(model, 64)
    return reconstructions(model, images[:20], labels[:20]) if hasattr(model, "reconstruct") else None
