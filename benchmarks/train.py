"""Time a training epoch of the same model by keras_vae and its peers, interleaved, each in its own environment.

    python benchmarks/train.py [--rounds 5] [--only dense|conv]

Dense: 784-500-20-500-784, batch 100, Adam, Bernoulli likelihood, 60,000 images an epoch. Conv: stride-2 convolutions 32 and 64,
16 latents, mirrored decoder, batch 100. Each worker trains an epoch when it is told to and says how long it took; one trains while
all others wait, in turns, so that a slow minute of the machine falls on all of them alike. A first epoch (compilation) is not
counted. What is printed is ratios of speeds: the median over rounds, with the smallest and largest.
"""

import argparse

from interleave import interpreter, ratio, rounds, start

# Worker script, and what its environment needs; keras_vae's is the one this runs in.
PEERS = {
    "keras_vae": ("keras_vae_fit.py", None),
    "matmul": ("matmul.py", None),
    "pytorch": ("pytorch.py", ["torch==2.13.0", "numpy"]),
    "pythae": ("pythae_fit.py", ["torch==2.13.0", "pythae==0.1.2", "numpy<2"]),
    "jax": ("jax_scan.py", ["jax", "jaxlib", "optax"]),
}
RUNS = {
    "dense": (["keras_vae", "pytorch", "pythae", "jax", "matmul"], {"pythae": 2.0, "jax": 0.8}),
    "conv": (["keras_vae", "pytorch"], {"pytorch": 1.3}),
}


def compare(model: str, number: int) -> None:
    """Time all peers of `model` in turns, and print the ratios."""
    peers, bars = RUNS[model]
    workers = {}
    for peer in peers:
        script, needs = PEERS[peer]
        workers[peer] = start(interpreter(peer, needs), script, model)
    times = rounds(workers, number, model)
    for peer in peers[1:]:
        bar = f", to reach {bars[peer]}" if peer in bars else ""
        words = "share of the matrix products' rate" if peer == "matmul" else f"times the speed of {peer}"
        print(f"{model}: keras_vae has {ratio(times[peer], times['keras_vae'])} {words}{bar}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=RUNS)
    given = parser.parse_args()
    for name in [given.only] if given.only else RUNS:
        compare(name, given.rounds)
