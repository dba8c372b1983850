"""What Ctrl-C does to a command: it says so in one line and ends, with the exit status of shells."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
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


@contextlib.contextmanager
def deferred(words: str) -> Iterator[Callable[[], bool]]:
    """Inside the block, Ctrl-C prints `words` and raises nothing; a second one ends at once.

    Gives the function that says whether it was asked for, so that the block can end where nothing is half done. Without
    `end_in_order` before, signals are left alone, and it was never asked for.
    """
    asked: list[bool] = []
    if _errors is None or signal.getsignal(signal.SIGINT) is not _raise:
        yield lambda: False
        return

    def note(*_: Any) -> None:
        signal.signal(signal.SIGINT, _end)
        asked.append(True)
        os.write(_errors or 2, f"\n{words}\n".encode())

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(asked)
    finally:
        if not asked:
            signal.signal(signal.SIGINT, _raise)


def _raise(*_: Any) -> None:
    signal.signal(signal.SIGINT, _end)
    raise KeyboardInterrupt


def _end(*_: Any) -> None:
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
    os.write(_errors or 2, f"{show_cursor}\nStopped.\n".encode())
    os._exit(STATUS)
