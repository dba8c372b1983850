"""Checks of what a user hands to a model: each error names the value, the rule and the remedy.

Values of eager tensors and arrays are checked in Python; inside a traced function the same rule becomes an assertion of
the graph. (Code compiled by XLA cannot stop, so there only shapes and dtypes are checked.)
"""

from typing import Any

import numpy as np

from keras_vae._backend import tf


def data(x: Any, shape: tuple[int, ...], support: tuple[float, float] | None, convert: bool = True) -> Any:
    """Check a batch of examples and return it as float32.

    Args:
        x: what was given.
        shape: shape of one example.
        support: range of the values, both ends included, or None for any finite number.
        convert: False checks only, and returns None.

    Raises:
        ValueError: for a wrong shape, dtype or range, or a value that is not finite.
    """
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        x = np.asarray(x)
    if tuple(x.shape[1:]) != shape or len(x.shape) != len(shape) + 1:
        hint = (
            " Add the channel axis: x[..., None]."
            if tuple(x.shape[1:]) == shape[:-1] and shape[-1] == 1
            else (" A single example needs a batch axis: x[None]." if tuple(x.shape) == shape else "")
        )
        raise ValueError(f"The data have shape {tuple(x.shape)}: this model takes {('batch', *shape)}.{hint}")
    if not tf.as_dtype(x.dtype).is_floating:
        raise ValueError(
            f"The data have dtype {tf.as_dtype(x.dtype).name}: this model takes floats"
            + (f" from {support[0]:g} to {support[1]:g}" if support else "")
            + ". For images of 8 bits divide by 255, or let keras_vae.data.load prepare them."
        )
    low, high = support if support else (-float("inf"), float("inf"))
    rule = f"values must be finite and from {low:g} to {high:g}" if support else "values must be finite"
    remedy = "Scale the data (images of 8 bits: divide by 255) and remove missing values before they come here."
    if isinstance(x, np.ndarray) or (tf.is_tensor(x) and hasattr(x, "numpy")):
        values = np.asarray(x)
        least, most = (values.min(), values.max()) if values.size else (low, low)  # a NaN comes out of both
        if values.size and not (np.isfinite(least) and np.isfinite(most) and low <= least and most <= high):
            where = np.argwhere(~np.isfinite(values) | (values < low) | (values > high))[0]
            raise ValueError(
                f"The data hold {values[tuple(where)]} in example {where[0]} (range {least:g} to {most:g}): {rule}. {remedy}"
            )
    elif convert:
        x = tf.convert_to_tensor(x)
        good = tf.math.is_finite(x) if support is None else (x >= low) & (x <= high)
        check = tf.debugging.Assert(
            tf.reduce_all(good),
            [f"The data are out of range: {rule}. {remedy} Smallest and largest:", tf.reduce_min(x), tf.reduce_max(x)],
        )
        with tf.control_dependencies([check]):
            x = tf.identity(x)
    return tf.cast(x, tf.float32) if convert else None


def latents(z: Any, size: int) -> Any:
    """Check latents `(B, Z)` or `(S, B, Z)` and return them as float32."""
    z = tf.convert_to_tensor(z)
    if z.shape.rank not in (2, 3) or z.shape[-1] != size:
        raise ValueError(
            f"The latents have shape {tuple(z.shape)}: this model takes (batch, {size}) or (draws, batch, {size})."
        )
    if not z.dtype.is_floating:
        raise ValueError(f"The latents have dtype {z.dtype.name}: this model takes floats.")
    if hasattr(z, "numpy") and not np.isfinite(z.numpy()).all():
        raise ValueError("The latents hold a value that is not finite: remove it before decoding.")
    return tf.cast(z, tf.float32)


def codes(k: Any, size: int, num_codes: int) -> Any:
    """Check numbers of codes `(B, N)` and return them as int32.

    Raises:
        ValueError: for a wrong shape or dtype, or a number of no code.
    """
    k = tf.convert_to_tensor(k)
    if k.shape.rank != 2 or k.shape[-1] != size:
        raise ValueError(
            f"The codes have shape {tuple(k.shape)}: this model takes whole numbers of shape (batch, {size})."
        )
    if not k.dtype.is_integer:
        raise ValueError(f"The codes have dtype {k.dtype.name}: this model takes whole numbers, the indices of codes.")
    rule = f"indices are from 0 to {num_codes - 1}, since the book has {num_codes} codes"
    if hasattr(k, "numpy"):
        wrong = k.numpy()[(k.numpy() < 0) | (k.numpy() >= num_codes)]
        if wrong.size:
            raise ValueError(f"A code is {wrong[0]}: {rule}.")
    else:
        check = tf.debugging.Assert(
            tf.reduce_all((k >= 0) & (k < num_codes)),
            [f"A code is out of range: {rule}. Smallest and largest:", tf.reduce_min(k), tf.reduce_max(k)],
        )
        with tf.control_dependencies([check]):
            k = tf.identity(k)
    return tf.cast(k, tf.int32)


