"""Checks of arguments: each error names the value, the rule and the remedy."""

import difflib
import importlib
import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

# Bounds that no honest model meets and that keep a hostile configuration from filling the memory.
MAX_SIZE = 16_384
MAX_LAYERS = 32
MAX_ELEMENTS = 4_194_304
MAX_PARAMETERS = 2**29


def positive_int(name: str, value: Any, maximum: int = MAX_SIZE, minimum: int = 1) -> int:
    """Return `value` as an int, or raise `ValueError` if it is no whole number in [minimum, maximum]."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not minimum <= int(value) <= maximum:
        raise ValueError(f"{name}={value!r}: must be a whole number from {minimum} to {maximum}.")
    return int(value)


def finite_float(name: str, value: Any, minimum: float = -math.inf, maximum: float = math.inf) -> float:
    """Return `value` as a float, or raise `ValueError` if it is not finite or outside [minimum, maximum]."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or not minimum <= number <= maximum:
        raise ValueError(f"{name}={value!r}: must be a finite number from {minimum:g} to {maximum:g}.")
    return number


def sizes(name: str, value: Any, minimum_length: int = 0) -> tuple[int, ...]:
    """Return a sequence of layer sizes as a tuple of positive ints."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{name}={value!r}: must be a list of layer sizes, such as [200, 200].")
    result = tuple(positive_int(f"{name}[{i}]", v) for i, v in enumerate(value))
    if not minimum_length <= len(result) <= MAX_LAYERS:
        raise ValueError(f"{name}={list(result)}: must name {minimum_length} to {MAX_LAYERS} layers.")
    return result


def data_shape(name: str, value: Any, rank: int | None = None) -> tuple[int, ...]:
    """Return the shape of one example as a tuple of positive ints with a bounded product.

    The product alone is bounded: a table of 30,000 columns is no larger than an image of 100 x 100 x 3.
    """
    if isinstance(value, numbers.Integral):
        value = (value,)
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{name}={value!r}: must be the shape of one example, such as [28, 28, 1].")
    shape = tuple(positive_int(f"{name}[{i}]", v, MAX_ELEMENTS) for i, v in enumerate(value))
    if not 1 <= len(shape) <= MAX_LAYERS:
        raise ValueError(f"{name}={list(shape)}: must have 1 to {MAX_LAYERS} axes.")
    if rank is not None and len(shape) != rank:
        raise ValueError(f"{name}={shape}: must have {rank} axes (height, width, channels).")
    if math.prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"{name}={shape}: has {math.prod(shape)} elements an example; at most {MAX_ELEMENTS}.")
    return shape


def activation_name(value: Any) -> str:
    """Return `value` if it is the name of a Keras activation, else raise `ValueError`.

    A name only: Keras would also take a configuration, and build from it whatever it says.
    """
    from keras_vae._backend import keras

    try:
        if isinstance(value, str) and callable(keras.activations.get(value)):
            return value
    except ValueError:
        pass
    raise ValueError(f"activation={value!r}: must be the name of a Keras activation, such as 'relu', 'tanh' or 'silu'.")


def parameter_count(name: str, count: int) -> None:
    """Raise `ValueError` if a network of `count` weights is larger than any that could be kept."""
    if count > MAX_PARAMETERS:
        raise ValueError(
            f"The {name} would have about {count:,} weights: at most {MAX_PARAMETERS:,}. Make its layers smaller."
        )


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, else raise `ValueError` listing them."""
    if value not in choices:
        raise ValueError(
            f"{name}={value!r}: must be one of {', '.join(map(repr, choices))}.{did_you_mean(value, choices)}"
        )
    return value


def did_you_mean(value: Any, choices: Iterable[str]) -> str:
    """Return a hint with the nearest of `choices`, or an empty string."""
    close = difflib.get_close_matches(str(value), list(choices), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def importable(module: str, what: str, extra: str) -> None:
    """Raise `ImportError` if a module is not installed, naming the package's extra that brings it."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{what} needs more packages: pip install -e '.[{extra}]' in the project's folder."
        ) from error


def known_keys(where: str, given: Iterable[str], allowed: Sequence[str]) -> None:
    """Raise `ValueError` if `given` has a key that is not in `allowed`."""
    for key in given:
        if key not in allowed:
            raise ValueError(
                f"{where} has no setting {key!r}; it has {', '.join(allowed)}.{did_you_mean(key, allowed)}"
            )
