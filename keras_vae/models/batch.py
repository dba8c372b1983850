"""Which of the data that `fit`, `evaluate` and `predict` are given are examples, labels, targets and weights."""

import itertools
import types
from typing import Any, NamedTuple

import numpy as np

from keras_vae._backend import keras, tf
from keras_vae.models import validation


class Batch(NamedTuple):
    """What is in the data; None for what is not."""

    x: Any
    """Examples."""
    labels: Any
    """Labels or other conditions, for a conditional model."""
    target: Any
    """What is to be given back where it is not x itself, such as the clean images of noisy ones."""
    weight: Any
    """A weight for each example."""


def as_given(x: Any, y: Any = None, weight: Any = None) -> tuple[Any, Any, Any]:
    """The same three as Keras takes them: lists of numbers become arrays. A data set, a generator and the like stay as they are.

    Raises:
        ValueError: if x is nothing that examples can be read from, or the first thing a generator gives is none.
    """
    if isinstance(x, tf.data.Dataset) and x.cardinality() == 0:
        raise ValueError("The data set holds no batch: give at least one.")
    if isinstance(x, types.GeneratorType):
        return _looked_at(x), y, weight
    if isinstance(x, tf.data.Dataset | keras.utils.PyDataset) or (
        hasattr(x, "__iter__") and not hasattr(x, "shape") and not isinstance(x, list | tuple | dict | str | bytes)
    ):
        return x, y, weight
    if isinstance(x, tuple | list) and len(x) == 2 and any(hasattr(part, "shape") for part in x):
        x = (_examples(x[0]), validation.as_condition(x[1]))
    else:
        x = _examples(x)
    y, weight = (np.asarray(part) if isinstance(part, list | tuple) else part for part in (y, weight))
    return x, y, weight


def _looked_at(batches: Any) -> Any:
    """The same generator, with its first batch looked at: Keras's own errors of one that gives no batches do not say so."""
    first = next(batches, None)
    x = first[0] if isinstance(first, tuple) and first else first
    if x is None:
        raise ValueError("The generator gives nothing: it must give batches x, (x, y) or (x, y, sample_weight).")
    if not isinstance(x, tuple | list | dict):
        _examples(x)
    return (batch if isinstance(batch, tuple) else (batch,) for batch in itertools.chain([first], batches))


def _examples(x: Any) -> Any:
    if hasattr(x, "toarray") or isinstance(x, tf.SparseTensor):
        return x
    x = validation.as_array(x, "data")
    if x.shape == ():
        raise ValueError(f"The data are the number {x}: give an array of examples, with a batch axis.")
    return x


def is_pair(x: Any) -> bool:
    """Whether x is `(x, labels)`."""
    return isinstance(x, tuple | list) and len(x) == 2 and all(hasattr(part, "shape") for part in x)


def unpack(data: Any, model: Any) -> Batch:
    """Tell the parts of `x`, `(x, y)` or `(x, y, sample_weight)` apart; `x` may be a pair `(x, labels)`.

    A conditional model's labels are in that pair or, where there is none, in y; then y beside a pair is a target. For another model
    y is a target where it has the shape of the data; else it is taken for labels, of which such a model has no use.

    Raises:
        ValueError: if y is neither labels nor a target, or the data are a dictionary.
    """
    x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
    labels = None
    paired = is_pair(x)
    if paired:
        x, labels = x
    if hasattr(y, "shape") and y.shape[-1:] == (0,):
        y = None  # of `packed`
    if y is None:
        return Batch(x, labels, None, weight)
    if model.conditional:
        return Batch(x, labels, y, weight) if paired else Batch(x, y, None, weight)
    y = y if hasattr(y, "shape") else np.asarray(y)
    return Batch(x, None, y if _is_target(y, model.data_shape) else None, weight)


def packed(x: Any, y: Any, weight: Any) -> tuple[Any, Any, Any]:
    """The same three, with a y of no columns where there are weights and no y: without a y Keras drops the weights."""
    first = x[0] if isinstance(x, tuple | list) and x else x
    if weight is None or y is not None or not hasattr(first, "shape"):
        return x, y, weight
    return x, np.zeros((first.shape[0], 0), "float32"), weight


def _is_target(y: Any, data_shape: tuple[int, ...]) -> bool:
    """Whether y, of a model without labels, is a target; otherwise it is labels."""
    shape = tf.TensorShape(y.shape)
    whole = not tf.as_dtype(y.dtype).is_floating if tf.is_tensor(y) else getattr(y.dtype, "kind", "O") in "iubOSU"
    if shape.is_compatible_with((None, *data_shape)) and shape.rank is not None:
        return not (whole and data_shape == (1,))  # a column of whole numbers is labels
    # One label per example, as a number, a column or one-hot.
    if shape.rank == 1 or (shape.rank == 2 and (shape[1] == 1 or len(data_shape) > 1 or whole)):
        return False
    raise ValueError(
        f"y has shape {'unknown' if shape.rank is None else tuple(shape)}: it is neither one label per example, of shape (batch,), "
        f"nor a target to be given back in the place of x, of shape {('batch', *data_shape)}."
    )


def check(batch: Batch, model: Any, training: bool = True) -> None:
    """Check arrays as far as they are at hand, before the first step.

    Args:
        batch: what was given.
        model: for which.
        training: whether the labels are those of `fit` and `evaluate`, of which a model may take more than of `predict`.

    Raises:
        ValueError: naming the value, the rule and the remedy.
    """
    likelihood, count = model.likelihood, None
    if hasattr(batch.x, "toarray"):
        validation.sparse(batch.x, model.data_shape, likelihood.support)
        count = batch.x.shape[0]
    elif validation.at_hand(batch.x):
        validation.data(batch.x, model.data_shape, likelihood.support, convert=False)
        count = len(batch.x)
    if count is None:
        return
    if not count:
        raise ValueError("The data hold no examples: give at least one.")
    if model.conditional and (training or batch.labels is not None):
        (model.training_condition_of if training else model.condition_of)(batch.labels, count)
    if batch.target is not None:
        target = batch.target if hasattr(batch.target, "shape") else np.asarray(batch.target)
        validation.data(target, model.data_shape, likelihood.support, convert=False, what="targets y")
        if len(target) != count:
            raise ValueError(f"There are {len(target)} targets y for {count} examples: pass one per example.")
    if batch.weight is not None:
        validation.weights(np.asarray(batch.weight), count)
