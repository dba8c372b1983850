"""Sums and means over all replicas of a `tf.distribute` strategy; without a strategy, those of the batch itself.

A quantity of the whole batch, such as the loss or a mean that an objective penalises, has to be that of all replicas: then N
replicas that share a batch train as one process does, and a replica whose share of the last batch is empty divides by no zero.
"""

from typing import Any

from keras_vae._backend import tf


def total(x: Any) -> Any:
    """The sum of `x` over the replicas; its gradient reaches each of them."""
    context = _context()
    return x if context is None else context.all_reduce(tf.distribute.ReduceOp.SUM, x)


def mean(x: Any) -> Any:
    """The mean over axis 0, of the examples of all replicas."""
    count = total(tf.cast(tf.shape(x)[0], x.dtype))
    return total(tf.reduce_sum(x, axis=0)) / count


def gathered(x: Any) -> Any:
    """The values of all replicas, one after the other along axis 0, as they stood in the batch that was shared out."""
    context = _context()
    return x if context is None else context.all_gather(x, axis=0)


def first(x: Any) -> Any:
    """What the first replica has, on all of them: for a choice that they must make alike."""
    return total(tf.where(replica_id() == 0, x, tf.zeros_like(x)))


def replica_id() -> Any:
    """Number of this replica under a `tf.distribute` strategy, 0 elsewhere."""
    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if context is not None else 0


def _context() -> Any:
    """The context of this replica where there are others beside it."""
    several = tf.distribute.get_strategy().num_replicas_in_sync > 1
    return tf.distribute.get_replica_context() if several else None
