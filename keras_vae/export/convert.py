"""Run as a program of its own: the signatures of a SavedModel -> float32 `.tflite` files, as often as it is asked.

A process of its own, since TensorFlow's converter leaks memory, writes to the C++ standard streams and, where a variable cannot
be frozen, ends the process. It imports nothing of this library, so that it starts quickly.

Each line of the standard input is a JSON list, `[saved_model, out_folder, signature, ...]`. What is said meanwhile goes to
`LOG` in the folder, and a line on the standard output says that it is done, well or badly.

The standard input ends when the caller closes it, and also when the caller is killed: then a conversion is stopped where it is,
and its folder, which nobody is left to read, is deleted.
"""

import json
import os
import queue
import shutil
import sys
import threading
import traceback
from pathlib import Path

LOG = "log.txt"


def main() -> None:
    """Convert what is asked for until the standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    _speak_to(nowhere)
    asked: queue.Queue[str] = queue.Queue()
    unanswered: list[Path] = []
    threading.Thread(target=_listen, args=(asked, unanswered), daemon=True).start()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    while True:
        saved_model, out, *signatures = json.loads(asked.get())
        with open(Path(out) / LOG, "w", encoding="utf-8") as log:
            _speak_to(log.fileno())
            try:
                for signature in signatures:
                    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=[signature])
                    # LiteRT's own operations only: no Flex operation can come in.
                    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
                    (Path(out) / f"{signature}.tflite").write_bytes(converter.convert())
            except Exception:
                traceback.print_exc()
            _speak_to(nowhere)
        unanswered.remove(Path(out))
        print("done", file=answers, flush=True)


def _listen(asked: "queue.Queue[str]", unanswered: list[Path]) -> None:
    """Hand on what is asked; end the process when nobody is left to ask, in the midst of TensorFlow's work too."""
    for line in sys.stdin:
        unanswered.append(Path(json.loads(line)[1]))
        asked.put(line)
    for folder in unanswered:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _speak_to(file: int) -> None:
    """Send both standard streams, those of C++ too, to a file descriptor."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for number in (1, 2):
        os.dup2(file, number)


if __name__ == "__main__":
    main()
