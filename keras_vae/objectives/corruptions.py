"""What is done to the input of an autoencoder that learns to undo it."""

import abc
import math
from typing import Any

from keras_vae import _checks, _random
from keras_vae._backend import serializable, tf


class Corruption(abc.ABC):
    """A random change of a batch, as a function of a seed: `(B,) + data_shape` -> the same."""

    @abc.abstractmethod
    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch `x`.

        Args:
            x: data, `(B,) + data_shape`, float32.
            seed: stateless seed, int32 of shape `(2,)`.
        """

    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain data."""

    def get_config(self) -> dict[str, Any]:
        """The configuration from which `from_config` makes the same corruption."""
        return self.settings()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Corruption":
        """Make the corruption that `get_config` described."""
        return cls(**config)


@serializable
class DroppedPixels(Corruption):
    """Sets each element to 0 with a probability: the masking noise of Vincent et al. (2010), section 3.3.

    Args:
        rate: probability, from 0 to below 1.
    """

    def __init__(self, rate: float = 0.25):
        self.rate = _checks.finite_float("rate", rate, minimum=0.0, maximum=0.999)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Corruption`."""
        return tf.where(_random.uniform(tf.shape(x), seed) < self.rate, tf.zeros_like(x), x)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"rate": self.rate}


@serializable
class SaltAndPepper(Corruption):
    """Sets each element with a probability to 0 or to 1, either as likely: Vincent et al. (2010), section 3.3.

    Args:
        rate: probability, from 0 to below 1.
    """

    def __init__(self, rate: float = 0.25):
        self.rate = _checks.finite_float("rate", rate, minimum=0.0, maximum=0.999)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Corruption`."""
        u = _random.uniform(tf.shape(x), seed)
        return tf.where(u < self.rate, tf.cast(u < 0.5 * self.rate, x.dtype), x)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"rate": self.rate}


@serializable
class GaussianNoise(Corruption):
    """Adds N(0, stddev^2) to each element; what leaves the range of the data is not cut off.

    Args:
        stddev: standard deviation, in units of the data, from 0 to 100.
    """

    def __init__(self, stddev: float = 0.25):
        self.stddev = _checks.finite_float("stddev", stddev, minimum=0.0, maximum=100.0)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Corruption`."""
        return x + self.stddev * _random.normal(tf.shape(x), seed)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"stddev": self.stddev}


@serializable
class RandomAffine(Corruption):
    """Turns each image about its middle and moves it, by amounts drawn anew; what comes in from outside is 0.

    For images `(B, H, W, C)`. Pixels between four others are a mean of them (bilinear).

    Args:
        rotation: largest angle in degrees, to either side.
        shift: largest distance in pixels, down or up and to either side.
    """

    def __init__(self, rotation: float = 10.0, shift: float = 2.0):
        self.rotation = _checks.finite_float("rotation", rotation, minimum=0.0, maximum=180.0)
        self.shift = _checks.finite_float("shift", shift, minimum=0.0, maximum=1e4)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Corruption`.

        Raises:
            ValueError: if `x` are no images.
        """
        if len(x.shape) != 4:
            raise ValueError(f"RandomAffine turns images (B, H, W, C), and the data have shape {tuple(x.shape)}.")
        height, width, channels = x.shape[1:]
        amounts = 2.0 * _random.uniform((3, tf.shape(x)[0], 1), seed) - 1.0
        angle = amounts[0] * (math.pi * self.rotation / 180.0)
        down, right = amounts[1] * self.shift, amounts[2] * self.shift
        # Where in x each pixel (row r, column c from the middle) of the result comes from: (B, H W).
        r = tf.repeat(tf.range(height, dtype=tf.float32) - (height - 1) / 2.0, width)
        c = tf.tile(tf.range(width, dtype=tf.float32) - (width - 1) / 2.0, (height,))
        rows = tf.cos(angle) * r - tf.sin(angle) * c + (height - 1) / 2.0 - down
        columns = tf.sin(angle) * r + tf.cos(angle) * c + (width - 1) / 2.0 - right
        flat = tf.reshape(x, (-1, height * width, channels))
        found = tf.zeros_like(flat)
        for row in (tf.floor(rows), tf.floor(rows) + 1.0):
            for column in (tf.floor(columns), tf.floor(columns) + 1.0):
                weight = (1.0 - tf.abs(rows - row)) * (1.0 - tf.abs(columns - column))
                inside = (row >= 0.0) & (row < height) & (column >= 0.0) & (column < width)
                index = tf.where(inside, tf.cast(row, tf.int32) * width + tf.cast(column, tf.int32), 0)
                found += tf.where(inside, weight, 0.0)[..., None] * tf.gather(flat, index, batch_dims=1)
        return tf.reshape(found, tf.shape(x))

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"rotation": self.rotation, "shift": self.shift}
