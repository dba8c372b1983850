"""One latent moved at a time, as a picture or as a moving one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks, _files
from keras_vae.models import HasPosterior
from keras_vae.plots.decoding import decoded_rows
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import grid_figure, image_grid


def traversals(
    model: Any, image: Any, label: int | None = None, rows: int = 8, columns: int = 9, reach: float = 2.5
) -> Figure:
    """Decode the code of an image with one latent at a time moved from `-reach` to `reach`, a row a latent.

    The latents of which the image says most, by their KL to a standard normal, come first.

    Args:
        model: a model with a posterior.
        image: one example, `data_shape`.
        label: its label, for a conditional model.
        rows: how many latents.
        columns: values a latent.
        reach: the largest value, in standard deviations of the prior.

    Raises:
        ValueError: if the model has no posterior, or a number is out of its range.
    """
    images, order = _moved(model, image, label, rows, columns, reach)
    names = [f"z[{latent}]" for latent in order]
    return grid_figure(
        images.reshape(-1, *images.shape[2:]), columns, f"One latent moved at a time, {model.name}", names
    )


def traversal_gif(
    model: Any,
    image: Any,
    path: str | Path,
    label: int | None = None,
    rows: int = 8,
    frames: int = 24,
    reach: float = 2.5,
    scale: int = 2,
) -> Path:
    """Write the traversals of `traversals` as a GIF that runs to and fro, all latents beside each other, each under
    its name; returns its path.

    Args:
        model, image, label, rows, reach: as in `traversals`.
        path: of the file.
        frames: pictures from one end to the other.
        scale: screen pixels a pixel.

    Raises:
        ValueError: as `traversals`.
        OSError: if it cannot be written; what was there stays.
    """
    images, order = _moved(model, image, label, rows, frames, reach)
    return rows_gif(images, path, scale, [f"z[{latent}]" for latent in order])


def rows_gif(images: np.ndarray, path: str | Path, scale: int, names: Sequence[str]) -> Path:
    """Write rows of images `(rows, frames) + data_shape` as a GIF that runs to and fro, all rows beside each other and the name
    of each above it.
    """
    scale = _checks.positive_int("scale", scale, maximum=16)
    sheets = [magnified(image_grid(images[:, i], len(images)), scale) for i in range(images.shape[1])]
    if names:
        heading = _heading(sheets[0].shape[1], names)
        sheets = [np.concatenate([heading, sheet]) for sheet in sheets]
    return save_gif([*sheets, *sheets[-2:0:-1]], path)


def magnified(picture: np.ndarray, scale: int) -> np.ndarray:
    """A picture with each pixel made a square of `scale` by `scale`."""
    return picture.repeat(scale, axis=0).repeat(scale, axis=1)


def _heading(width: int, names: Sequence[str]) -> np.ndarray:
    """A white strip with names spread evenly over it, uint8 `(height, width, 3)`."""
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("RGB", (width, 20), "white")
    font = ImageFont.load_default(12)
    for i, name in enumerate(names):
        ImageDraw.Draw(strip).text(((i + 0.5) * width / len(names), 10), name, fill="black", font=font, anchor="mm")
    return np.asarray(strip)


def save_gif(frames: Any, path: str | Path, frames_per_second: float = 12.0, scale: int = 1) -> Path:
    """Write pictures as an endless GIF, whole or not at all; returns its path.

    Args:
        frames: uint8 `(T, height, width, 3)`, or a list of such.
        path: of the file.
        frames_per_second: from 1 to 50.
        scale: screen pixels a pixel.

    Raises:
        ValueError: if there are no pictures, or they are none.
        OSError: if it cannot be written; what was there stays.
    """
    from PIL import Image

    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[-1] != 3 or not len(frames) or frames.dtype != np.uint8:
        raise ValueError(f"frames have shape {frames.shape} and type {frames.dtype}: give uint8 (T, height, width, 3).")
    rate = _checks.finite_float("frames_per_second", frames_per_second, minimum=1.0, maximum=50.0)
    scale = _checks.positive_int("scale", scale, maximum=16)
    pictures = [Image.fromarray(magnified(frame, scale)) for frame in frames]
    path = Path(path)
    with _files.replacing(path) as part:
        pictures[0].save(part, format="GIF", save_all=True, append_images=pictures[1:], duration=1000 / rate, loop=0)
    return path


def _moved(
    model: Any, image: Any, label: int | None, rows: int, columns: int, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Images `(rows, columns) + data_shape`, and the latents by row."""
    if not isinstance(model, HasPosterior):
        raise ValueError(f"{model.name} has no posterior: traversals are of a model with latents such as a VAE.")
    if label is not None and not model.conditional:
        raise ValueError(f"label={label!r}: {model.name} has no classes, so leave the label out.")
    rows = min(_checks.positive_int("rows", rows), model.latent_size)
    columns = _checks.positive_int("columns", columns, minimum=2)
    reach = _checks.finite_float("reach", reach, minimum=0.0, maximum=100.0)
    q = model.encode(np.asarray(image)[None], np.array([label]) if model.conditional else None)
    mean, stddev = q.mean().numpy()[0], q.stddev().numpy()[0]
    order = np.argsort(np.log(stddev) - 0.5 * (stddev**2 + mean**2))[:rows]  # minus the KL, but for a constant
    z = np.tile(mean, (rows, columns, 1))
    for row, latent in enumerate(order):
        z[row, :, latent] = np.linspace(-reach, reach, columns)
    return decoded_rows(model, z, np.full(rows, label) if model.conditional else None), order
