"""Workers that are timed in turns, each in its own environment, so that a slow minute of the machine falls on all alike.

A worker is a program that does its piece of work each time a line comes in, and prints `SECONDS` and how long it took.
"""

import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
VENVS = HERE / ".venvs"


def interpreter(name: str, needs: list[str] | None) -> str:
    """Path of a Python with the packages `needs`; makes the environment `name` on first use. None: the one this runs in."""
    if needs is None:
        return sys.executable
    folder = VENVS / name
    if not (folder / "ready").exists():
        print(f"making the environment of {name}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        for need in needs:  # one by one, so that a pinned PyTorch is there before what depends on it
            subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", need], check=True)
        (folder / "ready").touch()
    return str(folder / "bin/python")


def start(python: str, script: str, *arguments: str) -> subprocess.Popen:
    """Start a worker, and wait until it has done its work once (compilation is not counted)."""
    worker = subprocess.Popen(
        [python, HERE / "peers" / script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    turn(worker)
    return worker


def turn(worker: subprocess.Popen) -> float:
    """Let a worker work once; returns seconds."""
    worker.stdin.write("go\n")
    worker.stdin.flush()
    for line in worker.stdout:
        if line.startswith("SECONDS"):
            return float(line.split()[1])
    raise RuntimeError(f"the worker {worker.args} ended")


def rounds(workers: dict[str, subprocess.Popen], number: int, words: str) -> dict[str, list[float]]:
    """Let all workers work in turns, and end them; returns the seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in workers}
    for count in range(number):
        for name, worker in workers.items():
            times[name].append(turn(worker))
        print(f"{words} round {count + 1}: " + ", ".join(f"{n} {t[-1]:.3g} s" for n, t in times.items()), flush=True)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return times


def ratio(numerator: list[float], denominator: list[float]) -> str:
    """The median of the ratios of each round, with the smallest and largest."""
    found = [a / b for a, b in zip(numerator, denominator, strict=True)]
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
