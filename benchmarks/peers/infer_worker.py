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


def repeat(call):
    """Time `CALLS` calls together, each time a line comes in."""

    def calls():
        for _ in range(CALLS):
            call()

    serve(calls, divide=CALLS)
