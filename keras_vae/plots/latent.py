"""Pictures of the latent space."""

from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.models import LatentPrior
from keras_vae.plots.decoding import vectors
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import check_classes, grid_figure

with _checks.extra("plots", "Plotting"):
    from matplotlib import colormaps


def manifold(model: Any, size: int = 20, label: int | None = None) -> Figure:
    """Decode a grid over a latent plane, its points at equal steps of the prior's probability: Kingma & Welling, figure 4.

    Args:
        model: a model with two latents and a standard normal prior.
        size: points a side.
        label: the class, for a conditional model.

    Raises:
        ValueError: if the model does not have two latents, or `label` is not one of its classes.
    """
    size = _checks.positive_int("size", size, maximum=200, minimum=2)
    return grid_figure(manifold_images(model, size, label), size, f"The latent plane of {model.name}")


def manifold_images(model: Any, size: int = 20, label: int | None = None) -> np.ndarray:
    """The images of `manifold`, row by row: `(size * size,) + data_shape`."""
    if model.latent_size != 2:
        raise ValueError(f"{model.name} has {model.latent_size} latents: a manifold picture needs a model with two.")
    with _checks.extra("plots", "Plotting"):
        from scipy.special import ndtri

    steps = ndtri((np.arange(size) + 0.5) / size)
    z = np.stack(np.meshgrid(steps, -steps), axis=-1).reshape(-1, 2).astype("float32")
    labels = None
    if model.conditional:
        check_classes(model)
        labels = np.full(len(z), _checks.positive_int("label", label, minimum=0, maximum=model.num_classes - 1))
    elif label is not None:
        raise ValueError(f"label={label!r}: {model.name} has no classes, so leave the label out.")
    return model.decode(z, labels).mean().numpy()


def has_plane(model: Any) -> bool:
    """Whether a model samples images from a plane of latents, without being asked for a class."""
    return isinstance(model, LatentPrior) and not model.conditional and model.latent_size == 2


def latent_scatter(model: Any, images: Any, labels: Any) -> Figure:
    """Plot the posterior means of images, coloured by label; of more than two latents, the two that vary most.

    Args:
        model: a model of this library.
        images: `(N,) + data_shape`.
        labels: whole numbers or words `(N,)`, one per image; -1 is a label like any other. A conditional model needs its classes.

    Raises:
        ValueError: if the labels are not one per image, or the model has fewer than two latents.
    """
    labels, values = _with_values(labels, len(images) if hasattr(images, "__len__") else 0)
    means = vectors(model, images, labels)
    if means.shape[1] < 2:
        raise ValueError(f"{model.name} has one latent: a scatter needs two.")
    first, second = sorted(np.argsort(-means.var(axis=0))[:2])
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    # By their order, so that the colours do not depend on what the labels are.
    count = len(values)
    colours = colormaps["tab10"](np.arange(count)) if count <= 10 else colormaps["turbo"](np.linspace(0, 1, count))
    for label, colour in zip(values, colours, strict=True):
        chosen = labels == label
        axes.scatter(
            means[chosen, first], means[chosen, second], s=4, alpha=0.6, linewidths=0, label=str(label), color=colour
        )
    axes.legend(markerscale=3, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set_xlabel(f"mean of z[{first}]")
    axes.set_ylabel(f"mean of z[{second}]")
    axes.set_title(f"Codes of {len(labels):,} images, {model.name}", fontsize=11)
    axes.set_aspect("equal", adjustable="datalim")
    return figure


def _with_values(labels: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels as an array, and the different ones in order."""
    try:
        found = np.asarray(labels)
        values = np.unique(found)
    except (TypeError, ValueError) as error:  # lists of several lengths, or kinds that have no order between them
        raise ValueError(
            f"The labels cannot be told apart ({error}): give whole numbers or words, one per image."
        ) from error
    if found.shape != (count,) or not count or found.dtype.kind == "O":
        raise ValueError(
            f"The labels have shape {found.shape} and dtype {found.dtype}: give whole numbers or words of shape "
            f"({count},), one per image, of at least one image."
        )
    return found, values
