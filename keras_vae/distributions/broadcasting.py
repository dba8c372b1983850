"""Values beside the batch of a distribution, as TensorFlow Probability's own densities take them."""

from typing import Any

from keras_vae._backend import tf


def to_batch(value: Any, distribution: Any, event_rank: int) -> Any:
    """`value` with its leading axes broadcast to the batch shape of `distribution`; axes before those of the batch stay.

    A density that tensors of one shape make needs no such thing. One that pairs the rows of a batch with those of a condition does.

    Args:
        value: `(...) + event_shape`.
        distribution: gives `batch_shape` and `batch_shape_tensor()`.
        event_rank: number of axes of an event.

    Raises:
        ValueError: if the shapes do not broadcast.
    """
    lead, batch = value.shape[:-event_rank], distribution.batch_shape
    if lead.rank is None or not batch.rank or lead[-batch.rank :].as_list() == batch.as_list():
        return value
    try:
        tf.broadcast_static_shape(lead, batch)
    except ValueError:
        raise ValueError(
            f"The value has shape {tuple(value.shape)}, so a batch of {tuple(lead)}, and the {distribution.name} is a batch of "
            f"{tuple(batch)}: give one event, or a batch of the same shape."
        ) from None
    shape = tf.broadcast_dynamic_shape(tf.shape(value)[:-event_rank], distribution.batch_shape_tensor())
    return tf.broadcast_to(value, tf.concat([shape, tf.shape(value)[-event_rank:]], axis=0))
