"""Checks of arguments: each error names the value, the rule and the remedy."""

import contextlib
import difflib
import inspect
import itertools
import math
import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# Bounds that no honest model meets and that keep a hostile configuration from filling the memory.
MAX_SIZE = 16_384
MAX_LAYERS = 32
MAX_ELEMENTS = 4_194_304
MAX_PARAMETERS = 2**29
# What is larger is infinite in float32, the number format of losses.
MAX_FLOAT = 3.4e38

_MAX_SHOWN = 200
_KERAS_ARGUMENTS = ("name", "trainable", "dtype", "autocast", "activity_regularizer")
_LAYER_SIZES = "a list of layer sizes, such as [200, 200]"
_SHAPE = "the shape of one example, such as (28, 28, 1)"
_AXES = {2: " (height, width)", 3: " (height, width, channels)"}


def shown(value: Any) -> str:
    """`value` as a message shows it: never longer than a line or two, whatever it is."""
    try:
        text = repr(value)
    except Exception:  # of an object of a user's own, or a whole number of more digits than Python writes out
        text = f"a {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


def is_flag(value: Any) -> bool:
    """Whether a value is a truth value of any library."""
    # NumPy's and TensorFlow's truth values count as numbers for Python, as its own do.
    return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "name", None) == "bool"


def whole_number(value: Any) -> int | None:
    """`value` as an int if it is a whole number of any library, and no truth value; None if it is not."""
    if is_flag(value) or getattr(value, "shape", ()) != ():
        return None
    try:
        return operator.index(value)
    except (AttributeError, TypeError, ValueError):  # the first is TensorFlow's, of a number with a fraction
        return None


def positive_int(name: str, value: Any, maximum: int = MAX_SIZE, minimum: int = 1) -> int:
    """Return `value` as an int, or raise `ValueError` if it is no whole number in [minimum, maximum]."""
    number = whole_number(value)
    if number is None or not minimum <= number <= maximum:
        raise ValueError(f"{name}={shown(value)}: must be a whole number from {minimum} to {maximum}.")
    return number


def finite_float(name: str, value: Any, minimum: float = -MAX_FLOAT, maximum: float = MAX_FLOAT) -> float:
    """Return `value` as a float, or raise `ValueError` if it is not finite or outside [minimum, maximum]."""
    number = math.nan
    # What has no __float__, such as text, float() may read all the same.
    if hasattr(value, "__float__") and not is_flag(value) and getattr(value, "shape", ()) == ():
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            number = float(value)
    if not math.isfinite(number) or not minimum <= number <= maximum:
        raise ValueError(f"{name}={shown(value)}: must be a finite number from {minimum:g} to {maximum:g}.")
    return number


def flag(name: str, value: Any) -> bool:
    """Return `value` as a bool, or raise `ValueError` if it is neither True nor False: `"no"` and 0 are not."""
    if not is_flag(value) or getattr(value, "shape", ()) != ():
        raise ValueError(f"{name}={shown(value)}: must be true or false.")
    return bool(value)


