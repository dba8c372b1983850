"""Pictures of which a part is given, and what a model makes of the rest."""

from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.models import validation
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import grid_figure


def completions(model: Any, images: Any, conditions: Any, draws: int = 6, seed: int | None = 0) -> Figure:
    """Show what is given of each image, several completions of it, and the image itself, a row an image.

    Args:
        model: an `ImageConditionalVAE` that completes.
        images: `(N,) + data_shape`.
        conditions: `(N,) + condition_shape`.
        draws: completions an image.
        seed: of the first; the others have the next ones.

    Raises:
        ValueError: if the model does not complete pictures.
    """
    validation.completes(model)
    draws = _checks.positive_int("draws", draws)
    images, conditions = np.asarray(images), np.asarray(conditions)
    full = 255.0 if conditions.dtype == np.uint8 else 1.0
    # What is not given is shown grey, so that it is not taken for paper or ink.
    shown = np.where(conditions[..., -1:] > 0.5 * full, conditions[..., :-1] / full, 0.5)
    seeds = [None if seed is None else seed + i for i in range(draws)]
    made = [np.asarray(model.sample(labels=conditions, seed=one)) for one in seeds]
    rows = np.stack([shown, *made, images], axis=1)
    title = f"Given, {draws} completions by {model.name}, and the image"
    return grid_figure(rows.reshape(-1, *images.shape[1:]), draws + 2, title)
