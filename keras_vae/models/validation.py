"""Checks of what a user hands to a model: each error names the value, the rule and the remedy.

Values of eager tensors and arrays are checked in Python; inside a traced function the same rule becomes an assertion of
the graph. Code compiled by XLA cannot stop: what `fit` and `evaluate` find there is told after the batch (see `graph_checks`).
"""

from typing import Any

import numpy as np

from keras_vae._backend import tf
from keras_vae.models.graph_checks import require

# Models compute in float32: a float64 beyond this is infinite there.
_LARGEST = float(np.finfo("float32").max)

# The square of a larger one, as in the density of a Gaussian, is infinite.
_LARGEST_LATENT = 1e19

_ENDS = "Smallest and largest"


def data(
    x: Any, shape: tuple[int, ...], support: tuple[float, float] | None, convert: bool = True, what: str = "data"
) -> Any:
    """Check a batch of examples and return it as float32.

    Args:
        x: what was given: an array, a tensor, a matrix of SciPy's sparse ones or a sparse tensor. True and False become 1 and 0.
        shape: shape of one example.
        support: range of the values, both ends included, or None for any finite number.
        convert: False checks only, and returns None.
        what: what to call them in an error.

    Raises:
        ValueError: for a wrong shape, dtype or range, or a value that is not finite.
    """
    x = as_array(x, what)
    _check_shape(x, shape, what)
    if tf.as_dtype(x.dtype).is_bool:
        x = tf.cast(x, tf.float32) if tf.is_tensor(x) else x.astype("float32")
    if not tf.as_dtype(x.dtype).is_floating:
        raise ValueError(
            f"The {what} have dtype {tf.as_dtype(x.dtype).name}: this model takes floats"
            + (f" from {support[0]:g} to {support[1]:g}" if support else "")
            + f". {_remedy_of_integers(x.dtype, support)}"
        )
    low, high = (max(support[0], -_LARGEST), min(support[1], _LARGEST)) if support else (-_LARGEST, _LARGEST)
    rule = f"values must be finite and from {support[0]:g} to {support[1]:g}" if support else "values must be finite"
    remedy = "Scale the data (images of 8 bits: divide by 255) and remove missing values before they come here."
    if at_hand(x):
        values = np.asarray(x)
        least, most = (values.min(), values.max()) if values.size else (low, low)  # a NaN comes out of both
        if not (low <= least and most <= high):
            where = np.argwhere(~((values >= low) & (values <= high)))[0]
            raise ValueError(
                f"The {what} hold {values[tuple(where)]} in example {where[0]} (range {least:g} to {most:g}): {rule}. {remedy}"
            )
    elif convert:
        x = tf.cast(tf.ensure_shape(x, (None, *shape)), tf.float32)
        good = tf.reduce_all((x >= low) & (x <= high))  # of a NaN neither holds
        message = f"The {what} are out of range: {rule}. {remedy}"
        with require(good, message, _ENDS, tf.reduce_min(x), tf.reduce_max(x)):
            x = tf.identity(x)
    return tf.cast(x, tf.float32) if convert else None


def at_hand(x: Any) -> bool:
    """Whether x is an array or an eager tensor, whose values can be looked at."""
    return isinstance(x, np.ndarray) or (tf.is_tensor(x) and hasattr(x, "numpy"))


def sparse(x: Any, shape: tuple[int, ...], support: tuple[float, float] | None) -> None:
    """Check a sparse matrix as `data` does, by what it stores alone, so that it is never dense as a whole.

    Raises:
        ValueError: as `data` does.
    """
    _check_shape(x, shape, "data")
    data(np.append(x.data, np.zeros(1, x.dtype))[:, None], (1,), support, convert=False)


