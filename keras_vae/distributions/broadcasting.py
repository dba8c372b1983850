"""Values beside the batch of a distribution, as TensorFlow Probability's own densities take them."""

import math
from typing import Any

from keras_vae._backend import tf


def check_value(value: Any, distribution: Any, support: tuple[float, float] | None = None) -> None:
    """Raise `ValueError` if a value has no density: it is of another shape, or, as far as values can be seen, out of range or NaN.

    Args:
        value: what `log_prob` was given.
        distribution: gives `event_shape` and `batch_shape`.
        support: range of the values, both ends included, or None for any finite number.
    """
    event, batch = distribution.event_shape, distribution.batch_shape
    lead = value.shape[: -event.rank]
    fits = value.shape[-event.rank :].is_compatible_with(event) and _broadcasts(lead, batch)
    if value.shape.rank is not None and not fits:
        raise ValueError(
            f"The value has shape {tuple(value.shape)}: this distribution has batch shape {tuple(batch)} and event shape "
            f"{tuple(event)}, so give {(*batch, *event)}, or one event of shape {tuple(event)}."
        )
    if not hasattr(value, "numpy"):  # in a graph
        return
    least, most = (
        (value.numpy().min(), value.numpy().max()) if value.numpy().size else (0.0, 0.0)
    )  # a NaN comes out of both
    low, high = support or (-math.inf, math.inf)
    if not (math.isfinite(least) and math.isfinite(most) and low <= least and most <= high):
        rule = f"finite and from {low:g} to {high:g}. Images of 8 bits: divide by 255" if support else "finite"
        raise ValueError(f"The value holds numbers from {least:g} to {most:g}: must be {rule}.")


def _broadcasts(a: Any, b: Any) -> bool:
    try:
        tf.broadcast_static_shape(a, b)
    except ValueError:
        return False
    return True


def to_batch(value: Any, distribution: Any) -> Any:
    """`value` with its leading axes broadcast to the batch shape of `distribution`; axes before those of the batch stay.

    A density that tensors of one shape make needs no such thing. One that pairs the rows of a batch with those of a condition does.
    Arguments and errors as in `check_value`.
    """
    check_value(value, distribution)
    event_rank, batch = distribution.event_shape.rank, distribution.batch_shape
    lead = value.shape[:-event_rank]
    if lead.rank is None or not batch.rank or lead[-batch.rank :].as_list() == batch.as_list():
        return value
    shape = tf.broadcast_dynamic_shape(tf.shape(value)[:-event_rank], distribution.batch_shape_tensor())
    return tf.broadcast_to(value, tf.concat([shape, tf.shape(value)[-event_rank:]], axis=0))
