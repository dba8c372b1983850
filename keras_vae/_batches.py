"""Data of any length, some at a time, so that memory stays bounded."""

from collections.abc import Callable
from typing import Any

import numpy as np

_BATCH = 1000
_ELEMENTS = 10_000_000


def in_batches(function: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """`function(x)` for data `(N, ...)`, where the function treats each example by itself.

    Raises:
        ValueError: if there are no data.
    """
    if not len(x):
        raise ValueError("There are no data: give at least one example.")
    return np.concatenate([np.asarray(function(x[i : i + _BATCH])) for i in range(0, len(x), _BATCH)])


def batch_size(elements: int, most: int) -> int:
    """How many examples to take at a time, `most` or as many fewer as keep a tensor of `elements` numbers an example at 40 MB."""
    return max(1, min(most, _ELEMENTS // elements))