def as_array(x: Any, what: str) -> Any:
    """What has a shape and a dtype, of what was given.

    Raises:
        ValueError: if it is no array of numbers, and cannot be made one.
    """
    if isinstance(x, tf.SparseTensor):
        return tf.sparse.to_dense(tf.sparse.reorder(x))
    if hasattr(x, "toarray"):  # of SciPy
        return x.toarray()
    if isinstance(x, tf.data.Dataset):
        raise ValueError(
            f"The {what} are a tf.data.Dataset: this method takes one batch, an array or a tensor. Call it for each batch of "
            "the data set; fit, evaluate and predict take the data set as a whole."
        )
    if isinstance(x, dict):
        raise ValueError(
            f"The {what} are a dictionary with the keys {', '.join(map(repr, x))}: this model takes arrays, or pairs "
            "(image, label). In tfds.load say as_supervised=True, or map a data set: "
            "dataset.map(lambda d: (d['image'], d['label']))."
        )
    if isinstance(x, tf.RaggedTensor):
        raise ValueError(
            f"The {what} are a RaggedTensor, of examples of several shapes: give examples that all have one shape."
        )
    if x is None:
        raise ValueError(f"The {what} are None: give an array or a tensor of examples.")
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        try:
            x = np.asarray(x)
        except ValueError as error:  # lists of different lengths
            raise ValueError(f"The {what} are no array: {error}. Give examples that all have one shape.") from error
    if not tf.is_tensor(x) and getattr(x.dtype, "kind", "f") not in "fiub":
        try:
            tf.as_dtype(x.dtype)  # NumPy does not know what kind a bfloat16 is
            known = x.dtype.kind not in "OSUc"
        except TypeError:
            known = False
        if not known:
            raise ValueError(f"The {what} have dtype {x.dtype}: this model takes floats, such as x.astype('float32').")
    return x


def as_condition(labels: Any) -> Any:
    """Labels or other conditions, as something that has a shape and a dtype of numbers; None stays.

    Raises:
        ValueError: if they are no numbers.
    """
    labels = labels if labels is None or hasattr(labels, "shape") else np.asarray(labels)
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "OSUc":
        raise ValueError(
            f"The labels have dtype {labels.dtype}: labels are whole numbers, such as labels.astype('int64')."
        )
    return labels


def _check_shape(x: Any, shape: tuple[int, ...], what: str) -> None:
    """Check the shape of a batch as far as it is known before the data are there; `tf.ensure_shape` sees to the rest."""
    if tf.TensorShape(x.shape).is_compatible_with((None, *shape)):
        return
    found = tuple(x.shape)
    hint = (
        " Add the channel axis: x[..., None]."
        if found[1:] == shape[:-1] and shape[-1] == 1
        else (" A single example needs a batch axis: x[None]." if found == shape else "")
    )
    raise ValueError(f"The {what} have shape {found}: this model takes {('batch', *shape)}.{hint}")


def _remedy_of_integers(dtype: Any, support: tuple[float, float] | None) -> str:
    """What to do with whole numbers, which may be pixels, counts or flags."""
    if support == (0.0, 1.0):
        return (
            "For images of 8 bits divide by 255, or let keras_vae.data.load prepare them; values that are 0 or 1: "
            "astype('float32')."
        )
    pixels = "For images of 8 bits divide by 255. " if tf.as_dtype(dtype) == tf.uint8 else ""
    return f"{pixels}Counts and other whole numbers: astype('float32')."


def latents(z: Any, size: int) -> Any:
    """Check latents `(B, Z)` or `(S, B, Z)` and return them as float32."""
    z = as_array(z, "latents")
    z = z if tf.is_tensor(z) else tf.convert_to_tensor(z)
    if z.shape.rank not in (2, 3) or z.shape[-1] != size:
        raise ValueError(
            f"The latents have shape {tuple(z.shape)}: this model takes (batch, {size}) or (draws, batch, {size})."
        )
    if not z.dtype.is_floating:
        raise ValueError(f"The latents have dtype {z.dtype.name}: this model takes floats.")
    z = tf.cast(z, tf.float32)
    if hasattr(z, "numpy"):
        if not np.isfinite(z.numpy()).all():
            raise ValueError("The latents hold a value that is not finite: remove it before decoding.")
        if z.numpy().size and np.abs(z.numpy()).max() > _LARGEST_LATENT:
            raise ValueError(
                f"The latents hold values up to {np.abs(z.numpy()).max():g}: at most {_LARGEST_LATENT:g}, or what networks and "
                "densities compute of them overflows."
            )
    return z


