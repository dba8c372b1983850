"""Pictures of which one, two or three quadrants are given."""

from typing import Any

import numpy as np

from keras_vae.data.domains import bytes_or_shares


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
        ValueError: if the images are neither, or a number is not 1, 2 or 3, or there is not one for each picture.
    """
    images, given = bytes_or_shares(images), np.asarray(given)
    if given.shape not in ((), (len(images),)) or given.dtype.kind not in "iu":
        raise ValueError(
            f"given has shape {given.shape} and type {given.dtype}: give a whole number, or one for each picture."
        )
    if given.size and not 1 <= given.min() <= given.max() <= 3:
        raise ValueError(f"given={given.min() if given.min() < 1 else given.max()}: 1, 2 or 3 quadrants can be given.")
    shown = _shown(*images.shape[1:3])[np.broadcast_to(given, (len(images),)) - 1]
    full = 255 if images.dtype == np.uint8 else 1
    return np.concatenate([images * shown, (full * shown).astype(images.dtype)], axis=-1)


def conditions(images: Any, given: Any, seed: Any) -> Any:
    """The same of float tensors inside a pipeline: with a seed the numbers of quadrants are drawn anew, whatever `given` says."""
    from keras_vae._backend import tf

    shown = tf.constant(_shown(*images.shape[1:3]), images.dtype)
    if seed is not None:
        given = tf.random.stateless_uniform(tf.shape(given), seed, 1, 4, given.dtype)
    where = tf.gather(shown, given - 1)
    return tf.concat([images * where, where], axis=-1)


def _shown(height: int, width: int) -> np.ndarray:
    """Where something is given if one, two or three quadrants are: bool `(3, H, W, 1)`."""
    lower, right = np.arange(height)[:, None] >= height // 2, np.arange(width)[None, :] >= width // 2
    from_number = np.where(right, np.where(lower, 4, 3), np.where(lower, 1, 2))  # of quadrants on
    return np.array([number >= from_number for number in (1, 2, 3)])[..., None]
