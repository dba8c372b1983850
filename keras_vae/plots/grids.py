"""Pictures laid out in a grid."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.models import Samples
from keras_vae.plots.figure import Figure

_INCHES_A_LETTER = 0.09
# A sheet of a few small images is drawn larger, so that its title has room.
_LEAST_INCHES = 3.0


def image_grid(images: Any, columns: int | None = None, padding: int = 2) -> np.ndarray:
    """Lay images out in one, row by row.

    Args:
        images: `(N, H, W, C)` in [0, 1] with one or three channels; values outside are clipped.
        columns: images a row; by default as many as make it about square.
        padding: white pixels between them.

    Returns:
        uint8 `(height, width, 3)`.

    Raises:
        ValueError: if they are no such images, or a number is out of its range.
    """
    given = np.asarray(images)
    if given.dtype.kind not in "buif" or np.isnan(given).any():
        raise ValueError(f"images have dtype {given.dtype}, or a value that is not a number: give floats in [0, 1].")
    if given.dtype.kind in "ui" and given.size and given.max() > 1:
        raise ValueError(
            f"images are {given.dtype} up to {given.max()}: give floats in [0, 1]. Divide images of 8 bits by 255."
        )
    images = np.clip(given.astype("float32"), 0.0, 1.0)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise ValueError(
            f"images have shape {images.shape}: must be (count, height, width, 1 or 3), with at least one."
        )
    count, height, width, _ = images.shape
    columns = _checks.positive_int("columns", columns if columns is not None else math.ceil(math.sqrt(count)))
    padding = _checks.positive_int("padding", padding, maximum=1000, minimum=0)
    rows = math.ceil(count / columns)
    sheet = np.ones((rows * (height + padding) + padding, columns * (width + padding) + padding, 3), dtype="float32")
    for i, image in enumerate(images):
        top, left = padding + (i // columns) * (height + padding), padding + (i % columns) * (width + padding)
        sheet[top : top + height, left : left + width] = image
    return np.round(sheet * 255).astype("uint8")


def grid_figure(
    images: Any, columns: int | None = None, title: str = "", row_labels: Sequence[str] = (), gap_after: int = 0
) -> Figure:
    """A figure of `image_grid`, with a title and a label beside each row.

    Args:
        images, columns: as in `image_grid`.
        title: stands above.
        row_labels: one a row, or none.
        gap_after: leave a white column after this many, to set two halves apart.

    Raises:
        ValueError: as `image_grid`, or if the labels are not as many as the rows.
    """
    images = np.asarray(images)
    columns = math.ceil(math.sqrt(max(1, images.shape[0] if images.ndim else 0))) if columns is None else columns
    sheet = image_grid(images, columns)
    gap_after = _checks.positive_int("gap_after", gap_after, maximum=columns, minimum=0)
    rows = math.ceil(len(images) / columns)
    if isinstance(row_labels, str) or len(row_labels) not in (0, rows):
        raise ValueError(f"row_labels={row_labels!r}: give a list of {rows}, one per row, or none.")
    if gap_after:
        cut = 1 + gap_after * ((sheet.shape[1] - 2) // columns)
        sheet = np.insert(sheet, [cut] * 12, 255, axis=1)
    height, width = sheet.shape[:2]
    # At 144 dots an inch each pixel of the sheet becomes two by two, or more where the sheet is small.
    zoom = max(1, int(_LEAST_INCHES * 72 / width))
    wide, high = width * zoom / 72, height * zoom / 72
    left = 0.12 + 0.075 * max((len(label) for label in row_labels), default=-1)
    lines = textwrap.wrap(title, int(wide / _INCHES_A_LETTER), break_long_words=False)
    top = 0.2 + 0.2 * len(lines) if title else 0.05
    size = (left + max([wide, *(_INCHES_A_LETTER * len(line) for line in lines)]) + 0.1, high + top + 0.05)
    figure = Figure(figsize=size)
    axes = figure.add_axes((left / size[0], 0.05 / size[1], wide / size[0], high / size[1]))
    axes.imshow(sheet, interpolation="nearest")
    axes.set_axis_off()
    if title:
        figure.text(left / size[0], 1 - top / 2 / size[1], "\n".join(lines), fontsize=11, va="center", parse_math=False)
    for i, label in enumerate(row_labels):
        axes.text(
            -4 / zoom,
            (i + 0.5) / len(row_labels) * height,
            label,
            ha="right",
            va="center",
            fontsize=10,
            parse_math=False,
        )
    return figure


def samples(model: Any, n: int = 64, seed: int | None = 0, temperature: float = 1.0) -> Figure:
    """Draw `n` images from a model without a condition.

    Raises:
        ValueError: if the model does not sample, or as its `sample`.
    """
    if not isinstance(model, Samples):
        raise ValueError(f"model={_checks.shown(model)}: must be a model that samples images, such as a VAE.")
    n = _checks.positive_int("n", n, maximum=10**6)
    title = f"{n} sample{'s' * (n != 1)} of {model.name}"
    return grid_figure(model.sample(n, seed=seed, temperature=temperature), title=title)


def samples_by_class(
    model: Any, each: int = 10, seed: int | None = 0, temperature: float = 1.0, class_names: Sequence[str] = ()
) -> Figure:
    """Draw `each` images of every class from a conditional model, a row a class.

    Args:
        model: a conditional model.
        each: images a class.
        seed, temperature: as in `sample`.
        class_names: one a class; by default their numbers.

    Raises:
        ValueError: if the model is not conditional on classes, or the names are not one per class.
    """
    names = class_names or _class_numbers(model)
    if isinstance(names, str) or len(names) != model.num_classes or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"class_names={class_names!r}: give a list of {model.num_classes} words, one per class of {model.name}."
        )
    images = model.sample(labels=every_class(model, each), seed=seed, temperature=temperature)
    title = f"{each} sample{'s' * (each != 1)} of each class, {model.name}"
    return grid_figure(images, each, title, names)


def before_and_after(before: Any, after: Any, each: int = 8, seed: int | None = 0, titles: str = "") -> Figure:
    """Draw the same latents with two conditional models side by side, a row a class."""
    labels = every_class(before, each)
    pair = [np.asarray(model.sample(labels=labels, seed=seed)) for model in (before, after)]
    rows = [image.reshape(before.num_classes, each, *image.shape[1:]) for image in pair]
    images = np.concatenate(rows, axis=1).reshape(-1, *pair[0].shape[1:])
    return grid_figure(images, 2 * each, titles or "before | after", _class_numbers(before), gap_after=each)


def reconstructions(model: Any, images: Any, labels: Any = None, columns: int = 10, title: str = "") -> Figure:
    """Show images and, below each, what the model makes of it: the mean of p(x|z) at the posterior mean.

    Args:
        model: a model of this library.
        images: `(N,) + data_shape`.
        labels: int `(N,)`, for a conditional model.
        columns: images a row.
        title: of the figure; by default it names the model.
    """
    images = np.asarray(images)
    made = np.asarray(model.reconstruct(images, labels if model.conditional else None))
    columns = min(_checks.positive_int("columns", columns), max(1, len(images)))
    rows, names = [], []
    for start in range(0, len(images), columns):
        for name, part in (("input", images), ("output", made)):
            rows.append(full_row(part[start : start + columns], columns))
            names.append(name)
    return grid_figure(np.concatenate(rows), columns, title or f"Reconstructions by {model.name}", names)


def full_row(images: np.ndarray, columns: int) -> np.ndarray:
    """At most `columns` images, and white ones to make a row of them."""
    blank = np.ones((columns - len(images), *images.shape[1:]), images.dtype)
    return np.concatenate([images, blank])


def samples_unasked(model: Any) -> bool:
    """Whether a model samples images without being given images or attributes as conditions: of each class, or of none."""
    return isinstance(model, Samples) and (not model.conditional or model.num_classes is not None)


def every_class(model: Any, each: int) -> np.ndarray:
    """`each` labels of every class, class by class."""
    check_classes(model)
    return np.repeat(np.arange(model.num_classes), _checks.positive_int("each", each))


def check_classes(model: Any) -> None:
    """Raise `ValueError` if a model's conditions are not classes."""
    if model.num_classes is None:
        why = (
            "its conditions are not classes, so pass them to sample(labels=...)"
            if model.conditional
            else "call samples"
        )
        raise ValueError(f"{model.name} has no classes: {why}.")


def _class_numbers(model: Any) -> list[str]:
    check_classes(model)
    return [str(label) for label in range(model.num_classes)]