def codes(k: Any, size: int, num_codes: int) -> Any:
    """Check numbers of codes `(B, N)` and return them as int32.

    Raises:
        ValueError: for a wrong shape or dtype, or a number of no code.
    """
    k = as_array(k, "codes")
    k = k if tf.is_tensor(k) else tf.convert_to_tensor(k)
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
        return tf.cast(k, tf.int32)
    k = tf.cast(k, tf.int64)
    message = f"A code is out of range: {rule}."
    with require(tf.reduce_all((k >= 0) & (k < num_codes)), message, _ENDS, tf.reduce_min(k), tf.reduce_max(k)):
        return tf.cast(k, tf.int32)


def pictures(c: Any, shape: tuple[int, ...], batch_size: Any) -> Any:
    """Check conditions that are images and return them as float32 from 0 to 1; uint8 is divided by 255.

    Raises:
        ValueError: for a wrong shape, dtype or range, or a number of conditions that is not the number of examples.
    """
    if c is None:
        raise ValueError(
            f"This model is conditional: it needs one image of shape {shape} per example. Pass them as the labels argument, as y "
            "in fit and evaluate, as predict([x, labels]), or as the second element of a tf.data pair."
        )
    c = as_array(c, "conditions")
    if tf.as_dtype(c.dtype) == tf.uint8:
        c = tf.cast(c, tf.float32) / 255.0
    given, needed = tf.get_static_value(tf.shape(c)[0]), tf.get_static_value(tf.convert_to_tensor(batch_size))
    c = data(c, shape, (0.0, 1.0), what="conditions")
    if given is not None and needed is not None and given != needed:
        raise ValueError(f"There are {given} conditions for {needed} examples: pass one per example.")
    return c


def vectors(c: Any, element_names: list[str], batch_size: Any) -> Any:
    """Check conditions that are vectors, with these elements, and return them as float32 `(B, K)`.

    Raises:
        ValueError: for a wrong shape, dtype or a value that is not finite, or a number of conditions that is not the number of
            examples.
    """
    shape = (len(element_names),)
    what = "a float vector (" + ", ".join(element_names[:8]) + (", ...)" if len(element_names) > 8 else ")")
    if c is None:
        raise ValueError(
            f"This model is conditional: it needs {what} per example. Pass vectors, or a dict of columns, as the labels argument "
            "or as y in fit and evaluate; vectors as predict([x, labels]), or as the second element of a tf.data pair."
        )
    c = as_array(c, "conditions")
    given, needed = tf.get_static_value(tf.shape(c)[:1]), tf.get_static_value(tf.convert_to_tensor(batch_size))
    c = data(c, shape, None, what="conditions")
    if given is not None and needed is not None and given[0] != needed:
        raise ValueError(f"There are {given[0]} conditions for {needed} examples: pass one per example.")
    return c


def labels(y: Any, num_classes: int, batch_size: Any, unknown: bool = False) -> Any:
    """Check labels, whole numbers of shape `(B,)` or `(B, 1)`, and return them one-hot, `(B, num_classes)`.

    Floats that are whole numbers, as Keras's `label_mode="binary"` gives them, are taken. With `unknown`, -1 is allowed, and
    becomes a row of zeros.

    Raises:
        ValueError: for a wrong shape, dtype or range, or a number of labels that is not the number of examples.
    """
    if y is None:
        raise ValueError(
            f"This model is conditional: it needs one label from 0 to {num_classes - 1} per example. Pass them as the "
            "labels argument, as y in fit and evaluate, as predict([x, labels]), or as the second element of a tf.data pair."
        )
    return tf.one_hot(class_numbers(y, num_classes, batch_size, unknown), num_classes)


