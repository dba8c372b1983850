"""From pixels of 8 bits to what a likelihood is defined on."""

import sys
from typing import Any

from keras_vae import _checks, _named
from keras_vae.augment.base import Augmentation

__all__ = [
    "Dequantization",
    "DynamicBinarization",
    "FixedBinarization",
    "Preprocessing",
    "RandomResizedCrop",
    "RandomShift",
    "Scaling",
    "preprocessing_named",
]
# TensorFlow is imported where it computes: a recipe is read, and its preprocessing checked, without it.


class Preprocessing(Augmentation):
    """A map from uint8 images `(N, H, W, C)` to float32 in [0, 1], random or not; other data raise `ValueError`."""

    fresh_noise = False
    """Whether training draws the noise anew each epoch."""
    deterministic_once = False
    """Whether `once` depends on nothing but the image itself, neither on the seed nor on the images beside it."""

    def once(self, images: Any, seed: Any) -> Any:
        """The same, with noise that is drawn once, from a seed that no epoch has; `seed` is an int, or stateless."""
        from keras_vae import _random

        return self(_checks.uint8_images("images", images), _random.fold_in(_random.as_seed(seed), -1))


class Scaling(Preprocessing):
    """x / 255: for the continuous Bernoulli, the Gaussian and the discretised logistic."""

    deterministic_once = True

    def __call__(self, x: Any, seed: Any) -> Any:
        """Scale to [0, 1]."""
        return _floats(x) / 255.0


class FixedBinarization(Preprocessing):
    """Each pixel is 1 with probability x / 255, drawn once: every epoch sees the same binary images."""

    def __call__(self, x: Any, seed: Any) -> Any:
        """Draw binary images."""
        from keras_vae._backend import tf

        intensity = _floats(x) / 255.0
        return tf.cast(tf.random.stateless_uniform(tf.shape(x), seed) < intensity, tf.float32)


class DynamicBinarization(FixedBinarization):
    """As `FixedBinarization`, but every epoch draws new images: the MNIST of Burda et al. (2016)."""

    fresh_noise = True


class Dequantization(Preprocessing):
    """(x + u) / 256 with u uniform in [0, 1), new in each epoch: gives discrete pixels a density (Theis et al., 2016)."""

    fresh_noise = True

    def __call__(self, x: Any, seed: Any) -> Any:
        """Add the noise."""
        from keras_vae._backend import tf

        # The largest float below 256 over 256 rounds to 1.0 at worst, which is still in range.
        return (_floats(x) + tf.random.stateless_uniform(tf.shape(x), seed)) / 256.0


class RandomShift(Preprocessing):
    """x / 255, each image moved by up to two pixels in each direction, anew in each epoch: for classifiers.

    Args:
        flip: whether half of the images are mirrored too, left for right, as suits photographs and not digits.
    """

    fresh_noise = True
    _reach = 2

    def __init__(self, flip: bool = False):
        self.flip = _checks.flag("flip", flip)

    def __call__(self, x: Any, seed: Any) -> Any:
        """Scale and shift."""
        from keras_vae import _random
        from keras_vae._backend import tf

        images, reach = _floats(x) / 255.0, self._reach
        count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
        padded = tf.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        offset = tf.random.stateless_uniform((2, count, 1), seed, maxval=2 * reach + 1, dtype=tf.int32)
        rows = tf.gather(padded, offset[0] + tf.range(height), axis=1, batch_dims=1)
        moved = tf.gather(rows, offset[1] + tf.range(width), axis=2, batch_dims=1)
        return _half_mirrored(moved, _random.fold_in(seed, 1)) if self.flip else moved


class RandomResizedCrop(Preprocessing):
    """x / 255 of a random window of each image, scaled back to its size, different in each epoch.

    A few hundred images become many more. Validation and test images are not changed.

    Args:
        smallest: least height and width of the window, as a share of the image's; each is sampled independently.
        flip: whether half of the images are mirrored, left to right. Wrong for digits, letters, and anything else with a left and
            a right.

    Raises:
        ValueError: if an argument is out of its range.
    """

    fresh_noise = True
    deterministic_once = True

    def __init__(self, smallest: float = 0.8, flip: bool = True):
        self.smallest = _checks.finite_float("smallest", smallest, minimum=0.1, maximum=1.0)
        self.flip = _checks.flag("flip", flip)

    def once(self, images: Any, seed: Any) -> Any:
        """The images as they are: x / 255."""
        return _floats(images) / 255.0

    def __call__(self, x: Any, seed: Any) -> Any:
        """Scale and crop."""
        from keras_vae import _random
        from keras_vae._backend import tf

        images, count = _floats(x) / 255.0, tf.shape(x)[0]
        if self.smallest < 1.0:
            extent = 1.0 - (1.0 - self.smallest) * _random.uniform((count, 2), seed)
            start = (1.0 - extent) * _random.uniform((count, 2), _random.fold_in(seed, 1))
            window = tf.concat([start, start + extent], axis=1)
            images = tf.image.crop_and_resize(images, window, tf.range(count), images.shape[1:3])
            images = tf.clip_by_value(images, 0.0, 1.0)  # interpolation rounds
        return _half_mirrored(images, _random.fold_in(seed, 2)) if self.flip else images


def preprocessing_named(spec: Any, setting: str = "preprocessing") -> Preprocessing:
    """The `Preprocessing` that `spec` names, or `spec` if it is one; an error says `setting`.

    Raises:
        ValueError: if there is none of that name.
    """
    return _named.build(setting, sys.modules[__name__], Preprocessing, spec)


def _half_mirrored(images: Any, seed: Any) -> Any:
    """Each image mirrored left to right with a probability of one half."""
    from keras_vae import _random
    from keras_vae._backend import tf

    mirrored = _random.uniform((tf.shape(images)[0], 1, 1, 1), seed) < 0.5
    return tf.where(mirrored, images[:, :, ::-1], images)


def _floats(images: Any) -> Any:
    from keras_vae._backend import tf

    return tf.cast(_checks.uint8_images("images", images), tf.float32)
