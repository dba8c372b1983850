"""A model in one picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae import data
from keras_vae.models import Clusters, DenoisingAutoencoder, LatentVariableModel, SparseAutoencoder
from keras_vae.plots.codes import clusters, features, restored
from keras_vae.plots.comparisons import swaps
from keras_vae.plots.completions import completions
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import draws_unasked, reconstructions, samples, samples_by_class
from keras_vae.plots.latent import manifold
from keras_vae.plots.traversals import traversals


def portrait(
    model: Any,
    images: np.ndarray,
    labels: np.ndarray,
    known_factors: bool = False,
    class_names: Sequence[str] = (),
) -> Figure | None:
    """Draw what a model is for, in one picture.

    New images, a plane of them, completions, swaps, clusters, restored images, features, latents moved one at a time, or images
    given back.

    Args:
        model: a model of this library.
        images: at least ten test images, `(N,) + data_shape`.
        labels: their labels, `(N,)`.
        known_factors: whether the images vary in known factors, which latents should be.
        class_names: words for the labels, or for the domains.

    Returns:
        The figure; None for a classifier, which makes no images.
    """
    if known_factors and isinstance(model, LatentVariableModel):
        return traversals(model, images[0], labels[0] if model.conditional else None)
    if getattr(model, "completes", False):
        return completions(model, images[:6], data.quadrants(images[:6], 1))
    if hasattr(model, "swap"):
        return swaps(model, images[:10], class_names)
    if isinstance(model, Clusters):
        return clusters(model, images)
    if isinstance(model, DenoisingAutoencoder):
        return restored(model, images[:10])
    if isinstance(model, SparseAutoencoder):
        return features(model, 100, images)
    if getattr(model, "latent_size", 0) == 2 and hasattr(model, "sample") and not model.conditional:
        return manifold(model, 15)
    if draws_unasked(model):
        return samples_by_class(model, 10, class_names=class_names) if model.conditional else samples(model, 64)
    return reconstructions(model, images[:20], labels[:20]) if hasattr(model, "reconstruct") else None
