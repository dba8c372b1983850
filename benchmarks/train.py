"""Time a training epoch of the same model by keras_vae and its peers, interleaved, each in its own environment.

    python benchmarks/train.py [--rounds 5] [--only dense|conv]

Dense: 784-500-20-500-784, batch 100, Adam, Bernoulli likelihood, 60,000 images an epoch. Conv: stride-2 convolutions 32 and 64,
16 latents, mirrored decoder, batch 100. Each worker trains an epoch when it is told to and says how long it took; one trains while
all others wait, in turns, so that a slow minute of the machine falls on all of them alike. A first epoch (compilation) is not
counted. What is printed is ratios of speeds: the median over rounds, with the smallest and largest.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
VENVS = HERE / ".venvs"

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


def interpreter(peer: str) -> str:
    """Path of the peer's Python; makes its environment on first use."""
    needs = PEERS[peer][1]
    if needs is None:
        return sys.executable
    folder = VENVS / peer
    if not (folder / "ready").exists():
        print(f"making the environment of {peer}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        for need in needs:  # one by one, so that a pinned PyTorch is there before what depends on it
            subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", need], check=True)
        (folder / "ready").touch()
    return str(folder / "bin/python")


def start(peer: str, model: str) -> subprocess.Popen:
    """Start a worker, and wait until it has compiled."""
    worker = subprocess.Popen(
        [interpreter(peer), HERE / "peers" / PEERS[peer][0], model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    epoch(worker)
    return worker


def epoch(worker: subprocess.Popen) -> float:
    """Let a worker train an epoch; returns seconds."""
    worker.stdin.write("go\n")
    worker.stdin.flush()
    for line in worker.stdout:
        if line.startswith("SECONDS"):
            return float(line.split()[1])
    raise RuntimeError(f"the worker {worker.args} ended")


def compare(model: str, rounds: int) -> None:
    """Time all peers of `model` in turns, and print the ratios."""
    peers, bars = RUNS[model]
    workers = {peer: start(peer, model) for peer in peers}
    times = {peer: [] for peer in peers}
    for number in range(rounds):
        for peer, worker in workers.items():
            times[peer].append(epoch(worker))
        print(
            f"{model} round {number + 1}: " + ", ".join(f"{peer} {t[-1]:.2f} s" for peer, t in times.items()),
            flush=True,
        )
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    for peer in peers[1:]:
        ratios = [other / own for own, other in zip(times["keras_vae"], times[peer], strict=True)]
        bar = f", to reach {bars[peer]}" if peer in bars else ""
        words = "share of the matrix products' rate" if peer == "matmul" else f"times the speed of {peer}"
        print(
            f"{model}: keras_vae has {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) {words}{bar}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=RUNS)
    given = parser.parse_args()
    for name in [given.only] if given.only else RUNS:
        compare(name, given.rounds)
