"""Tables of a TOML file as classes: pydantic checks types and bounds, and this module says in our words what it found.

A class says each rule once, beside the setting:

    @table("training")
    class TrainingRecipe:
        epochs: Annotated[Whole, Field(ge=1, le=10**6)]
        monitor: Annotated[Text, OneOf(("elbo", "accuracy"))] = "elbo"

and what settings must agree on in its `__post_init__`, which raises `ValueError` with a whole sentence. The class is a frozen
dataclass. Its constructor, and `read` for a table of a file, raise `ValueError` with the setting, its value, the rule and the
remedy.

Importing this module imports pydantic, which takes 0.15 s of CPU time: only modules that read tables import it.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import pydantic
import pydantic.dataclasses
from pydantic import BeforeValidator, Strict
from pydantic_core import ErrorDetails, core_schema
from typing_extensions import is_typeddict

from keras_vae import _checks

_MAX_SETTINGS = 1000
"""Of a table: pydantic describes each unknown one, and a file of a megabyte holds many."""
_MAX_SHOWN = 3
"""Errors in a message."""
_KEY = "[key]"
"""What pydantic adds to the path of a wrong key of a dict."""

_T = TypeVar("_T")

closed = pydantic.with_config(pydantic.ConfigDict(extra="forbid"))
"""Makes a `TypedDict` refuse keys that it does not name."""


def _whole(value: Any) -> Any:
    """A whole number of any library as Python's own, and anything else as it is, which is refused then."""
    number = _checks.whole_number(value)
    return value if number is None else number


def _real(value: Any) -> Any:
    """A finite number of any library as Python's own, and anything else as it is."""
    if _checks.is_flag(value):
        return bool(value)  # one of NumPy would be taken for a number
    try:
        return _checks.finite_float("", value)
    except ValueError:
        return value


# Strict: text and truth values are no numbers, and numbers no text.
Whole = Annotated[int, BeforeValidator(_whole), Strict()]
"""A whole number."""
Real = Annotated[float, BeforeValidator(_real), Strict(), pydantic.Field(allow_inf_nan=False)]
"""A finite number."""
Flag = Annotated[bool, BeforeValidator(lambda value: bool(value) if _checks.is_flag(value) else value), Strict()]
"""True or false."""
Text = Annotated[str, Strict()]


@dataclasses.dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    choices: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.literal_schema(list(self.choices))


@dataclasses.dataclass(frozen=True)
class Says:
    """The rule of a setting in words, where its type says too little."""

    rule: str


@typing.dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def table(name: str, called: str = "") -> Callable[[type[_T]], type[_T]]:
    """Make a class of annotated settings a frozen dataclass that checks them.

    Args:
        name: of the table in the file; "" for the file itself, whose settings are tables.
        called: what the file is, such as "a recipe".
    """

    def decorate(cls: type[_T]) -> type[_T]:
        made: Any = pydantic.dataclasses.dataclass(frozen=True, config={"extra": "forbid"})(cls)
        made.__table__ = (name, called)
        checked = made.__init__

        @functools.wraps(checked)
        def construct(self: Any, *args: Any, **settings: Any) -> None:
            try:
                checked(self, *args, **settings)
            except pydantic.ValidationError as error:
                raise ValueError(_message(error, made)) from None

        construct.__annotations__ = typing.get_type_hints(made)
        made.__init__ = construct
        return made

    return decorate


def read(cls: type[_T], settings: Any) -> _T:
    """Make an object of a class with `table` of a table of a file.

    Raises:
        ValueError: if a setting is missing or unknown, or a value is wrong; it names up to three of them.
    """
    name, called = cls.__table__  # type: ignore[attr-defined]
    settings = _checks.table(name or called, settings)
    if len(settings) > _MAX_SETTINGS:
        raise ValueError(f"{_titled(cls)} has {len(settings)} settings: at most {_MAX_SETTINGS} are read.")
    try:
        kind: Any = cls
        found: _T = _adapter(kind).validate_python(settings)
    except pydantic.ValidationError as error:
        raise ValueError(_message(error, cls)) from None
    return found


@functools.cache
def _adapter(cls: Any) -> "pydantic.TypeAdapter[Any]":
    return pydantic.TypeAdapter(cls)


def _message(error: pydantic.ValidationError, cls: Any) -> str:
    # Of the unknown settings of one table the first is named, with all that there are.
    entries = {
        (tuple(entry["loc"][:-1]) if _is_unknown(entry) else entry["loc"], _is_unknown(entry)): entry
        for entry in reversed(error.errors(include_url=False))
    }
    found = [_words(entry, cls) for entry in list(reversed(entries.values()))[:_MAX_SHOWN]]
    more = error.error_count() - len(found)
    return " ".join(found) + (f" And {more} more." if more else "")


