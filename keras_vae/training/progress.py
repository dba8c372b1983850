"""How far a run is, and how long it still takes: one line."""

import shutil
import sys
import time
from typing import Any

from keras_vae._backend import keras

_REDRAWN = 0.2
"""Least seconds between two states of the line on a terminal."""
_SHOWN = (
    "loss",
    "elbo",
    "log_likelihood",
    "accuracy",
    "squared_error",
    "val_elbo",
    "val_log_likelihood",
    "val_accuracy",
)
"""The logs that have a place in the line, as far as there are such."""


class Progress(keras.callbacks.Callback):
    """Shows epoch, step, logs, time spent and time left for the whole of `fit`.

    On a terminal that is one line that is written anew; in a log it is one line per epoch. The time left is computed from the
    steps done so far, without the first, in which TensorFlow compiles.

    >>> model.fit(images, epochs=20, verbose=0, callbacks=[Progress("auto")])

    Args:
        verbose: 1 for one line that is written anew, 2 for a line per epoch, 0 for nothing; `"auto"` is 1 on a terminal and 2
            elsewhere.
        words: what is being done, in front of the line; "" for nothing.
        before: seconds that the run took before, in other processes.
        at_most: whether training may end before the last epoch, so that the time left is an upper bound.
    """

    def __init__(self, verbose: int | str = "auto", words: str = "", before: float = 0.0, at_most: bool = False):
        super().__init__()
        self._verbose = (1 if sys.stdout.isatty() else 2) if verbose == "auto" else int(verbose)
        self._words = f"{words}, " if words else ""
        self._before = before
        self._at_most = "at most " if at_most else ""
        self._epoch = self._done = self._first_done = 0
        self._begun = self._first_at = self._shown_at = 0.0
        self._line = ""

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the clock."""
        self._begun, self._first_at, self._done = time.monotonic(), 0.0, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the steps, and show where training stands if the last line is old enough."""
        now, steps = time.monotonic(), self.params.get("steps") or 0
        self._done = self._epoch * steps + batch + 1
        if not self._first_at:
            self._first_at, self._first_done = now, self._done
        if self._verbose == 1 and now - self._shown_at >= _REDRAWN:
            step = f"step {batch + 1:,} of {steps:,}" if steps else f"step {batch + 1:,}"
            self._rewrite(f"{self._head()}, {step}{_in_words(logs)} - {self._times(now)}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Show the logs of the epoch."""
        line = f"{self._head()}{_in_words(logs)} - {self._times(time.monotonic())}"
        if self._verbose == 1:
            self._rewrite(line)
        elif self._verbose == 2:
            print(line, flush=True)

    def on_train_end(self, logs: Any = None) -> None:
        """Leave the last line on the terminal."""
        self.end()

    def clear(self) -> None:
        """Remove the line from the terminal, so that others can write there."""
        if self._line:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
            self._line = ""

    def end(self) -> None:
        """Go to the next line of the terminal, if this one is not empty."""
        if self._line:
            print(flush=True)
            self._line = ""

    def _head(self) -> str:
        return f"{self._words}epoch {self._epoch + 1} of {self.params['epochs']}"

    def _times(self, now: float) -> str:
        spent = f"{_clock(self._before + now - self._begun)} spent"
        total = self.params["epochs"] * (self.params.get("steps") or 0)
        if self._done <= self._first_done or not total:
            return spent
        left = (total - self._done) * (now - self._first_at) / (self._done - self._first_done)
        return f"{spent}, {self._at_most}{_clock(left)} left"

    def _rewrite(self, line: str) -> None:
        self._line = line[: shutil.get_terminal_size().columns - 1]  # a line that wraps cannot be written anew
        self._shown_at = time.monotonic()
        sys.stdout.write(f"\r{self._line}\x1b[K")
        sys.stdout.flush()


def _in_words(logs: Any) -> str:
    shown = {name: float(logs[name]) for name in _SHOWN if name in (logs or {})}
    return "".join(f", {name} {value:,.{1 if abs(value) >= 100 else 4}f}" for name, value in shown.items())


def _clock(seconds: float) -> str:
    """A time as 0:00:00 (hours, minutes, seconds)."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
