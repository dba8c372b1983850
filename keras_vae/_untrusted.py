"""What comes from elsewhere: files are read once and bounded, data are plain, text is printable."""

import json
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

_MAX_DEPTH = 16
# The time in which tomllib reads a dotted key, which stands in one line, grows with the square of its parts.
_MAX_DOTS = 100
# Control characters except tab and newline (a terminal obeys them), and those that reverse the direction of text.
_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_UNPRINTABLE = re.compile(f"[{_CONTROL}]")


def read_bytes(path: str | Path, maximum: int) -> bytes:
    """Read a file once: what is checked afterwards is what is used, whatever becomes of the file meanwhile.

    Args:
        path: a regular file, or a link to one. Pipes and devices are refused without waiting for them.
        maximum: largest number of bytes.

    Raises:
        OSError: if it cannot be opened, such as `FileNotFoundError`.
        ValueError: if it is no regular file, or larger.
    """
    with open(path, "rb", opener=_open) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path} is no regular file: a pipe or a device is not read.")
        if status.st_size > maximum:
            raise ValueError(f"{path} has {status.st_size} bytes: at most {maximum} are read.")
        data = file.read(maximum + 1)
    if len(data) > maximum:
        raise ValueError(f"{path} grew while it was read: at most {maximum} bytes are read.")
    return data


def _open(path: str, flags: int) -> int:
    # Without O_NONBLOCK a pipe that nobody writes to would be waited for.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_json(path: str | Path, maximum: int) -> dict[str, Any]:
    """Read a JSON file that holds one object of plain data.

    Raises:
        OSError: if it cannot be opened.
        ValueError: if it is too large, no JSON, no object, or not plain: see `check_plain`.
    """
    try:
        found = json.loads(read_bytes(path, maximum))
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply: at most {_MAX_DEPTH} levels.") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds a {type(found).__name__} instead of an object.")
    check_plain(found)
    return found


def read_toml(path: str | Path, maximum: int) -> dict[str, Any]:
    """Read a TOML file of plain data, whose cost is bounded first.

    Raises:
        OSError: if it cannot be opened.
        ValueError: if it is too large, no text, no TOML, or not plain: see `check_plain`.
    """
    text = read_bytes(path, maximum).decode("utf-8")
    for number, line in enumerate(text.split("\n"), start=1):
        if (dots := line.count(".")) > _MAX_DOTS:
            raise ValueError(f"line {number} has {dots} dots, which may be a key of many parts: at most {_MAX_DOTS}.")
    try:
        tables = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(f"The file is nested too deeply: at most {_MAX_DEPTH} levels.") from error
    check_plain(tables)
    return tables


def check_plain(value: Any, depth: int = _MAX_DEPTH) -> None:
    """Check parsed data: bounded depth, numbers of 64 bits, and text that a terminal can show.

    Raises:
        ValueError: naming what breaks the rule.
    """
    if isinstance(value, dict | list):
        if not depth:
            raise ValueError(f"The file is nested too deeply: at most {_MAX_DEPTH} levels.")
        for item in value:
            check_plain(item, depth - 1)
        for item in value.values() if isinstance(value, dict) else ():
            check_plain(item, depth - 1)
    elif isinstance(value, str):
        if character := _UNPRINTABLE.search(value):
            raise ValueError(f"The text {value[:60]!r} holds the control character {character[0]!r}: remove it.")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("A number is too large: whole numbers have at most 64 bits.")


def printable(text: str) -> str:
    r"""Text in which a terminal finds nothing to obey: control characters are written as `\x1b`."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape", "backslashreplace").decode(), text)