def _is_unknown(error: ErrorDetails) -> bool:
    return error["type"] in ("extra_forbidden", "unexpected_keyword_argument") or _KEY in error["loc"]


def _words(error: ErrorDetails, cls: Any) -> str:
    """One of pydantic's errors as a sentence."""
    if error["type"] == "value_error":  # of a validator of ours, whose words are whole
        return str(error["ctx"]["error"])
    path: list[Any] = [step for step in error["loc"] if step != _KEY]
    if path and isinstance(path[0], int):  # an argument of the constructor, by its place
        path[0] = [*_fields(cls), "arguments"][min(path[0], len(_fields(cls)))]
    within, key = path[:-1], path[-1] if path else ""
    if error["type"] == "missing":
        return f"{_titled(cls, within)} needs {f'the setting {key!r}' if _place(cls, within) else f'a table [{key}]'}."
    if _is_unknown(error):
        return _checks.unknown_key(_titled(cls, within), str(key), _keys(*_setting(cls, within)))
    kind, notes = _setting(cls, path)
    place = _place(cls, path)
    return f"{place}={_checks.shown(error['input'])}: {_rule(kind, notes, place, error)}"


def _rule(kind: Any, notes: list[Any], place: str, error: ErrorDetails) -> str:
    """What a value must be, and how to make it so."""
    for note in notes:
        if isinstance(note, Says):
            return note.rule
        if isinstance(note, OneOf):
            nearest = _checks.did_you_mean(error["input"], note.choices)
            return f"must be one of {', '.join(map(repr, note.choices))}.{nearest}"
    if error["type"] == "too_long":
        return f"must have at most {error['ctx']['max_length']} entries."
    if kind is bool:
        return "must be true or false."
    if kind is str:
        return "must be text."
    if kind in (int, float):
        low, high = (
            next((getattr(note, name) for note in notes if hasattr(note, name)), None) for name in ("ge", "le")
        )
        number, form = ("finite number", "g") if kind is float else ("whole number", "d")
        bounds = "" if None in (low, high) else f" from {low:{form}} to {high:{form}}"
        return f"must be a {number}{bounds}."
    if _is_table(kind):
        return f"must be a table, [{place}]."
    if typing.get_origin(kind) in (list, tuple):
        of_tables = _is_table(_unwrapped(typing.get_args(kind)[0])[0])
        return f"must be a list{' of tables' if of_tables else ''}."
    return f"{error['msg']}."


def _setting(cls: Any, path: list[Any]) -> tuple[Any, list[Any]]:
    """The type at a path of names and indices, and what stands beside it in `Annotated`."""
    kind, notes = _unwrapped(cls)
    for step in path:
        arguments = typing.get_args(kind)
        if _fields(kind):
            inner = _fields(kind).get(step, Any)
        else:
            inner = arguments[-1 if typing.get_origin(kind) is dict else 0] if arguments else Any
        kind, notes = _unwrapped(inner)
    return kind, notes


def _unwrapped(kind: Any) -> tuple[Any, list[Any]]:
    """A type without `Annotated`, `Required` and `| None`, and the notes of `Annotated`."""
    notes: list[Any] = []
    while True:
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is Annotated:
            kind, *more = arguments
            for note in more:  # a FieldInfo holds its own
                notes.extend(getattr(note, "metadata", None) or [note])
        elif origin in (typing.Required, typing.NotRequired):
            kind = arguments[0]
        elif origin in (typing.Union, types.UnionType) and type(None) in arguments and len(arguments) == 2:
            kind = next(one for one in arguments if one is not type(None))
        else:
            return kind, notes


def _fields(kind: Any) -> dict[str, Any]:
    """The types of the settings of a table; none of what is no class of one."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return typing.get_type_hints(kind, include_extras=True) if is_typeddict(kind) else {}


def _keys(kind: Any, notes: list[Any]) -> tuple[str, ...]:
    """The settings that a table may have."""
    if typing.get_origin(kind) is dict:
        return next((n.choices for n in _unwrapped(typing.get_args(kind)[0])[1] if isinstance(n, OneOf)), ())
    return tuple(_fields(kind))


def _is_table(kind: Any) -> bool:
    return bool(_fields(kind)) or kind is dict or typing.get_origin(kind) is dict


def _place(cls: Any, path: list[Any]) -> str:
    """Where a setting is in the file: `codes.classifier.epochs`, `card.targets[0]`."""
    place = cls.__table__[0]
    for step in path:
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
    return place


def _titled(cls: Any, path: list[Any] | None = None) -> str:
    """A table as messages name it."""
    place, called = _place(cls, path or []), cls.__table__[1]
    return f"[{place}]" if place else f"{called[:1].upper()}{called[1:]}"
