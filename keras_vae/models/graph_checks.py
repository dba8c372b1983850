"""Checks of values inside a traced function, and their errors as a user should see them.

Keras reports what fails in a graph as an `InvalidArgumentError` with the path through the graph and twenty lines of its own, where
the rule and the remedy are hard to find. `plain_errors` raises them as the `ValueError` that the same fault gets outside a graph.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from keras_vae._backend import tf

_MARK = "keras_vae: "
_FAILED = re.compile(r"assertion failed: \[" + _MARK + r"(.*?)\](.*?)(?:\n|\s*\[\[|$)", re.DOTALL)
_OTHER_SHAPE = re.compile(r"Shape of tensor \S+ \[([\d,]*)\] is not compatible with expected shape \[([\d,?]*)\]")


def require(good: Any, message: str, *values: Any) -> Any:
    """An assertion of the graph: a context in which what is computed needs `good`. The message ends in the values."""
    return tf.control_dependencies([tf.debugging.Assert(good, [_MARK + message, *values])])


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Raise what a check of the graph found as a `ValueError` that says only that."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        message = _message_of(str(error))
        if message is None:
            raise
        raise ValueError(message) from None


def _message_of(text: str) -> str | None:
    if found := _FAILED.search(text):
        return " ".join([found[1], *re.findall(r"\[(.*?)\]", found[2])])
    if found := _OTHER_SHAPE.search(text):
        batch, shape = found[1].replace(",", ", "), found[2].replace("?", "batch", 1).replace(",", ", ")
        return f"A batch of the pipeline has shape ({batch}): this model takes ({shape})."
    return None
