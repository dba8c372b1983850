"""Seeds: everything drawn in this library is a function of a stateless seed, so it is the same eager, traced and compiled."""

from typing import Any

from keras_vae._backend import tf


def as_seed(seed: Any) -> Any:
    """Turn `seed` into a stateless seed, an int32 tensor of shape `(2,)`.

    Args:
        seed: an int; a stateless seed already; or None for fresh noise from TensorFlow's global generator
            (which `keras.utils.set_random_seed` fixes).

    Raises:
        ValueError: if it is something else.
    """
    if seed is None:
        return tf.random.uniform((2,), tf.int32.min, tf.int32.max, dtype=tf.int32)
    if getattr(seed, "shape", None) == (2,):
        return tf.cast(seed, tf.int32)
    if hasattr(seed, "__index__") and not isinstance(seed, bool) and getattr(seed, "shape", ()) == ():
        low, high = int(seed) & 0xFFFFFFFF, (int(seed) >> 32) & 0xFFFFFFFF
        return tf.constant([low - 2**32 if low >= 2**31 else low, high - 2**32 if high >= 2**31 else high], tf.int32)
    raise ValueError(f"seed={seed!r}: must be a whole number, a pair of int32 as tf.random.stateless_* take, or None.")


def fold_in(seed: Any, number: Any) -> Any:
    """A new stateless seed from `seed` and a number such as a step."""
    return tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32))


def replica_id() -> Any:
    """Number of this replica under a `tf.distribute` strategy, 0 elsewhere."""
    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if context is not None else 0
