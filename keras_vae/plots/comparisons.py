"""What several decoders, or several models, make of the same images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae.models import TranslatesDomains
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import grid_figure


def swaps(model: Any, images: Any, domain_names: Sequence[str] = ()) -> Figure:
    """Show images, and below each what the decoder of every domain makes of its code.

    Args:
        model: a `SwapAutoencoder`.
        images: `(N,) + data_shape`, of any domain.
        domain_names: one a domain; by default their numbers.

    Raises:
        ValueError: if the model has no domains, or the names are not as many.
    """
    if not isinstance(model, TranslatesDomains):
        raise ValueError(
            f"{model.name} is a {type(model).__name__}, which has no domains: take a SwapAutoencoder, such as "
            "one of `keras-vae list --task swap`."
        )
    names = list(domain_names) or [f"domain {domain}" for domain in range(model.num_domains)]
    if len(names) != model.num_domains:
        raise ValueError(f"domain_names has {len(names)} names: {model.name} has {model.num_domains} domains.")
    images = np.asarray(images)
    rows = [images, *(np.asarray(model.swap(images, domain)) for domain in range(model.num_domains))]
    return grid_figure(np.concatenate(rows), len(images), f"Swaps by {model.name}", ["input", *names])


def comparison(models: Sequence[Any], images: Any, labels: Any = None) -> Figure:
    """Show images, and below them a row of reconstructions for each model, with the mean of its squared errors.

    Args:
        models: models whose data have one shape.
        images: `(N,) + data_shape`.
        labels: int `(N,)`, for those of them that are conditional.

    Raises:
        ValueError: if the models' data differ in shape.
    """
    images, models = np.asarray(images), list(models)
    if not models:
        raise ValueError("models is empty: give the models to compare.")
    rows, names = [images], ["input"]
    for model in models:
        if tuple(model.data_shape) != images.shape[1:]:
            raise ValueError(
                f"{model.name} takes images of shape {tuple(model.data_shape)}, and these have {images.shape[1:]}: compare models "
                "of the same data."
            )
        made = np.asarray(model.reconstruct(images, labels if model.conditional else None))
        rows.append(made)
        names.append(f"{model.name} {np.mean((made - images) ** 2):.4f}")
    return grid_figure(np.concatenate(rows), len(images), "Reconstructions, with their mean squared error", names)
