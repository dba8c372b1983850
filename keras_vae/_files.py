"""Writing files so that an interruption leaves the old one whole."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give the name of a file beside `path` to write, and rename it to `path` when the block ends without an error.

    Raises:
        OSError: if the file cannot be written, for instance because the disk is full; `path` is then as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise OSError(
            f"Could not write {path} ({error}). The old file, if there was one, is unharmed. "
            "Free some space, or choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Make a folder, and try to write in it, so that a long piece of work does not fail at its end.

    Raises:
        OSError: if that cannot be done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"{folder} cannot be written ({error}): choose another folder.") from error


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def replace_folder(new: Path, folder: Path) -> None:
    """Put the folder `new` in the place of `folder`; if that fails, what was there is put back."""
    if not folder.exists():
        new.rename(folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
    folder.rename(old / "kept")
    try:
        new.rename(folder)
    except OSError:
        (old / "kept").rename(folder)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)
