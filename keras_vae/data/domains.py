"""Two domains of digits, plain and in outline, whose pairing is known and that training never sees."""

from typing import Any

import numpy as np


def outlined(images: np.ndarray) -> np.ndarray:
    """Draw what is filled as its outline: the difference between the strokes made thicker and thinner by a pixel.

    Args:
        images: `(N, H, W, C)`, uint8 or floats from 0 to 1.

    Returns:
        The same shape and type: the largest less the smallest value among each pixel and its eight neighbours.

    Raises:
        ValueError: if the images are neither.
    """
    images = bytes_or_shares(images)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = images.shape[1:3]
    near = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.maximum.reduce(near) - np.minimum.reduce(near)


def bytes_or_shares(images: Any) -> np.ndarray:
    """Return images as an array `(N, H, W, C)` of uint8 or of floats from 0 to 1.

    Raises:
        ValueError: if they are neither.
    """
    images = np.asarray(images)
    if images.ndim != 4 or (images.dtype != np.uint8 and images.dtype.kind != "f"):
        raise ValueError(
            f"The images have shape {images.shape} and type {images.dtype}: give (N, H, W, C), uint8 or floats from 0 to 1."
        )
    if images.size and images.dtype != np.uint8 and not (images.min() >= 0 and images.max() <= 1):  # false for NaN too
        raise ValueError(
            f"The images are floats from {images.min():g} to {images.max():g}: give floats from 0 to 1, or uint8 from 0 to 255."
        )
    return images


def mixed(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images of both domains, no digit in both: every second one is outlined.

    Args:
        images: `(N, H, W, C)`.

    Returns:
        The images, and the number of each one's domain: 0 plain, 1 outlined.
    """
    domains = np.arange(len(images)) % 2
    result = images.copy()
    result[1::2] = outlined(images[1::2])
    return result, domains
