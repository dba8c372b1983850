"""Peak memory of training with the importance-weighted bound, by number of samples k: each k in a process of its own."""

import argparse
import resource
import subprocess
import sys

import numpy as np


def peak(preset: str, k: int, batch: int) -> float:
    """Train a few steps in this process; returns its peak resident memory in GB, 0 steps for k = 0."""
    import keras_vae

    model = keras_vae.load(preset)
    images = np.random.default_rng(0).integers(0, 2, (3 * batch, *model.data_shape)).astype("float32")
    if k:
        model.compile("adam", keras_vae.objectives.IWAE(num_samples=k))
        model.fit(images, batch_size=batch, verbose=0)
    else:
        model.reconstruct(images)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Print a line for each k."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="mnist_vae")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--k", type=int, nargs="*", default=[0, 1, 50, 200, 500])
    parser.add_argument("--here", action="store_true", help="measure the one k in this process")
    options = parser.parse_args()
    if options.here:
        print(peak(options.preset, options.k[0], options.batch))
        return
    for k in options.k:
        arguments = ["--preset", options.preset, "--batch", str(options.batch), "--k", str(k), "--here"]
        done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
        words = f"k = {k}, batch {options.batch}" if k else "loaded, not trained"
        print(f"{options.preset}, {words}: {float(done.stdout.split()[-1]):.2f} GB", flush=True)


if __name__ == "__main__":
    main()
