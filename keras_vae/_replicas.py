"""Sums and means over all replicas of a `tf.distribute` strategy; without a strategy, those of the batch itself.

A quantity of the whole batch, such as the loss or a mean that an objective penalises, has to be that of all replicas: then N
replicas that share a batch train as one process does. A replica whose share of the last batch is empty computes with an example
that stands in, since TensorFlow's convolutions do not take an empty batch; what it computes of that counts for nothing.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from keras_vae._backend import tf

# Each replica runs in a thread of its own.
_step = threading.local()


def several() -> bool:
    """Whether there is more than one replica."""
    return tf.distribute.get_strategy().num_replicas_in_sync > 1


def replica_id() -> Any:
    """Number of this replica under a `tf.distribute` strategy, 0 elsewhere."""
    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if context is not None else 0


@contextlib.contextmanager
def standing_in(empty: Any) -> Iterator[None]:
    """In this context the one row of a batch stands in for none where `empty` is true; None where that cannot be."""
    _step.empty = empty
    try:
        yield
    finally:
        _step.empty = None


def filled(x: Any, empty: Any, value: float = 0.0) -> Any:
    """A batch with a row that stands in where it is empty."""
    return tf.concat(
        [x, tf.fill(tf.concat([[tf.cast(empty, tf.int32)], tf.shape(x)[1:]], 0), tf.cast(value, x.dtype))], 0
    )


def real(x: Any) -> Any:
    """The rows of a batch that are examples, or are made of such: none of what stands in."""
    empty = getattr(_step, "empty", None)
    return x if empty is None else x[: tf.where(empty, 0, tf.shape(x)[0])]


def count(x: Any) -> Any:
    """The number of examples of all replicas, of which `x` is a batch: a float."""
    return total(tf.cast(tf.shape(real(x))[0], tf.float32))


def total(x: Any) -> Any:
    """The sum of `x` over the replicas; its gradient reaches each of them."""
    context = _context()
    return x if context is None else context.all_reduce(tf.distribute.ReduceOp.SUM, x)


def mean(x: Any) -> Any:
    """The mean over axis 0, of the examples of all replicas."""
    return total(tf.reduce_sum(real(x), axis=0)) / count(x)


def gathered(x: Any) -> Any:
    """The rows of all replicas, one after the other, as they stood in the batch that was shared out."""
    context = _context()
    # Gathering forgets the axes beside the batch, by which what follows is built.
    return x if context is None else tf.ensure_shape(context.all_gather(real(x), axis=0), (None, *x.shape[1:]))


def first(x: Any) -> Any:
    """What the first replica has, on all of them: for a choice that they must make alike."""
    return total(tf.where(replica_id() == 0, x, tf.zeros_like(x)))


def _context() -> Any:
    """The context of this replica where there are others beside it."""
    return tf.distribute.get_replica_context() if several() else None
