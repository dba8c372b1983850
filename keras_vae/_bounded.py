"""Work that must end in time, whatever a server does."""

import threading
from collections.abc import Callable
from typing import Any


def in_time(seconds: float, work: Callable[[threading.Event], Any]) -> None:
    """Do `work`, which is told when to stop, for at most so many seconds.

    In a thread: a server that sends a byte now and then, of its headers too, keeps a connection from ever timing out.

    Raises:
        TimeoutError: if it takes longer; it is told to stop then.
        Exception: what `work` raises.
    """
    stop, errors = threading.Event(), []

    def run() -> None:
        try:
            work(stop)
        except BaseException as error:  # raised again below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        stop.set()
    if thread.is_alive():
        raise TimeoutError(f"longer than {seconds:.0f} seconds")
    if errors:
        raise errors[0]
