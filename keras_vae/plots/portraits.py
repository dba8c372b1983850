"""A model in one picture."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae import data
from keras_vae.models import (
    Clusters,
    Denoises,
    HasPosterior,
    ImageConditions,
    Reconstructs,
    Samples,
    SparseCode,
    TranslatesDomains,
)
from keras_vae.plots.codes import clusters, features, restored
from keras_vae.plots.comparisons import swaps
from keras_vae.plots.completions import completions
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import reconstructions, samples, samples_by_class, samples_unasked
from keras_vae.plots.latent import has_plane, manifold
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
    figure = portrait_of_factors(model, images, labels) if known_factors else None
    return portrait_of(model, images, labels, class_names) if figure is None else figure


@functools.singledispatch
def portrait_of_factors(model: Any, images: np.ndarray, labels: np.ndarray) -> Figure | None:
    """The figure of a model of images that vary in known factors; None for a model without latents."""
    return None


@portrait_of_factors.register(HasPosterior)
def _traversed(model: Any, images: np.ndarray, labels: np.ndarray) -> Figure:
    return traversals(model, images[0], labels[0] if model.conditional else None)


@functools.singledispatch
def portrait_of(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure | None:
    """What `portrait` draws of a kind of model: `portrait_of.register(MyModel)` says it for one of a user's own.

    Args and result as in `portrait`.
    """
    return None


@portrait_of.register(Reconstructs)
def _reconstructed(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure:
    return reconstructions(model, images[:20], labels[:20])


@portrait_of.register(Samples)
def _sampled(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure | None:
    if has_plane(model):
        return manifold(model, 15)
    if samples_unasked(model):
        return samples_by_class(model, 10, class_names=class_names) if model.conditional else samples(model, 64)
    return _reconstructed(model, images, labels) if isinstance(model, Reconstructs) else None


@portrait_of.register(ImageConditions)
def _completed(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure | None:
    if model.completes:
        return completions(model, images[:6], data.quadrants(images[:6], 1))
    return _reconstructed(model, images, labels)


@portrait_of.register(TranslatesDomains)
def _translated(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure:
    return swaps(model, images[:10], class_names)


@portrait_of.register(Clusters)
def _clustered(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure:
    return clusters(model, images)


@portrait_of.register(Denoises)
def _denoised(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure:
    return restored(model, images[:10])


@portrait_of.register(SparseCode)
def _units(model: Any, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()) -> Figure:
    return features(model, 100, images)