def class_numbers(y: Any, num_classes: int, batch_size: Any, unknown: bool = False) -> Any:
    """The same labels, checked as in `labels`, as int64 `(B,)`.

    Raises:
        ValueError: as `labels` does.
    """
    y = y if tf.is_tensor(y) else np.asarray(y)
    if tf.is_tensor(y) and y.shape.rank is None:
        y = tf.reshape(y, (-1,))  # (B,) or (B, 1): of another shape there are too many
    if len(y.shape) == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if len(y.shape) != 1:
        raise ValueError(
            f"The labels have shape {tuple(y.shape)}: this model takes one whole number per example, of shape (batch,) or "
            "(batch, 1)." + (" One-hot labels: pass argmax(labels, axis=-1)." if len(y.shape) == 2 else "")
        )
    kind = None if isinstance(y, np.ndarray) and y.dtype.kind in "OSUc" else tf.as_dtype(y.dtype)
    # True and False are labels where there are two classes; elsewhere they are more likely a mistake.
    if kind is None or not (kind.is_integer or kind.is_floating or (kind.is_bool and num_classes == 2)):
        raise ValueError(
            f"The labels have dtype {y.dtype if kind is None else kind.name}: this model takes whole numbers from 0 to "
            f"{num_classes - 1}. For words: numpy.unique(labels, return_inverse=True)[1] numbers them."
        )
    least = -1 if unknown else 0
    rule = f"labels must be from 0 to {num_classes - 1}, whole numbers, since the model has {num_classes} classes"
    rule += ", or -1 where it is not known" if unknown else ""
    if isinstance(y, np.ndarray) or hasattr(y, "numpy"):
        values = np.asarray(y)
        wrong = values[~((values >= least) & (values < num_classes) & (values == np.floor(values)))]
        if wrong.size:
            raise ValueError(f"A label is {wrong[0]}: {rule}. For more classes see keras_vae.models.with_classes.")
        needed = tf.get_static_value(tf.convert_to_tensor(batch_size))
        if needed is not None and len(values) != needed:
            raise ValueError(f"There are {len(values)} labels for {needed} examples: pass one label per example.")
        y = tf.convert_to_tensor(values.astype("int64"))
    else:
        good = tf.size(y) == batch_size
        if kind.is_floating:
            good &= tf.reduce_all(y == tf.floor(y))
        y = tf.cast(y, tf.int64)
        good &= tf.reduce_all((y >= least) & (y < num_classes))
        # Of no labels there is no smallest: say 0.
        ends = [tf.where(tf.size(y) > 0, end, 0) for end in (tf.reduce_min(y), tf.reduce_max(y))]
        with require(good, f"A label is out of range: {rule}.", _ENDS, *ends):
            y = tf.identity(y)
    return y


def weights(w: Any, batch_size: Any) -> Any:
    """Check weights of examples, `(B,)` or `(B, 1)`, and return them as float32 `(B,)`.

    Raises:
        ValueError: for another shape, such as weights of single elements, a number that is not that of the examples, or a weight
            that is negative or not finite.
    """
    w = w if tf.is_tensor(w) else np.asarray(w)
    if len(w.shape) == 2 and w.shape[1] == 1:
        w = w[:, 0]
    if len(w.shape) != 1:
        raise ValueError(
            f"sample_weight has shape {tuple(w.shape)}: this model takes one weight per example, of shape (batch,) or (batch, 1). "
            "There are no weights of single elements, since a likelihood is of a whole example: fill in missing values, or "
            "complete them by an ImageConditionalVAE(completes=True)."
        )
    if isinstance(w, np.ndarray):
        if w.dtype.kind not in "fiub":
            raise ValueError(f"sample_weight has dtype {w.dtype}: this model takes numbers.")
        wrong = w[~((w >= 0) & (w <= _LARGEST))]
        if wrong.size:
            raise ValueError(f"A weight of sample_weight is {wrong[0]}: weights must be finite and at least 0.")
        if len(w) != batch_size:
            raise ValueError(f"There are {len(w)} weights for {batch_size} examples: pass one per example.")
        return w.astype("float32")
    w = tf.cast(w, tf.float32)
    good = tf.reduce_all((w >= 0) & (w <= _LARGEST)) & (tf.size(w) == batch_size)
    with require(good, "A weight of sample_weight is wrong: one per example, finite and at least 0.", "Given", w):
        return tf.identity(w)


def completes(model: Any) -> None:
    """Check that a model completes images.

    Raises:
        ValueError: if it does not.
    """
    if not getattr(model, "completes", False):
        raise ValueError(
            f"{model.name} completes no images: take an ImageConditionalVAE with completes=True, "
            "such as one of `keras-vae list --task complete`."
        )