def table(name: str, value: Any) -> dict[str, Any]:
    """Return settings by name as a dict, or raise `ValueError` if they are none."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{name}={shown(value)}: must be a dict of settings by name.")
    return dict(value)


def path(name: str, value: Any) -> Path:
    """Return `value` as a path, or raise `ValueError` if it is neither a text nor a path."""
    if isinstance(value, bytes) or not isinstance(value, str | os.PathLike):
        raise ValueError(f"{name}={shown(value)}: must be the path of a file or a folder, a text or a Path.")
    return Path(value)


def listed(name: str, value: Any, kind: str) -> list[Any]:
    """The elements of a list, a tuple, a vector or a shape; a text, a dict or a set is none, though Python can go through it."""
    has_order = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    if has_order and not isinstance(value, str | bytes | bytearray | Mapping):
        with contextlib.suppress(TypeError, ValueError):  # an array of no axes, a shape of unknown rank
            return list(itertools.islice(value, MAX_LAYERS + 1))
    raise ValueError(f"{name}={shown(value)}: must be {kind}.")


def sizes(
    name: str, value: Any, minimum_length: int = 0, kind: str = _LAYER_SIZES, maximum: int = MAX_SIZE
) -> tuple[int, ...]:
    """Return a sequence of layer sizes as a tuple of positive ints."""
    values = listed(name, value, kind)
    result = tuple(positive_int(f"{name}[{i}]", v, maximum) for i, v in enumerate(values))
    if not minimum_length <= len(result) <= MAX_LAYERS:
        unit = "layers" if kind == _LAYER_SIZES else "numbers"
        raise ValueError(f"{name}={shown(list(values))}: must name {minimum_length} to {MAX_LAYERS} {unit}.")
    return result


def data_shape(name: str, value: Any, rank: int | None = None) -> tuple[int, ...]:
    """Return the shape of one example as a tuple of positive ints with a bounded product."""
    if whole_number(value) is not None:
        value = (value,)
    # An axis may be as long as the elements are many: a row of a table of genes or of items has tens of thousands.
    shape = sizes(name, value, minimum_length=1, kind=_SHAPE, maximum=MAX_ELEMENTS)
    if rank is not None and len(shape) != rank:
        raise ValueError(f"{name}={shape}: must have {rank} axes{_AXES.get(rank, '')}.")
    if math.prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"{name}={shape}: has {math.prod(shape)} elements an example; at most {MAX_ELEMENTS}.")
    return shape


def activation_name(value: Any, name: str = "activation") -> str:
    """Return `value` if it is the name of a Keras activation, else raise `ValueError`.

    A name only: Keras would also take a configuration, and build from it whatever it says.
    """
    from keras_vae._backend import keras

    try:
        if isinstance(value, str) and callable(keras.activations.get(value)):
            return value
    except ValueError:
        pass
    raise ValueError(
        f"{name}={shown(value)}: must be the name of a Keras activation, such as 'relu', 'tanh' or 'silu'."
    )


def keras_arguments(cls: type, given: dict[str, Any]) -> None:
    """Raise `ValueError` if the keyword arguments that a class hands on to Keras are wrong.

    Keras says the same of them, but names neither the arguments that the class has nor the nearest.
    """
    from keras_vae._backend import keras

    own = [p.name for p in inspect.signature(cls).parameters.values() if p.kind is not p.VAR_KEYWORD]
    known_keys(cls.__name__, given, (*own, *_KERAS_ARGUMENTS))
    name = given.get("name")
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise ValueError(f"name={shown(name)}: must be a text without '/'.")
    if "trainable" in given:
        flag("trainable", given["trainable"])
    try:
        keras.dtype_policies.get(given.get("dtype"))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"dtype={shown(given['dtype'])}: must be a number format or a policy of Keras, such as 'float32' or 'mixed_float16'."
        ) from error


def parameter_count(name: str, count: int) -> None:
    """Raise `ValueError` if a network of `count` weights is larger than any that could be kept."""
    if count > MAX_PARAMETERS:
        raise ValueError(
            f"The {name} would have about {count:,} weights: at most {MAX_PARAMETERS:,}. Make its layers smaller."
        )


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, else raise `ValueError` listing them."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(
            f"{name}={shown(value)}: must be one of {', '.join(map(repr, choices))}.{did_you_mean(value, choices)}"
        )
    return value


def did_you_mean(value: Any, choices: Iterable[str]) -> str:
    """Return a hint with the nearest of `choices`, or an empty string."""
    # Of a long text nothing is near, and to find that out would take its length squared.
    close = difflib.get_close_matches(value, list(choices), n=1) if isinstance(value, str) and len(value) < 100 else []
    return f" Did you mean {close[0]!r}?" if close else ""


@contextlib.contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Around imports: raise `ImportError` if a package is not installed, naming the extra of keras-vae that brings it.

    Args:
        name: of the extra.
        what: what needs it, for the message.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == __package__:
            raise
        raise ImportError(
            f"{what} needs the package {error.name}, which is not installed: pip install 'keras-vae[{name}]'"
        ) from error


def known_keys(where: str, given: Iterable[str], allowed: Sequence[str]) -> None:
    """Raise `ValueError` if `given` has a key that is not in `allowed`."""
    for key in given:
        if key not in allowed:
            raise ValueError(unknown_key(where, key, allowed))


def unknown_key(where: str, key: Any, allowed: Sequence[str]) -> str:
    """Return the message of `known_keys` for a key that is not in `allowed`."""
    return f"{where} has no setting {shown(key)}; it has {', '.join(allowed)}.{did_you_mean(key, allowed)}"


def uint8_images(name: str, images: Any) -> Any:
    """Return images as they are, an array or a tensor, if they are uint8 `(N, H, W, C)`.

    Raises:
        ValueError: if they are not: floats would be divided by 255 once more, and be black in silence.
    """
    if getattr(getattr(images, "dtype", None), "name", None) != "uint8":
        raise ValueError(
            f"{name}={described(images)}: must be uint8 from 0 to 255. Floats from 0 to 1 become that by "
            f"np.round(255 * {name}).astype('uint8')."
        )
    if len(images.shape) != 4 or 0 in tuple(images.shape):
        raise ValueError(f"{name}={described(images)}: must have the shape (N, H, W, C), with N at least 1.")
    return images


def described(value: Any) -> str:
    """An array or a tensor by its dtype and shape, and anything else as it prints."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"<{getattr(value.dtype, 'name', value.dtype)} of shape {value.shape}>"
    return repr(value)[:60]
