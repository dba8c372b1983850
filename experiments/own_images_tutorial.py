"""How long does each step of the tutorial on one's own images take, and what does it make?

Runs every block of `docs/own_images_tutorial.md` in order, in a folder in `--runs`, but for what needs an account on the
hub. Writes the table of times into the page, and the images that it shows into `docs/images/own_images`.
"""

import json
import os
import re
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import DOCS, HERE, arguments, write_rows
from PIL import Image

from keras_vae import _files

RESULTS = HERE / "results" / "own_images_tutorial.json"
PAGE = DOCS / "own_images_tutorial.md"
IMAGES = DOCS / "images" / "own_images"
NETWORK = "hf://"
"""What a command has in it that needs the network."""
_SIDE, _PER_CLASS, _GAP = 96, 8, 4
_QUALITY = 85


class Block(NamedTuple):
    """A block of code on the page."""

    heading: str
    language: str
    """`"sh"` or `"python"`."""
    code: str

    @property
    def commands(self) -> list[str]:
        """The commands of a block of shell."""
        return [line for line in self.code.splitlines() if line.strip() and not line.startswith("#")]


def blocks(page: str) -> Iterator[Block]:
    """The page's blocks of code with the headings above them, in order."""
    heading = ""
    for match in re.finditer(r"^## (.*?)$|^```(sh|python)\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL):
        if match[1]:
            heading = match[1]
        else:
            yield Block(heading, match[2], match[3])


def run(page: str, folder: Path) -> list[dict[str, Any]]:
    """Run the blocks in the folder; returns the heading, the words, and the seconds of each command and each block of Python.

    A command that has run in the folder before is not run again. Blocks of Python are, since later ones need their names.
    """
    times = folder / "times.json"
    done = (
        {entry["command"]: entry for entry in json.loads(times.read_text(encoding="utf-8"))} if times.exists() else {}
    )
    found, names = [], {}
    for block in blocks(page):
        for code in block.commands if block.language == "sh" else [block.code]:
            if NETWORK in code or code.startswith("hf "):
                continue
            if block.language == "sh" and code in done:
                found.append(done[code])
                continue
            print(code, flush=True)
            start, before = time.monotonic(), _cpu()
            if block.language == "sh":
                subprocess.run([sys.executable, *_python_arguments(code)], cwd=folder, check=True)
            else:
                exec(code, names)
            words = code if block.language == "sh" else "in Python: " + _called(code)
            entry = {"heading": block.heading, "command": words, "seconds": round(time.monotonic() - start, 1)}
            found.append({**entry, "cpu_seconds": round(_cpu() - before, 1)})
            _files.write_json(times, found)
    return found


def _python_arguments(command: str) -> list[str]:
    program, *given = shlex.split(command)
    return ["-m", "keras_vae", *given] if program == "keras-vae" else given


def _called(code: str) -> str:
    """The first line that does something: a block is known by it."""
    lines = [line for line in code.splitlines() if line and not line.startswith(("import", "from", "#"))]
    return lines[0].rstrip("( ")


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def table(results: list[dict[str, Any]]) -> str:
    """The rows as Markdown: the sums over the commands of each heading."""
    lines = ["| step | minutes by the clock | CPU minutes |", "|---|--:|--:|"]
    headings = list(dict.fromkeys(entry["heading"] for entry in results))
    for heading in headings:
        own = [entry for entry in results if entry["heading"] == heading]
        minutes, cpu = (sum(entry[key] for entry in own) / 60.0 for key in ("seconds", "cpu_seconds"))
        lines.append(f"| {heading} | {_shown(minutes)} | {_shown(cpu)} |")
    return "\n".join(lines)


def _shown(minutes: float) -> str:
    return f"{minutes:.1f}" if minutes >= 0.05 else "< 0.1"


def write_images(folder: Path) -> None:
    """The images of the page, from what its commands wrote."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    _write(_overview(folder / "my_images"), "folder")
    for name, path in {"reconstructions": "reconstructions.png", "interpolations": "interpolations.png"}.items():
        _write(Image.open(folder / path), name)


def _overview(folder: Path) -> Image.Image:
    """The first images of each class, a row per class."""
    rows = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sorted(inner.iterdir())[:_PER_CLASS]
        rows.append([np.asarray(Image.open(path).convert("RGB").resize((_SIDE, _SIDE))) for path in paths])
    sheet = np.pad(np.array(rows), ((0, 0), (0, 0), (0, _GAP), (0, _GAP), (0, 0)), constant_values=255)
    return Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in sheet], axis=0))


def _write(image: Image.Image, name: str) -> None:
    image = image.convert("RGB")
    with _files.replacing(IMAGES / f"{name}.jpg") as path:
        image.save(path, "JPEG", quality=_QUALITY, optimize=True)


def main() -> None:
    """Run the page, and write its table and its images."""
    folder = arguments("The times and the images of the tutorial.").runs.resolve() / RESULTS.stem
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "experiments").exists():
        (folder / "experiments").symlink_to(HERE)
    os.chdir(folder)
    results = run(PAGE.read_text(encoding="utf-8"), folder)
    _files.write_json(RESULTS, results)
    write_images(folder)
    write_rows(PAGE, RESULTS.stem, table(results))
    print(table(results))


if __name__ == "__main__":
    main()
