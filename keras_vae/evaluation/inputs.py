"""What measures are given, checked before anything is computed: NumPy broadcasts what does not belong together, in silence."""

from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.models import validation


def labels(name: str, given: Any) -> np.ndarray:
    """Labels of examples, or the numbers of their clusters: whole numbers or words, `(N,)`.

    Raises:
        ValueError: if they have another shape or dtype, or there are none.
    """
    values = np.asarray(given)
    if values.dtype == object and values.ndim == 1:
        values = np.asarray(values.tolist())  # a column of a table: words, or whole numbers beside None
    if values.ndim != 1 or not values.size:
        hint = ""
        if values.ndim == 2 and values.size:
            hint = f" Pass {name}[:, 0]." if values.shape[1] == 1 else f" Pass {name}.argmax(axis=-1)."
        raise ValueError(f"{name} have shape {values.shape}: must have (N,), one of each example.{hint}")
    if values.dtype.kind not in "iubUS":
        raise ValueError(
            f"{name} have dtype {values.dtype}: must be whole numbers or words. Remove missing ones, then use {name}.astype(int)."
        )
    return values


def same_length(**given: Any) -> None:
    """Raise `ValueError` if arrays of examples are not of one length."""
    counts = {name: len(values) for name, values in given.items() if values is not None}
    if len(set(counts.values())) > 1:
        raise ValueError(
            f"There are {' and '.join(f'{count} {name}' for name, count in counts.items())}: give one of each per example."
        )


def codes(name: str, given: Any, least: int = 1) -> np.ndarray:
    """Codes `(N, Z)`, finite real numbers, of at least `least` examples.

    Raises:
        ValueError: if they have another shape or dtype, or hold a value that is not finite.
    """
    values = np.asarray(given)
    if values.ndim != 2 or len(values) < least or not values.shape[1]:
        raise ValueError(f"{name} have shape {values.shape}: must have (N, Z), of N >= {least} examples.")
    if values.dtype.kind not in "fiub":
        raise ValueError(f"{name} have dtype {values.dtype}: must be real numbers.")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} hold a value that is infinite or NaN: remove such examples first.")
    return values


def examples(model: Any, images: Any, given: Any = None) -> tuple[np.ndarray, Any]:
    """Images as float32 `(N,) + data_shape`, in the range of the model's likelihood, and the labels of a conditional model or None.

    Raises:
        ValueError: if there are no images, they are not what the model takes, or there is not one label per image.
    """
    images = np.asarray(images)
    validation.data(images, model.data_shape, model.likelihood.support, convert=False)
    _checks.positive_int("number of images", len(images), maximum=10**9)
    if not model.conditional:
        return images.astype("float32", copy=False), None
    if given is not None:
        given = given if hasattr(given, "shape") else np.asarray(given)
        if len(given.shape) == 0:
            raise ValueError(f"labels={given!r}: must be one per image.")
        same_length(images=images, labels=given)
    return images.astype("float32", copy=False), given
