"""A bound on the weights of a model while it is built: they are counted before their memory is taken."""

import contextlib
import contextvars
import math
from collections.abc import Iterator
from typing import Any

from keras_vae._backend import keras

_left: contextvars.ContextVar[list[int] | None] = contextvars.ContextVar("weights_left", default=None)


class TooManyWeightsError(ValueError):
    """A model would have more weights than it may."""


@contextlib.contextmanager
def weights(maximum: int) -> Iterator[None]:
    """Refuse to create more than `maximum` numbers in Keras variables inside the block; blocks may be nested.

    Raises:
        TooManyWeightsError: in the block, before the variable that is too much is made.
    """
    outer = _left.get()
    mine = [maximum if outer is None else min(maximum, outer[0])]
    token = _left.set(mine)
    try:
        yield
    finally:
        _left.reset(token)


_init = keras.Variable.__init__


def _counted(self: Any, initializer: Any, shape: Any = None, *args: Any, **kwargs: Any) -> None:
    left = _left.get()
    if left is not None and shape is not None:
        with contextlib.suppress(TypeError):  # a shape that is none: Keras says so
            left[0] -= math.prod(int(size) for size in shape)
        if left[0] < 0:
            raise TooManyWeightsError("The model would have more weights than it may.")
    _init(self, initializer, shape, *args, **kwargs)


# Keras has no hook that sees a variable's shape before its first value is made. Outside of a block nothing changes.
keras.Variable.__init__ = _counted
