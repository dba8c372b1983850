"""Run as a program of its own: the signatures of a SavedModel -> float32 `.tflite` files.

A process of its own, since TensorFlow's converter leaks memory, writes to the C++ standard streams and, where a variable cannot
be frozen, ends the process. It imports nothing of this library, so that it starts quickly.

Usage: python convert.py SAVED_MODEL OUT_FOLDER SIGNATURE...
"""

import os
import sys
from pathlib import Path


def main(saved_model: str, out: str, *signatures: str) -> None:
    """Convert with LiteRT's own operations only: no Flex operation can come in."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    for signature in signatures:
        converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=[signature])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        (Path(out) / f"{signature}.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main(*sys.argv[1:])
