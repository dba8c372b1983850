"""Writing files and folders so that an interruption leaves the old ones whole.

What is written gets a hidden name beside its target, which ends in `.part`, and takes the place of its target in one step. Its
writer holds a lock on it, so the next writer of the same target recognises the parts of writers that were killed, and removes them.
Parts are made with the rights that the user's umask leaves.
"""

import contextlib
import ctypes
import errno
import glob
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, TypeVar

from keras_vae import _locks

# Errors of a file system that cannot exchange two folders.
_NO_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_MOST_READS = 10
_T = TypeVar("_T")


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give the name of a file beside `path` to write in place, and rename it to `path` when the block ends without an error.

    Raises:
        OSError: if the file cannot be written, for instance because the disk is full; `path` is then as it was.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part_of(path, lambda part: part.touch(exist_ok=False)) as part:
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error


@contextlib.contextmanager
def replacing_folder(path: str | Path, *, overwrite: bool) -> Iterator[Path]:
    """Give an empty folder beside `path` to fill, which takes the place of `path` when the block ends without an error.

    Where the file system can exchange two folders, whoever looks finds the old one or the new one at any moment. Elsewhere there is
    a short moment without one; a process killed in it leaves the old one whole beside `path`, under a name that ends in `.old`.

    Args:
        path: of the folder. A link stays, and what it points to is replaced.
        overwrite: replace a folder that is there.

    Raises:
        FileExistsError: if there is a folder, made meanwhile perhaps, and it may not be replaced.
        OSError: if it cannot be written, or is the working directory; what was there stays as it was.
    """
    folder = Path(path).resolve()
    if overwrite and _is_in_use(folder):
        raise OSError(f"{path} is the working directory, which would be gone: replace it from another folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _part_of(folder, Path.mkdir) as part:
            yield part
            _put(part, folder, overwrite)
    except OSError as error:
        if not overwrite and folder.exists():
            raise FileExistsError(f"{path} is there already and stays as it is: choose another name.") from error
        raise _not_written(path, error) from error


def write_together(path: str | Path, texts: Mapping[str, str]) -> None:
    """Write text files of a folder by name so that, after an interruption, all of them are the old ones or all are the new ones.

    The folder is exchanged for a copy, whose other files are links to the same data. Where that cannot be, the files are renamed
    right after each other: in the working directory, which would be gone from under the user's shell, in a mount point, in a folder
    whose parent may not be written, and beside what can be neither linked nor copied.

    Raises:
        OSError: if a file cannot be written; all are then as they were.
    """
    folder = Path(path).resolve()
    if not _is_in_use(folder):
        with contextlib.suppress(OSError), replacing_folder(folder, overwrite=True) as copy:
            _mirror(folder, copy, {part for name in texts for part in abandoned_parts(folder / name)})
            for name, text in texts.items():
                write_text(copy / name, text)
            return
    try:
        with contextlib.ExitStack() as stack:
            for name, text in texts.items():
                stack.enter_context(replacing(folder / name)).write_text(text, encoding="utf-8")
    except OSError as error:
        raise _not_written(f"{' and '.join(texts)} of {path}", error) from error


def read_unchanged(folder: Path, read: Callable[[], _T]) -> _T:
    """What `read` returns of a folder's files; it reads anew if another process replaced the folder meanwhile.

    Raises:
        Exception: as `read`, of a folder that stayed.
    """
    for _ in range(_MOST_READS):
        before = _state(folder)
        try:
            found = read()
        except (OSError, ValueError):
            if _state(folder) == before:
                raise
        else:
            if _state(folder) == before:
                return found
    return read()


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
    write_text(path, as_json(value))


def as_json(value: Any) -> str:
    """JSON as files hold it."""
    return json.dumps(value, indent=2) + "\n"


def abandoned_parts(path: Path) -> list[Path]:
    """The parts of `path` whose writers were killed."""
    parts = path.parent.glob(f".{glob.escape(path.name)}.*.part")
    return [part for part in parts if _locks.is_abandoned(part)]


@contextlib.contextmanager
def _part_of(path: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    """A part of `path`, locked, and removed when the block ends if it is still there."""
    for left in abandoned_parts(path):
        _remove(left)
    while True:
        part = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
        make(part)
        try:
            handle = _locks.lock(part)
            break
        except (BlockingIOError, FileNotFoundError):
            continue  # another writer took it for an abandoned one before it was locked
        except OSError:
            _remove(part)
            raise
    try:
        yield part
    finally:
        _remove(part)
        _locks.unlock(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _put(new: Path, folder: Path, overwrite: bool) -> None:
    """Put `new` in the place of `folder`, and a `folder` that is there in that of `new` or nowhere."""
    try:
        new.rename(folder)  # where there is none, or an empty one
    except OSError:
        if not overwrite or not folder.is_dir():
            raise
        _exchange(new, folder)


def _exchange(new: Path, folder: Path) -> None:
    try:
        _swap(new, folder)
    except OSError as error:
        if error.errno not in _NO_EXCHANGE:
            raise
        old = new.with_suffix(".old")  # no part, which another writer may remove: it is whole
        folder.rename(old)
        try:
            new.rename(folder)
        except BaseException:
            old.rename(folder)
            raise
        _remove(old)


def _swap(first: Path, second: Path) -> None:
    """Exchange two paths in one step, as Linux and macOS can.

    Raises:
        OSError: with an `errno` of `_NO_EXCHANGE` where this cannot be done.
    """
    names = os.fsencode(first), os.fsencode(second)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = libc.renamex_np(*names, 2)  # RENAME_SWAP
        else:
            failed = libc.renameat2(-100, names[0], -100, names[1], 2)  # AT_FDCWD, RENAME_EXCHANGE
    except (AttributeError, TypeError) as error:  # an older C library, or Windows
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(second)) from error
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(second))


def _state(folder: Path) -> tuple[int, int] | None:
    """What is another one when the folder was replaced."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_ctime_ns  # the number of a folder that was removed may be given again


def _is_in_use(folder: Path) -> bool:
    """Whether the working directory is `folder` or below it."""
    try:
        return Path.cwd().is_relative_to(folder)
    except FileNotFoundError:  # it was removed
        return False


def _mirror(folder: Path, copy: Path, without: Set[Path]) -> None:
    """Give all that is in `folder` a second name in `copy`."""
    for path in set(folder.iterdir()) - without:
        target = copy / path.name
        if path.is_dir() and not path.is_symlink():
            target.mkdir()
            _mirror(path, target, without)
            continue
        try:
            os.link(path, target, follow_symlinks=False)
        except (OSError, NotImplementedError):  # a system without links, or a file of another user's
            shutil.copy2(path, target, follow_symlinks=False)
    shutil.copymode(folder, copy)


def _cause(error: OSError) -> OSError:
    """The first error, where one that was raised inside another writer was told already."""
    while isinstance(error.__cause__, OSError):
        error = error.__cause__
    return error


def _not_written(what: str | Path, error: OSError) -> OSError:
    return OSError(
        f"Could not write {what} ({_cause(error)}). What was there, if anything, is unharmed. "
        "Free some space, or choose another folder."
    )
