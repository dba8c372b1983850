"""The way from one image to another through the latent space."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.plots.decoding import decoded_rows, vectors
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import grid_figure
from keras_vae.plots.traversals import rows_gif


def interpolations(
    model: Any, first: Any, second: Any, labels: Any = None, columns: int = 9, class_names: Sequence[str] = ()
) -> Figure:
    """Decode the straight line between the codes of images, a row a pair: of a VAE, between the means of its posteriors.

    Args:
        model: a model whose code is a vector of numbers.
        first: where the lines begin, `(N,) + data_shape`.
        second: where they end, `(N,) + data_shape`.
        labels: for a conditional model, a pair of int `(N,)`, of the first and of the second; where a pair of images differs in
            its label, there is a row for each of both.
        columns: points a line, its ends included.
        class_names: words for the labels, in their order; by default their numbers.

    Raises:
        ValueError: if the model's code is no such vector, an argument is out of its range, or a label has no name.
    """
    images, names = _between(model, first, second, labels, columns, class_names)
    return grid_figure(
        images.reshape(-1, *images.shape[2:]), images.shape[1], f"From one image to another, {model.name}", names
    )


def interpolation_gif(
    model: Any,
    first: Any,
    second: Any,
    path: str | Path,
    labels: Any = None,
    frames: int = 24,
    scale: int = 4,
    class_names: Sequence[str] = (),
) -> Path:
    """Write the lines of `interpolations` as a GIF that runs to and fro, all beside each other; returns its path.

    Args:
        model, first, second, labels, class_names: as in `interpolations`.
        path: of the file.
        frames: pictures from one end to the other.
        scale: screen pixels a pixel.

    Raises:
        ValueError: as `interpolations`.
        OSError: if it cannot be written; what was there stays.
    """
    images, names = _between(model, first, second, labels, frames, class_names)
    return rows_gif(images, path, scale, names)


def _between(
    model: Any, first: Any, second: Any, labels: Any, columns: int, class_names: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Images `(rows, columns) + data_shape`, and words for the rows."""
    columns = _checks.positive_int("columns", columns, minimum=2)
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape:
        raise ValueError(
            f"The images have the shapes {first.shape} and {second.shape}: give as many ends as beginnings."
        )
    ends = (None, None) if labels is None else labels
    if not hasattr(ends, "__len__") or len(ends) != 2:
        raise ValueError("labels must be a pair: the labels of the first images, and those of the second.")
    begin, end = (vectors(model, x, y) for x, y in zip((first, second), ends, strict=True))
    if not model.conditional:
        return _decoded(model, begin, end, None, columns), []
    begin_label, end_label = (np.asarray(y) for y in ends)
    # With two labels there are two straight lines, each of one label.
    rows = [(i, label) for i in range(len(begin)) for label in dict.fromkeys((int(begin_label[i]), int(end_label[i])))]
    index, classes = (np.array(part) for part in zip(*rows, strict=True))
    return _decoded(model, begin[index], end[index], classes, columns), _words(classes, class_names)


def _words(labels: np.ndarray, class_names: Sequence[str]) -> list[str]:
    if not class_names:
        return [str(label) for label in labels]
    if isinstance(class_names, str) or len(class_names) <= labels.max():
        raise ValueError(
            f"class_names={class_names!r}: give a list of words, one per class; there is a label {labels.max()}."
        )
    return [class_names[label] for label in labels]


def _decoded(model: Any, begin: np.ndarray, end: np.ndarray, labels: Any, columns: int) -> np.ndarray:
    share = np.linspace(0, 1, columns, dtype="float32")[None, :, None]
    return decoded_rows(model, (1 - share) * begin[:, None] + share * end[:, None], labels)
