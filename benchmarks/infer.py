"""Time encode and decode of one model through Keras, its SavedModel and its TFLite builds, beside ONNX Runtime and OpenVINO.

    python benchmarks/infer.py [--preset mnist_cvae] [--rounds 7]

All have the same weights and one thread. Latency is the time of one call for one image; throughput is of batches of 64 (the TFLite
builds take one image a call, so theirs is 64 calls). The workers take turns, so that a slow minute of the machine falls on all of
them alike; what is printed is times, and ratios as the median over rounds with the smallest and largest. The preset must be dense:
the ONNX graph is written from its weights, layer by layer.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from interleave import HERE, interpreter, ratio, rounds, start

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

PEERS = {
    "keras": ("infer_keras.py", None),
    "saved_model": ("infer_keras.py", None),
    "litert float32": ("infer_litert.py", None),
    "litert float16": ("infer_litert.py", None),
    "litert dynamic_range": ("infer_litert.py", None),
    "litert int8": ("infer_litert.py", None),
    "onnxruntime": ("infer_onnx.py", ["onnx", "onnxruntime", "numpy"]),
    "openvino": ("infer_onnx.py", ["openvino", "numpy"]),
}
OTHERS = ("onnxruntime", "openvino")


def prepare(preset: str, folder: Path) -> None:
    """Write everything that the workers read: builds, a SavedModel, weights and examples."""
    subprocess.run([interpreter("keras", None), HERE / "peers" / "infer_prepare.py", preset, folder], check=True)
    onnx = interpreter("onnxruntime", PEERS["onnxruntime"][1])
    subprocess.run([onnx, HERE / "peers" / "infer_write_onnx.py", folder], check=True)


def compare(folder: Path, task: str, batch: int, number: int) -> None:
    """Time all workers on one task, and print times and ratios."""
    workers = {}
    for name, (script, needs) in PEERS.items():
        workers[name] = start(interpreter(name.split()[0], needs), script, name, str(folder), task, str(batch))
    times = rounds(workers, number, f"{task}, batch {batch}:")
    for name, found in times.items():
        each = statistics.median(found) / batch
        print(f"{task}, batch {batch}: {name}: {each * 1e6:.1f} microseconds an image")
    builds = [name for name in times if name.startswith("litert")]
    best = min(builds, key=lambda name: statistics.median(times[name]))
    fastest = min(OTHERS, key=lambda name: statistics.median(times[name]))
    goals = (", to reach 3", ", to reach 0.91") if batch == 1 else ("", "")
    print(
        f"{task}, batch {batch}: {best} has {ratio(times['saved_model'], times[best])} times the speed of the SavedModel{goals[0]}"
    )
    print(
        f"{task}, batch {batch}: {best} has {ratio(times[fastest], times[best])} times the speed of {fastest}{goals[1]}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="mnist_cvae")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        prepare(given.preset, Path(name))
        for task in ("decode", "encode"):
            for batch in (1, 64):
                compare(Path(name), task, batch, given.rounds)
