"""What all workers share: the data, and the loop that waits to be told."""

import sys
import time

import numpy as np

SIZE, BATCH = 60_000, 100


def images(shape):
    """Binary images with MNIST's share of ink; their content does not change a step's cost."""
    return (np.random.default_rng(0).random((SIZE, *shape)) < 0.13).astype("float32")


def serve(work, divide=1):
    """Do `work` each time a line comes in, and print how long it took, divided by the number of pieces it has."""
    for _ in sys.stdin:
        started = time.perf_counter()
        work()
        print("SECONDS", (time.perf_counter() - started) / divide, flush=True)
