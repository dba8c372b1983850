"""The process in which TensorFlow's converter runs: see `convert`, its program.

An export converts several times and TensorFlow takes seconds to start, so the process is kept for a while.
"""

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from keras_vae.export import convert

# It leaks memory, so it is not kept for more conversions than this, nor for long where nothing is asked of it.
_CONVERSIONS = 40
_SECONDS = 60.0


class Converter:
    """A process that is started when it is first asked, and again when it has ended."""

    def __init__(self, program: str = convert.__file__):
        self._program = program
        self._process: subprocess.Popen[str] | None = None
        self._left = 0
        self._lock = threading.Lock()
        self._idle: threading.Timer | None = None

    def __call__(self, saved_model: Path, out: Path, signatures: Iterable[str]) -> str:
        """Write `{signature}.tflite` into the folder `out` for each signature that can be converted; returns what was said."""
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            if self._process is None or self._process.poll() is not None or not self._left:
                self._end()
                self._start()
            self._left -= 1
            try:
                last_words = self._ask(json.dumps([str(saved_model), str(out), *signatures]))
            except (
                BaseException
            ):  # interrupted: an answer that comes later would be taken for that to the next question
                self._end(kill=True)
                raise
            self._idle = threading.Timer(_SECONDS, self.close)
            self._idle.daemon = True
            self._idle.start()
        log = out / convert.LOG
        # The log comes last: what it ends with says most.
        return last_words + (log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "")

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        self._left = _CONVERSIONS
        self._process = subprocess.Popen(
            [sys.executable, "-P", self._program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _ask(self, question: str) -> str:
        """What it said in the place of an answer: nothing if all is well."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and said why
        said = ""
        for line in self._process.stdout:
            if line == "done\n":
                return said
            said += line
        return said or f"it ended with status {self._process.wait()}\n"

    def _end(self, kill: bool = False) -> None:
        if self._process is None:
            return
        if kill:
            self._process.kill()
        # Its input ends, and so does it.
        self._process.communicate()
        self._process = None


to_float32 = Converter()
atexit.register(to_float32.close)
