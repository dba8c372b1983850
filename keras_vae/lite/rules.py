"""Rules for plain data from elsewhere.

A rule is a function of a name, for messages, and of a value as JSON has it. It returns the value as a record holds it, and raises a
`ValueError` that gives the name, the value and the rule.
"""

import dataclasses
import math
import re
import typing
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._attributes import Attributes

Rule = Callable[[str, Any], Any]


def shown(value: Any) -> str:
    """A value in at most 100 characters."""
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a number of more than 30 digits"
    words = repr(value)
    return words if len(words) <= 100 else f"{words[:97]}..."


def text(name: str, value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not 1 <= len(value) <= 10_000:
        raise ValueError(f"{name} is {shown(value)}: it must be text")
    return value


def matching(pattern: str, words: str) -> Rule:
    """Text that matches a regular expression, which is `words` in a message."""

    def rule(name: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"{name} is {shown(value)}: it must be {words}")
        return value

    return rule


def one_of(*choices: str) -> Rule:
    """One of several words."""
    return matching("|".join(choices), f"one of {', '.join(choices)}")


def whole(minimum: int, maximum: int) -> Rule:
    """A whole number in a range."""

    def rule(name: str, value: Any) -> int:
        if type(value) is not int or not minimum <= value <= maximum:
            raise ValueError(f"{name} is {shown(value)}: it must be a whole number from {minimum} to {maximum}")
        return value

    return rule


def number(name: str, value: Any) -> float:
    """A finite number."""
    if type(value) not in (int, float) or not abs(value) <= np.finfo("float64").max:
        raise ValueError(f"{name} is {shown(value)}: it must be a finite number")
    return value


def flag(name: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {shown(value)}: it must be true or false")
    return value


def shape(name: str, value: Any) -> tuple[int, ...]:
    """The shape of an array of at most `MAX_ELEMENTS`."""
    axis = whole(1, _checks.MAX_ELEMENTS)
    if not isinstance(value, list) or not 1 <= len(value) <= 8:
        raise ValueError(f"{name} is {shown(value)}: it must be a list of 1 to 8 whole numbers")
    sizes = tuple(axis(f"{name}[{i}]", size) for i, size in enumerate(value))
    if math.prod(sizes) > _checks.MAX_ELEMENTS:
        raise ValueError(f"{name} is {shown(value)}: it must have at most {_checks.MAX_ELEMENTS} elements")
    return sizes


def interval(name: str, value: Any) -> tuple[float | None, float | None]:
    """The ends of a range of numbers; None at an end that is open, since JSON has no infinity."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{name} is {shown(value)}: it must be a list of two numbers")
    low, high = (None if end is None else number(f"{name}[{i}]", end) for i, end in enumerate(value))
    if low is not None and high is not None and not low < high:
        raise ValueError(f"{name} is {shown(value)}: the first number must be less than the second")
    return low, high


def attributes(name: str, value: Any) -> dict[str, Any]:
    """What `Attributes` are made of."""
    if not isinstance(value, dict) or not all(isinstance(entry, list | dict) for entry in value.values()):
        raise ValueError(f"{name} is {shown(value)}: it must be a table of lists of words and of numbers' mean and std")
    Attributes(value)
    return value


def listed(rule: Rule) -> Rule:
    """A list whose values follow a rule."""

    def of_all(name: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"{name} is {shown(value)}: it must be a list")
        return tuple(rule(f"{name}[{i}]", entry) for i, entry in enumerate(value))

    return of_all


def each(rule: Rule) -> Rule:
    """A table of any names whose values follow a rule."""

    def of_all(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {shown(value)}: it must be a table")
        return {key: rule(f"{name}[{shown(key)}]", entry) for key, entry in value.items()}

    return of_all


def table(rules: dict[str, Rule], required: Iterable[str] = ()) -> Rule:
    """A table of known names, each with a rule of its own."""

    def of_all(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {shown(value)}: it must be a table")
        if missing := sorted(set(required) - set(value)):
            raise ValueError(f"{name} has no {missing[0]!r}")
        if unknown := [key for key in value if key not in rules]:
            raise ValueError(f"{name} has the field {shown(unknown[0])}, which no build has: it has {', '.join(rules)}")
        return {key: rules[key](repr(key), entry) for key, entry in value.items()}

    return of_all


def record(cls: Any) -> Rule:
    """A table with the fields of a dataclass, each of a type `Annotated[T, rule]`; a field without a default must be there."""
    keys = {key_of(field): field for field in dataclasses.fields(cls)}
    required = [key for key, field in keys.items() if field.default is dataclasses.MISSING]
    read = table({key: typing.get_args(field.type)[1] for key, field in keys.items()}, required)
    return lambda name, value: cls(**{keys[key].name: entry for key, entry in read(name, value).items()})


def key_of(field: Any) -> str:
    """The name of a dataclass's field in a file: its own, or `key` of its metadata where that is no name in Python."""
    return field.metadata.get("key", field.name)


def plain(value: Any) -> Any:
    """What `record` reads, of records in lists and tables: what is None is left out."""
    if dataclasses.is_dataclass(value):
        entries = {key_of(field): getattr(value, field.name) for field in dataclasses.fields(value)}
        return {key: plain(entry) for key, entry in entries.items() if entry is not None}
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value
