"""What Ctrl-C does to a command: it says so in one line and ends, with the exit status of shells."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

STATUS = 128 + signal.SIGINT
_errors: int | None = None


def end_at_once() -> None:
    """From here on, Ctrl-C ends the process where it stands.

    Nothing is written while a command starts, and an exception amid other packages' imports may be swallowed, or shown whole.
    """
    global _errors
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job
        return
    try:
        _errors = os.dup(2)  # which is turned away while TensorFlow starts
    except OSError:  # it is closed
        return
    signal.signal(signal.SIGINT, _end)


def end_in_order() -> None:
    """From here on, Ctrl-C raises `KeyboardInterrupt`, so that what is half-written is removed; a second one ends at once.

    Without `end_at_once` before, as in a program that calls a command, signals are left alone.
    """
    if _errors is not None:
        signal.signal(signal.SIGINT, _raise)


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """In the block, Ctrl-C ends the process where it stands, as after `end_at_once`: for imports that take long."""
    if _errors is None:
        yield
        return
    before = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _raise(*_: Any) -> None:
    signal.signal(signal.SIGINT, _end)
    raise KeyboardInterrupt


def _end(*_: Any) -> None:
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
    os.write(_errors or 2, f"{show_cursor}\nStopped.\n".encode())
    os._exit(STATUS)
