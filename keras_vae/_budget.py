"""A bound on the weights of a model while it is built: they are counted before their memory is taken."""

import contextlib
import contextvars
import math
from collections.abc import Iterator
from typing import Any

from keras_vae._backend import keras

PER_VARIABLE = 25
"""What a variable counts beside its numbers: thousands of small layers take minutes to build. In a file of weights a name, a type
and a shape take at least the bytes of as many float16 numbers.
"""
_left: contextvars.ContextVar[list[int] | None] = contextvars.ContextVar("weights_left", default=None)


class TooManyWeightsError(ValueError):
    """A model would have more weights than it may."""


@contextlib.contextmanager
def weights(maximum: int) -> Iterator[None]:
    """Refuse to create more than `maximum` numbers in Keras variables inside the block; each variable counts `PER_VARIABLE` more.

    Raises:
        TooManyWeightsError: in the block, before the variable that is too much is made.
    """
    token = _left.set([maximum])
    try:
        yield
    finally:
        _left.reset(token)


_init = keras.Variable.__init__


def _counted(self: Any, initializer: Any, shape: Any = None, *args: Any, **kwargs: Any) -> None:
    left = _left.get()
    if left is not None and shape is not None:
        with contextlib.suppress(TypeError):  # a shape that is none: Keras says so
            left[0] -= math.prod(int(size) for size in shape) + PER_VARIABLE
        if left[0] < 0:
            raise TooManyWeightsError("The model would have more weights than it may.")
    _init(self, initializer, shape, *args, **kwargs)


# Keras has no hook that sees a variable's shape before its first value is made. Outside of a block nothing changes.
keras.Variable.__init__ = _counted
