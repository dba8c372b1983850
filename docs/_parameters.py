"""What the reference is told of the package: parameters that share their words, and classes that are dataclasses."""

import re
from typing import Any

import griffe

_SHARED = re.compile(r"^(?P<indent> +)(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)+): (?P<words>.+)$", re.MULTILINE)


class Parameters(griffe.Extension):
    """A name in a docstring that is no parameter's is a warning."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Give parameters that share their words, `first, second: words`, an item each."""
        if obj.docstring is not None:
            obj.docstring.value = _SHARED.sub(_one_each, obj.docstring.value)

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Say that a class of a table of a TOML file is a dataclass, which its decorator makes it."""
        if any(str(decorator.value).startswith("_tables.table(") for decorator in cls.decorators):
            cls.decorators.append(griffe.Decorator(_Dataclass("dataclass"), lineno=None, endlineno=None))


class _Dataclass(griffe.ExprName):
    """The decorator of the standard library, whatever the module imports."""

    canonical_path = "dataclasses.dataclass"


def _one_each(match: re.Match[str]) -> str:
    return "\n".join(f"{match['indent']}{name}: {match['words']}" for name in match["names"].split(", "))
