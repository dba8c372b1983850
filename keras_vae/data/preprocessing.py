"""From pixels of 8 bits to what a likelihood is defined on."""

import abc
from typing import Any

from keras_vae import _checks, _random
from keras_vae._backend import tf
from keras_vae.data.sources import checked_images


class Preprocessing(abc.ABC):
    """A map from uint8 images `(N, H, W, C)` to float32 in [0, 1], random or not; other images raise `ValueError`."""

    fresh_noise = False
    """Whether training draws the noise anew each epoch."""
    deterministic = False
    """Whether the result does not depend on the seed."""

    def once(self, images: Any, seed: Any) -> Any:
        """The same, with noise that is drawn once, from a seed that no epoch has; `seed` is an int, or stateless."""
        return self(checked_images("images", images), _random.fold_in(_random.as_seed(seed), -1))

    @abc.abstractmethod
    def __call__(self, images: Any, seed: Any) -> Any:
        """Turn uint8 images into float32 of their shape; `seed` is stateless, int32 `(2,)`."""


class Scaling(Preprocessing):
    """x / 255: for the continuous Bernoulli, the Gaussian and the discretised logistic."""

    deterministic = True

    def __call__(self, images: Any, seed: Any) -> Any:
        """Scale to [0, 1]."""
        return _floats(images) / 255.0


class FixedBinarization(Preprocessing):
    """Each pixel is 1 with probability x / 255, drawn once: every epoch sees the same binary images."""

    def __call__(self, images: Any, seed: Any) -> Any:
        """Draw binary images."""
        intensity = _floats(images) / 255.0
        return tf.cast(tf.random.stateless_uniform(tf.shape(images), seed) < intensity, tf.float32)


class DynamicBinarization(FixedBinarization):
    """As `FixedBinarization`, but every epoch draws new images: the MNIST of Burda et al. (2016)."""

    fresh_noise = True


class Dequantization(Preprocessing):
    """(x + u) / 256 with u uniform in [0, 1), new in each epoch: gives discrete pixels a density (Theis et al., 2016)."""

    fresh_noise = True

    def __call__(self, images: Any, seed: Any) -> Any:
        """Add the noise."""
        # The largest float below 256 over 256 rounds to 1.0 at worst, which is still in range.
        return (_floats(images) + tf.random.stateless_uniform(tf.shape(images), seed)) / 256.0


class RandomShift(Preprocessing):
    """x / 255, each image moved by up to two pixels in each direction, anew in each epoch: for classifiers.

    Args:
        flip: whether half of the images are mirrored too, left for right, as suits photographs and not digits.
    """

    fresh_noise = True
    _reach = 2

    def __init__(self, flip: bool = False):
        self.flip = _checks.flag("flip", flip)

    def __call__(self, images: Any, seed: Any) -> Any:
        """Scale and shift."""
        images, reach = checked_images("images", images), self._reach
        count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
        padded = tf.pad(_floats(images) / 255.0, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        offset = tf.random.stateless_uniform((2, count, 1), seed, maxval=2 * reach + 1, dtype=tf.int32)
        rows = tf.gather(padded, offset[0] + tf.range(height), axis=1, batch_dims=1)
        moved = tf.gather(rows, offset[1] + tf.range(width), axis=2, batch_dims=1)
        if not self.flip:
            return moved
        mirrored = _random.uniform((count, 1, 1, 1), _random.fold_in(seed, 1)) < 0.5
        return tf.where(mirrored, moved[:, :, ::-1], moved)


def _floats(images: Any) -> Any:
    return tf.cast(checked_images("images", images), tf.float32)
