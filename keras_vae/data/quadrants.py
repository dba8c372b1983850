"""Pictures of which one, two or three quadrants are given."""

from typing import Any

import numpy as np


def quadrants(images: np.ndarray, given: Any) -> np.ndarray:
    """The condition that shows some quadrants of each picture: what is given of it, and a further channel that says where.

    Of one quadrant the lower left is given, of two the left half, of three all but the lower right, as Pyro's rerun of the
    experiment of Sohn et al. (2015), section 5.1, has it.

    Args:
        images: `(N, H, W, C)`, uint8 or floats from 0 to 1.
        given: number of quadrants, 1, 2 or 3, for all or for each `(N,)`.

    Returns:
        Of the images' type `(N, H, W, C + 1)`: zero where nothing is given; the last channel is 255 (of floats 1) where something
        is.

    Raises:
        ValueError: if the images are no pictures, or a number is not 1, 2 or 3, or there is not one for each picture.
    """
    images, given = np.asarray(images), np.asarray(given)
    if images.ndim != 4:
        raise ValueError(f"The images have shape {images.shape}: give (N, H, W, C).")
    if given.shape not in ((), (len(images),)) or given.dtype.kind not in "iu":
        raise ValueError(
            f"given has shape {given.shape} and type {given.dtype}: give a whole number, or one for each picture."
        )
    if given.size and not 1 <= given.min() <= given.max() <= 3:
        raise ValueError(f"given={given.min() if given.min() < 1 else given.max()}: 1, 2 or 3 quadrants can be given.")
    height, width = images.shape[1:3]
    # Whether each quadrant is given, by how many are: lower left first, then upper left, upper right.
    lower, right = np.arange(height)[:, None] >= height // 2, np.arange(width)[None, :] >= width // 2
    from_number = np.where(right, np.where(lower, 4, 3), np.where(lower, 1, 2))
    shown = np.broadcast_to(given, (len(images),))[:, None, None] >= from_number
    full = 255 if images.dtype == np.uint8 else 1
    return np.concatenate([images * shown[..., None], (full * shown[..., None]).astype(images.dtype)], axis=-1)


def mixed(images: np.ndarray) -> np.ndarray:
    """Conditions of a data set's pictures: one, two and three quadrants in turn."""
    return quadrants(images, 1 + np.arange(len(images)) % 3)
