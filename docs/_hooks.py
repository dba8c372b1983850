"""What MkDocs does to each page beside its own work: formulas become MathML, and links out of the pages become words."""

import re
from typing import Any

from latex2mathml.converter import convert

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_INLINE = re.compile(r"(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<!\s)\$(?![\d$])")
# A page stands without the repository, so what is linked there is named.
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)]+)\)")


def on_page_markdown(markdown: str, **kwargs: Any) -> str:
    """Turn `$...$` and `$$...$$` into MathML, which browsers draw themselves, outside of code."""
    parts = _CODE.split(markdown)
    for i in range(0, len(parts), 2):
        text = _DISPLAY.sub(lambda match: "\n" + _mathml(match[1], "block") + "\n", parts[i])
        parts[i] = _INLINE.sub(lambda match: _mathml(match[1], "inline"), text)
    joined = "".join(parts)
    return _OUTSIDE.sub(lambda match: match[1] if match[1] == match[2] else f"{match[1]} (`{match[2]}`)", joined)


def _mathml(formula: str, display: str) -> str:
    # Browsers set no space behind a function's name.
    made = convert(re.sub(r"\\log\s+", r"\\log\\, ", " ".join(formula.split())), display=display)
    # A line that began with <math> would be taken for a block.
    return made if display == "block" else f"<span>{made}</span>"
