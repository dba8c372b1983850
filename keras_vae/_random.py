"""Seeds: everything drawn in this library is a function of a stateless seed, so it is the same eager, traced and compiled."""

from typing import Any

from keras_vae import _checks
from keras_vae._backend import tf

# Seeds are kept from being negative: XLA and the rest of TensorFlow widen negative ones differently.
_MASK = 0x7FFFFFFF


def as_seed(seed: Any) -> Any:
    """Turn `seed` into a stateless seed, an int32 tensor of shape `(2,)`.

    Args:
        seed: an int; a stateless seed already; or None for fresh noise from TensorFlow's global generator
            (which `keras.utils.set_random_seed` fixes).

    Raises:
        ValueError: if it is something else.
    """
    if seed is None:
        return tf.random.uniform((2,), 0, _MASK, dtype=tf.int32)
    if getattr(seed, "shape", None) == (2,) and tf.as_dtype(seed.dtype).is_integer:
        return tf.bitwise.bitwise_and(tf.cast(seed, tf.int32), _MASK)
    if tf.is_tensor(seed) and seed.shape == () and seed.dtype.is_integer:
        return tf.stack([tf.cast(tf.bitwise.bitwise_and(tf.cast(seed, tf.int64), _MASK), tf.int32), 0])
    number = _checks.whole_number(seed)
    if number is not None:
        return tf.constant([number & _MASK, (number >> 31) & _MASK], tf.int32)
    raise ValueError(
        f"seed={_checks.shown(seed)}: must be a whole number, a pair of int32 as tf.random.stateless_* take, or None."
    )


def fold_in(seed: Any, number: Any) -> Any:
    """A new stateless seed from `seed` and a number such as a step."""
    return tf.bitwise.bitwise_and(tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32)), _MASK)


def uniform(shape: Any, seed: Any) -> Any:
    """Uniform noise in (0, 1), both ends left out, that is the same eager, traced and compiled by XLA.

    TensorFlow's own floats differ between XLA and the rest; its raw bits do not, so the noise is made from them.
    """
    bits = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.int32, alg="philox")
    # 23 bits and a half: the largest value, 1 - 2^-24, is still a float below 1.
    return (tf.cast(tf.bitwise.right_shift(tf.bitcast(bits, tf.uint32), 9), tf.float32) + 0.5) * 2.0**-23


def normal(shape: Any, seed: Any) -> Any:
    """Standard normal noise that is the same eager, traced and compiled by XLA, to rounding."""
    return tf.math.ndtri(uniform(shape, seed))


def uniform_of(noise: Any) -> Any:
    """The uniform noise that standard normal `noise` stands for: the way back from `normal`."""
    return 0.5 * tf.math.erfc(-noise / 2.0**0.5)
