"""Two domains of digits, plain and in outline, whose pairing is known and that training never sees."""

import numpy as np


def outlined(images: np.ndarray) -> np.ndarray:
    """Draw what is filled as its outline: the difference between the strokes made thicker and thinner by a pixel.

    Args:
        images: `(N, H, W, C)`, of any type of number.

    Returns:
        The same shape and type: the largest less the smallest value among each pixel and its eight neighbours.
    """
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = images.shape[1:3]
    near = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.maximum.reduce(near) - np.minimum.reduce(near)


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
