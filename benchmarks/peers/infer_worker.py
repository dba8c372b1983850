"""What the inference workers share: arguments, examples, and the calls that are timed together."""

import sys
from pathlib import Path

import numpy as np
from worker import serve

name, folder, task, batch = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
data = np.load(folder / "data.npz")
given = data[task][:batch]
condition = data["condition"][:batch] if "condition" in data else None
labels = data["labels"][:batch].astype("int32") if condition is not None else None
CALLS = 300 if batch == 1 else 30


TOLERANCE = {"litert int8": 0.5, "litert dynamic_range": 0.2, "litert float16": 5e-3}


def repeat(call):
    """Check what `call` returns, and time `CALLS` calls together, each time a line comes in."""
    expected = data[f"{task}_expected"][:batch]
    off = np.abs(np.asarray(call()).reshape(expected.shape) - expected)
    if off.mean() > 0.1 * TOLERANCE.get(name, 1e-3) or off.max() > 2 * TOLERANCE.get(name, 1e-3):
        sys.exit(f"{name} does not compute what the model does: off by {off.mean():.2g}, at most {off.max():.2g}")

    def calls():
        for _ in range(CALLS):
            call()

    serve(calls, divide=CALLS)