def pictures(c: Any, shape: tuple[int, ...], batch_size: Any) -> Any:
    """Check conditions that are pictures and return them as float32 from 0 to 1; uint8 is divided by 255.

    Raises:
        ValueError: for a wrong shape, dtype or range, or a number of conditions that is not the number of examples.
    """
    if c is None:
        raise ValueError(
            f"This model is conditional: it needs one picture of shape {shape} an example. Pass them as the labels argument, as y "
            "in fit and evaluate, as predict([x, labels]), or as the second element of a tf.data pair."
        )
    c = c if tf.is_tensor(c) else np.asarray(c)
    if tf.as_dtype(c.dtype) == tf.uint8:
        c = tf.cast(c, tf.float32) / 255.0
    if tuple(c.shape[1:]) != shape or len(c.shape) != len(shape) + 1:
        raise ValueError(f"The conditions have shape {tuple(c.shape)}: this model takes {('batch', *shape)}.")
    given, needed = tf.get_static_value(tf.shape(c)[0]), tf.get_static_value(tf.convert_to_tensor(batch_size))
    if given is not None and needed is not None and given != needed:
        raise ValueError(f"There are {given} conditions for {needed} examples: pass one an example.")
    return data(c, shape, (0.0, 1.0))


def labels(y: Any, num_classes: int, batch_size: Any, unknown: bool = False) -> Any:
    """Check integer labels `(B,)` and return them one-hot, `(B, num_classes)`.

    With `unknown`, -1 is allowed, and becomes a row of zeros.

    Raises:
        ValueError: for a wrong shape, dtype or range, or a number of labels that is not the number of examples.
    """
    if y is None:
        raise ValueError(
            f"This model is conditional: it needs one label from 0 to {num_classes - 1} an example. Pass them as the "
            "labels argument, as y in fit and evaluate, as predict([x, labels]), or as the second element of a tf.data pair."
        )
    y = y if tf.is_tensor(y) else np.asarray(y)
    if len(y.shape) != 1:
        raise ValueError(
            f"The labels have shape {tuple(y.shape)}: this model takes integers of shape (batch,)."
            + (" One-hot labels: pass argmax(labels, axis=-1)." if len(y.shape) == 2 else "")
        )
    if not tf.as_dtype(y.dtype).is_integer:
        raise ValueError(f"The labels have dtype {tf.as_dtype(y.dtype).name}: this model takes integers.")
    least = -1 if unknown else 0
    rule = f"labels must be from 0 to {num_classes - 1}, since the model has {num_classes} classes"
    rule += ", or -1 where it is not known" if unknown else ""
    if isinstance(y, np.ndarray) or hasattr(y, "numpy"):
        values = np.asarray(y)
        wrong = values[(values < least) | (values >= num_classes)]
        if wrong.size:
            raise ValueError(f"A label is {wrong[0]}: {rule}. For more classes see keras_vae.models.with_classes.")
        given, needed = len(values), tf.get_static_value(tf.convert_to_tensor(batch_size))
        if needed is not None and given != needed:
            raise ValueError(f"There are {given} labels for {needed} examples: pass one label an example.")
    else:
        check = tf.debugging.Assert(
            tf.reduce_all((y >= least) & (y < num_classes)),
            [f"A label is out of range: {rule}. Smallest and largest:", tf.reduce_min(y), tf.reduce_max(y)],
        )
        with tf.control_dependencies([check]):
            y = tf.identity(y)
    return tf.one_hot(tf.cast(y, tf.int32), num_classes)


def completes(model: Any) -> None:
    """Check that a model completes pictures.

    Raises:
        ValueError: if it does not.
    """
    if not getattr(model, "completes", False):
        raise ValueError(
            f"{model.name} completes no pictures: take an ImageConditionalVAE with completes=True, "
            "such as the preset mnist_quadrant_cvae."
        )
