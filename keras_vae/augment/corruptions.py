"""What is done to the input of an autoencoder that learns to undo it."""

from typing import Any

from keras_vae import _checks, _random
from keras_vae._backend import serializable, tf
from keras_vae.augment.base import Augmentation


class Corruption(Augmentation):
    """A random change of data, float32 `(B,) + data_shape`, that a denoising model learns to undo."""


@serializable
class MaskingNoise(Corruption):
    """Sets each element to 0 with a probability: the masking noise of Vincent et al. (2010), section 3.3.

    Args:
        rate: probability, from 0 to below 1.
    """

    def __init__(self, rate: float = 0.25):
        self.rate = _checks.finite_float("rate", rate, minimum=0.0, maximum=0.999)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Augmentation`."""
        return tf.where(_random.uniform(tf.shape(x), seed) < self.rate, tf.zeros_like(x), x)


@serializable
class SaltAndPepper(Corruption):
    """Sets each element with a probability to 0 or to 1, either as likely: Vincent et al. (2010), section 3.3.

    Args:
        rate: probability, from 0 to below 1.
    """

    def __init__(self, rate: float = 0.25):
        self.rate = _checks.finite_float("rate", rate, minimum=0.0, maximum=0.999)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Augmentation`."""
        u = _random.uniform(tf.shape(x), seed)
        return tf.where(u < self.rate, tf.cast(u < 0.5 * self.rate, x.dtype), x)


@serializable
class GaussianNoise(Corruption):
    """Adds N(0, stddev^2) to each element; what leaves the range of the data is not cut off.

    Args:
        stddev: standard deviation, in units of the data, from 0 to 100.
    """

    def __init__(self, stddev: float = 0.25):
        self.stddev = _checks.finite_float("stddev", stddev, minimum=0.0, maximum=100.0)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Corrupt the batch: see `Augmentation`."""
        return x + self.stddev * _random.normal(tf.shape(x), seed)
