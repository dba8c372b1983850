"""Attributes of examples, words and numbers, and the vectors that they become: plain data and NumPy alone."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_vae import _checks

NUMBER = "number"
"""The description of a number that is standardised already: of mean 0 and standard deviation 1."""

_MAX_ATTRIBUTES, _MAX_TEXT = 1000, 200
_SHOWN_WORDS = 10
"""Words of an attribute that a message shows."""


class Attributes:
    """Turns columns of attributes into vectors: a word into a one-hot part, a number into `(value - mean) / std`.

    Args:
        described: by attribute name, the list of its words, `{"mean": m, "std": s}` of a number, or `"number"` for one of mean 0
            and standard deviation 1. The parts of a vector have the order of the names' alphabet, and words that of their list.

    Raises:
        ValueError: if it is no such table, naming the attribute.
    """

    def __init__(self, described: Any):
        if not isinstance(described, Mapping) or not 1 <= len(described) <= _MAX_ATTRIBUTES:
            raise ValueError(
                f"attributes={_checks.shown(described)}: must be a table of 1 to {_MAX_ATTRIBUTES} attributes, such as "
                "{'colour': ['red', 'green'], 'age': 'number'}."
            )
        for name in described:
            _text("attributes", name)
        # In an order that no file of settings can change.
        self.described: dict[str, Any] = {name: _one(name, described[name]) for name in sorted(described)}
        """The same table, as plain data; a number always with its mean and its standard deviation."""

    @property
    def size(self) -> int:
        """Length of a vector, K."""
        return sum(len(value) if isinstance(value, list) else 1 for value in self.described.values())

    @property
    def element_names(self) -> list[str]:
        """What each element of a vector is, such as `colour=red`, or `age`."""
        return [
            element
            for name, value in self.described.items()
            for element in ([f"{name}={word}" for word in value] if isinstance(value, list) else [name])
        ]

    def vectors(self, columns: Any) -> np.ndarray:
        """Vectors float32 `(N, K)` of a column `(N,)` for each attribute, or of one value for each, N = 1.

        Raises:
            ValueError: if a column is missing or unknown, they have different lengths, a word is none of the attribute's, or a
                number is not finite.
        """
        if not hasattr(columns, "keys"):
            raise ValueError(
                f"attributes={_checks.shown(columns)}: must be a dict with a column for each of {', '.join(self.described)}."
            )
        for name in columns:
            _checks.one_of("attribute", name, tuple(self.described))
        missing = [name for name in self.described if name not in columns]
        if missing:
            raise ValueError(
                f"The attribute {missing[0]!r} is missing: give a column for each of {', '.join(self.described)}."
            )
        given = {name: np.atleast_1d(np.asarray(columns[name])) for name in self.described}
        lengths = {name: column.shape for name, column in given.items()}
        if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
            raise ValueError(
                f"The attributes have the shapes {', '.join(f'{n} {s}' for n, s in lengths.items())}: give columns of one length."
            )
        parts = [_encoded(name, self.described[name], column) for name, column in given.items()]
        return np.concatenate(parts, axis=1)

    def random(self, count: int, seed: int) -> np.ndarray:
        """Vectors float32 `(count, K)`, of words with equal chances and of numbers from a normal distribution."""
        rng = np.random.default_rng(seed)
        columns = {
            name: rng.choice(value, count)
            if isinstance(value, list)
            else rng.normal(value["mean"], value["std"], count)
            for name, value in self.described.items()
        }
        return self.vectors(columns)


def _encoded(name: str, described: Any, column: np.ndarray) -> np.ndarray:
    if isinstance(described, list):
        numbers = {word: i for i, word in enumerate(described)}
        for value in column:
            _checks.one_of(name, str(value), described)
        return np.eye(len(described), dtype="float32")[[numbers[str(value)] for value in column]]
    values = [_number(name, value) for value in column]
    standardised = (np.array(values, "float64").reshape(-1, 1) - described["mean"]) / described["std"]
    return standardised.astype("float32")


def _number(name: str, value: Any) -> float:
    return _checks.finite_float(name, value.item() if hasattr(value, "item") else value, -1e30, 1e30)


def _one(name: str, value: Any) -> Any:
    if value == NUMBER and isinstance(value, str):
        return {"mean": 0.0, "std": 1.0}
    if isinstance(value, Mapping):
        _checks.known_keys(f"attributes.{name}", value, ("mean", "std"))
        if set(value) == {"mean", "std"}:
            mean = _checks.finite_float(f"attributes.{name}.mean", value["mean"], -1e30, 1e30)
            return {"mean": mean, "std": _checks.finite_float(f"attributes.{name}.std", value["std"], 1e-30, 1e30)}
    if isinstance(value, list | tuple) and len(value) >= 2:
        words = [_text(f"attributes.{name}", word) for word in value]
        if len(set(words)) == len(words) <= _checks.MAX_SIZE:
            return words
    raise ValueError(
        f"attributes.{name}={_checks.shown(value)}: must be a list of two or more different words, 'number', or "
        "{'mean': ..., 'std': ...}."
    )


def _text(name: str, value: Any) -> str:
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= _MAX_TEXT
        or not value.isprintable()
        or value != value.strip()
    ):
        raise ValueError(
            f"{name}={_checks.shown(value)}: names and words of attributes are texts of 1 to {_MAX_TEXT} characters, without line "
            "breaks or spaces at their ends."
        )
    return value


def in_words(attributes: Mapping[str, Any]) -> str:
    """Attributes in words for messages, such as `age (a number, about 40 +- 12), hat (no, yes)`.

    Args:
        attributes: as `Attributes.described`.
    """
    return ", ".join(f"{name} ({_values_in_words(value)})" for name, value in attributes.items())


def _values_in_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value[:_SHOWN_WORDS]) + (", ..." if len(value) > _SHOWN_WORDS else "")
    return f"a number, about {value['mean']:.4g} +- {value['std']:.2g}"


def described_number(values: np.ndarray) -> dict[str, float]:
    """The description of a number that has these values, float `(N,)`: their mean and standard deviation."""
    mean = math.fsum(values) / len(values)
    return {"mean": mean, "std": math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))}
