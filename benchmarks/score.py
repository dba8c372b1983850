"""Importance-sampled log-likelihood: which share of the machine's rate of matrix products it reaches.

The work of scoring is the decoder's, so its matrix products are set beside the same products with nothing around them, in turns in
one run: 5,000 draws of each image through dense layers, against `tf.matmul` of the same shapes.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import keras_vae
from keras_vae._backend import keras, tf

DRAWS = 5000


def seconds(work: Callable[[], Any]) -> float:
    """Time of a piece of work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def products(model: Any, rows: int) -> tuple[Callable[[], Any], float]:
    """The decoder's matrix products for `rows` latents and nothing else, and their multiplications and additions."""
    kernels = [layer.kernel for layer in model.decoder.layers if isinstance(layer, keras.layers.Dense)]
    if sum(int(np.prod(kernel.shape)) for kernel in kernels) < 0.9 * model.decoder.count_params():
        raise SystemExit("The decoder is not made of dense layers: choose a dense preset.")
    inputs = [tf.random.normal((rows, kernel.shape[0])) for kernel in kernels]
    run = tf.function(lambda: [tf.reduce_sum(tf.matmul(x, k)[:1]) for x, k in zip(inputs, kernels, strict=True)])
    return run, 2.0 * rows * sum(int(np.prod(kernel.shape)) for kernel in kernels)


def main() -> None:
    """Time both in turns, and print the share with its spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="mnist_vae")
    parser.add_argument("--images", type=int, default=100, help="images scored in a round")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    model = keras_vae.load(options.preset)
    shape = (options.images, *model.data_shape)
    images = np.random.default_rng(0).integers(0, 2, shape).astype("float32")
    rows = 10_000
    multiply, operations = products(model, rows)
    needed = operations / rows * DRAWS * options.images
    multiply()
    model.importance_estimate(images[:1], num_samples=DRAWS, seed=0)
    shares, rates = [], []
    for number in range(options.rounds):
        times = (
            needed / operations * seconds(multiply),
            seconds(lambda: model.importance_estimate(images, num_samples=DRAWS, seed=0)),
        )
        shares.append(times[0] / times[1])
        rates.append(needed / times[1])
        print(f"round {number + 1}: products {times[0]:.3g} s, scoring {times[1]:.3g} s", flush=True)
    print(
        f"{options.preset}: {DRAWS:,} draws of {options.images} images at {statistics.median(rates) / 1e9:.0f} Gflop/s, "
        f"{statistics.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f}) of the rate of its matrix products alone"
    )


if __name__ == "__main__":
    main()
