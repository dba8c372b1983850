"""Locks on files and folders, which the system releases when their holder ends, however it ends."""

import contextlib
import errno
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none of these
    fcntl = None  # type: ignore[assignment]


def lock(path: Path, flags: int = os.O_RDONLY) -> int | None:
    """Lock what lies at `path`; returns the descriptor that holds the lock until `unlock`, or None where there are no such locks.

    Raises:
        BlockingIOError: if another holds the lock.
        OSError: if `path` cannot be opened.
    """
    if fcntl is None:
        return None
    handle = os.open(path, flags, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        same = os.path.samestat(os.fstat(handle), os.stat(path))
    except BlockingIOError:
        os.close(handle)
        raise
    except FileNotFoundError:
        same = False
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    if not same:  # its last holder removed it, or put it elsewhere, after it was opened here
        os.close(handle)
        raise BlockingIOError(f"{path} was removed while it was being locked.")
    return handle


def unlock(handle: int | None) -> None:
    """Release a lock."""
    if handle is not None:
        os.close(handle)


def is_abandoned(path: Path) -> bool:
    """Whether nobody holds the lock of what lies at `path`; False where that cannot be known."""
    with contextlib.suppress(OSError):
        handle = lock(path)
        unlock(handle)
        return handle is not None
    return False


@contextlib.contextmanager
def alone(path: Path, seconds: float = 60.0) -> Iterator[None]:
    """Keep the processes out of a folder that lock the same file in it, `path`; it is there as long as the block lasts.

    Another process that is in the folder has so many seconds to end.

    Raises:
        OSError: if it has not ended then.
    """
    handle = _waited_for(path, seconds)
    try:
        if handle is not None:
            os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        if handle is not None:
            path.unlink(missing_ok=True)
        unlock(handle)


def _waited_for(path: Path, seconds: float) -> int | None:
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            return lock(path, os.O_RDWR | os.O_CREAT)
        except BlockingIOError as error:
            holder = _words_of(path)
            if time.monotonic() >= deadline:
                raise OSError(
                    f"{path.parent} is in use by another process{holder}: wait until it ends, stop it, or choose another folder."
                ) from error
            if not told:
                warnings.warn(
                    f"{path.parent} is in use by another process{holder}: waiting up to {seconds:.0f} seconds for its end.",
                    stacklevel=7,  # who called `training.train`
                )
            told = True
            time.sleep(0.1)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            return None  # where nothing can be written, nothing has to be kept apart


def _words_of(path: Path) -> str:
    """Which process holds the lock of a file, where it says so."""
    try:
        number = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        number = ""
    return f" (number {number})" if number.isdecimal() else ""
