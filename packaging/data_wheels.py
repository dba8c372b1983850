"""Make the data wheels: the weights of all presets, by their SHA-256, as many wheels as keep each below the limit of the index.

    python packaging/data_wheels.py OUT_FOLDER

`keras_vae.zoo.store` finds the wheels that are installed by their entry points.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
_MOST = 60_000_000  # bytes in a wheel; an index takes 100 MB

_PROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "{version}"
description = "{description}"
readme = {{ text = "{description}. The library finds them by their SHA-256.", content-type = "text/plain" }}
requires-python = ">=3.11"
license = "Apache-2.0"
dependencies = {dependencies}

{entry_point}
[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""


def groups(sizes: dict[str, int], most: int = _MOST) -> list[list[str]]:
    """Names in alphabetical order, in as few groups of at most so many bytes as that order allows."""
    found: list[list[str]] = []
    room = 0
    for name in sorted(sizes):
        if sizes[name] > most:
            raise ValueError(f"{name} has {sizes[name]} bytes, and a wheel takes at most {most}.")
        if sizes[name] > room:
            found.append([])
            room = most
        found[-1].append(name)
        room -= sizes[name]
    return found


def main(out: Path) -> list[Path]:
    """Make the wheels; returns their paths."""
    manifests = {path.parent.name: json.loads(path.read_text()) for path in (ROOT / "zoo").glob("*/weights.json")}
    text = (ROOT / "keras_vae" / "__init__.py").read_text(encoding="utf-8")
    version = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)[0]
    made, names = [], []
    for number, presets in enumerate(groups({name: found["bytes"] for name, found in manifests.items()}), 1):
        names.append(f"keras-vae-zoo-{number}")
        files = {manifests[name]["sha256"]: ROOT / "zoo" / name / "model.safetensors" for name in presets}
        made.append(_wheel(out, names[-1], version, f"Weights of presets of keras_vae: {', '.join(presets)}", files))
    made.append(_wheel(out, "keras-vae-zoo", version, "Weights of all presets of keras_vae", {}, names))
    return made


def _wheel(
    out: Path, name: str, version: str, description: str, files: dict[str, Path], parts: Iterable[str] = ()
) -> Path:
    package = name.replace("-", "_")
    with tempfile.TemporaryDirectory() as folder:
        blobs = Path(folder, package, "blobs")
        blobs.mkdir(parents=True)
        Path(folder, package, "__init__.py").write_text(f'"""{description}."""\n')
        for sha256, path in files.items():
            (blobs / sha256).symlink_to(path)
        entry_point = f'[project.entry-points."keras_vae.presets"]\n{package} = "{package}"\n' if files else ""
        dependencies = json.dumps([f"{part}=={version}" for part in parts])
        project = _PROJECT.format(
            name=name,
            version=version,
            description=description,
            dependencies=dependencies,
            entry_point=entry_point,
            package=package,
        )
        Path(folder, "pyproject.toml").write_text(project, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            folder,
            "--no-deps",
            "--no-build-isolation",
            "--quiet",
            "-w",
            out,
        ]
        subprocess.run([str(word) for word in command], check=True)
    (wheel,) = Path(out).glob(f"{package}-{version}-*.whl")
    return wheel


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path, help="folder of the wheels")
    for path in main(parser.parse_args().out):
        print(f"{path} {path.stat().st_size / 1e6:.1f} MB")
