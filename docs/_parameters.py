"""Parameters that share their words in a docstring, `first, second: words`, are one item each in the reference."""

import re
from typing import Any

import griffe

_SHARED = re.compile(r"^(?P<indent> +)(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)+): (?P<words>.+)$", re.MULTILINE)


class Parameters(griffe.Extension):
    """Each of them gets the words, so that a name which is no parameter's is a warning."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring before it is parsed."""
        if obj.docstring is not None:
            obj.docstring.value = _SHARED.sub(_one_each, obj.docstring.value)


def _one_each(match: re.Match[str]) -> str:
    return "\n".join(f"{match['indent']}{name}: {match['words']}" for name in match["names"].split(", "))
