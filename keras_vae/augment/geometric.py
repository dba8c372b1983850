"""Rotation, translation and elastic deformation of images: what they show stays the same, and their pixels do not."""

import math
from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import serializable, tf
from keras_vae.augment.corruptions import Corruption


@serializable
class RandomAffine(Corruption):
    """Rotates each image about its center and translates it, by amounts that are sampled anew; pixels from outside are 0.

    For images `(B, H, W, C)`. Pixels between four others are a mean of them (bilinear).

    Args:
        rotation: largest angle in degrees, to either side.
        shift: largest distance in pixels, down or up and to either side.
    """

    def __init__(self, rotation: float = 10.0, shift: float = 2.0):
        self.rotation = _checks.finite_float("rotation", rotation, minimum=0.0, maximum=180.0)
        self.shift = _checks.finite_float("shift", shift, minimum=0.0, maximum=1e4)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Augmentation`.

        Raises:
            ValueError: if `x` is not a batch of images.
        """
        return _seen_from(x, *self._sources(x, seed))

    def _sources(self, x: Any, seed: Any) -> tuple[Any, Any]:
        """Where in `x` each pixel of the result comes from, a row and a column: `(B, H W)` both."""
        if len(x.shape) != 4:
            raise ValueError(
                f"{type(self).__name__} turns images (B, H, W, C), and the data have shape {tuple(x.shape)}."
            )
        height, width = x.shape[1:3]
        amounts = 2.0 * _random.uniform((3, tf.shape(x)[0], 1), seed) - 1.0
        angle = amounts[0] * (math.pi * self.rotation / 180.0)
        down, right = amounts[1] * self.shift, amounts[2] * self.shift
        # Row r and column c from the middle.
        r = tf.repeat(tf.range(height, dtype=tf.float32) - (height - 1) / 2.0, width)
        c = tf.tile(tf.range(width, dtype=tf.float32) - (width - 1) / 2.0, (height,))
        rows = tf.cos(angle) * r - tf.sin(angle) * c + (height - 1) / 2.0 - down
        columns = tf.sin(angle) * r + tf.cos(angle) * c + (width - 1) / 2.0 - right
        return rows, columns


@serializable
class RandomElastic(RandomAffine):
    """Elastic deformation, rotation and translation of each image: Simard, Steinkraus & Platt (2003), section 2.

    Each pixel is moved down and to the right by a number of its own. The numbers are sampled uniformly from -1 to 1, smoothed with
    a Gaussian, and multiplied by the strength. The defaults are the paper's: they move a pixel by 1.4 pixels either way (standard
    deviation).

    Args:
        strength: alpha of the paper, in pixels.
        smoothness: sigma of the paper, the standard deviation of the Gaussian in pixels.
        rotation, shift: as in `RandomAffine`.
    """

    def __init__(self, strength: float = 34.0, smoothness: float = 4.0, rotation: float = 10.0, shift: float = 2.0):
        super().__init__(rotation, shift)
        self.strength = _checks.finite_float("strength", strength, minimum=0.0, maximum=1e4)
        self.smoothness = _checks.finite_float("smoothness", smoothness, minimum=0.1, maximum=1e3)

    def _sources(self, x: Any, seed: Any) -> tuple[Any, Any]:
        rows, columns = super()._sources(x, seed)
        height, width = x.shape[1:3]
        field = 2.0 * _random.uniform((2, tf.shape(x)[0], height, width), _random.fold_in(seed, 1)) - 1.0
        down, across = _smoothing(height, self.smoothness), _smoothing(width, self.smoothness)
        field = self.strength * tf.einsum("ri,nbij,cj->nbrc", down, field, across)
        moved = tf.reshape(field, (2, -1, height * width))
        return rows + moved[0], columns + moved[1]


def _smoothing(size: int, stddev: float) -> np.ndarray:
    """The matrix that smooths a line of numbers with a Gaussian whose weights sum to 1; outside the numbers are 0."""
    distance = np.arange(size)[:, None] - np.arange(size)
    reach = np.arange(-4 * math.ceil(stddev), 4 * math.ceil(stddev) + 1)
    weights = np.exp(-0.5 * np.square(distance / stddev)) / np.exp(-0.5 * np.square(reach / stddev)).sum()
    return weights.astype("float32")


def _seen_from(x: Any, rows: Any, columns: Any) -> Any:
    """The images whose pixels come from these places of `x`, by bilinear interpolation."""
    height, width, channels = x.shape[1:]
    flat = tf.reshape(x, (-1, height * width, channels))
    found = tf.zeros_like(flat)
    for row in (tf.floor(rows), tf.floor(rows) + 1.0):
        for column in (tf.floor(columns), tf.floor(columns) + 1.0):
            weight = (1.0 - tf.abs(rows - row)) * (1.0 - tf.abs(columns - column))
            inside = (row >= 0.0) & (row < height) & (column >= 0.0) & (column < width)
            index = tf.where(inside, tf.cast(row, tf.int32) * width + tf.cast(column, tf.int32), 0)
            found += tf.where(inside, weight, 0.0)[..., None] * tf.gather(flat, index, batch_dims=1)
    return tf.reshape(found, tf.shape(x))
