"""Where exported builds lie, and how their files are read: regular files alone, bounded, and verified by their SHA-256."""

import difflib
import hashlib
import os
import stat
from pathlib import Path

from keras_vae import _checks
from keras_vae.lite import manifest as manifests
from keras_vae.lite.manifest import MANIFEST, File, Manifest

_REMEDY = "Export the model anew with keras_vae.export.tflite."


class BuildError(ValueError):
    """A folder of builds is incomplete, damaged or was not written by `keras_vae.export.tflite`."""


def _home() -> Path:
    installed = Path(__file__).parent / "builds"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "export" / "tflite"


def list_builds() -> dict[str, list[str]]:
    """The shipped builds: targets by preset."""
    found: dict[str, list[str]] = {}
    for path in sorted(_home().glob(f"*/*/{MANIFEST}")):
        found.setdefault(path.parent.parent.name, []).append(path.parent.name)
    return found


def build_folder(name_or_folder: str | Path, target: str = "cpu") -> Path:
    """The folder of a build: of a shipped preset by its name and target, or a path that `export.tflite` wrote.

    The name of a shipped preset is never taken for a folder: write "./mnist_cvae" or `Path("mnist_cvae")` for one of that name.

    Raises:
        ValueError: if there is no such build, with those there are.
    """
    if not isinstance(name_or_folder, str | os.PathLike) or not isinstance(os.fspath(name_or_folder), str):
        raise ValueError(
            f"name_or_folder={_checks.shown(name_or_folder)}: must be the name of a shipped build, or a path."
        )
    known = list_builds()
    named = isinstance(name_or_folder, str) and name_or_folder in known
    path = Path(name_or_folder)
    if not named and os.path.lexists(path / MANIFEST):
        return path
    if not named:
        close = difflib.get_close_matches(str(name_or_folder)[:100], known, n=1)
        raise ValueError(
            f"There is no build {_checks.shown(str(name_or_folder))}: give one of {', '.join(known) or '(none is shipped)'}, or "
            f"the path of a folder with a {MANIFEST}.{f' Did you mean {close[0]!r}?' if close else ''}"
        )
    if not isinstance(target, str) or target not in known[str(name_or_folder)]:
        raise ValueError(
            f"target={target!r}: {name_or_folder} is shipped for {', '.join(known[str(name_or_folder)])}. For another target "
            "export it with keras_vae.export.tflite."
        )
    return _home() / str(name_or_folder) / target


def read_proof(name_or_folder: str | Path, target: str = "cpu") -> Manifest:
    """The manifest of a build: what it is, and the proof that it computes what the Keras model does.

    Args:
        name_or_folder, target: as in `build_folder`.

    Raises:
        ValueError: if there is no such build.
        BuildError: if its manifest is damaged.
    """
    return read_manifest(build_folder(name_or_folder, target))


def read_manifest(folder: Path) -> Manifest:
    """Read and check `build.json`.

    Raises:
        BuildError: if it is not what `export.tflite` writes.
    """
    path = folder / MANIFEST
    try:
        return manifests.read(_read(path, manifests.MAX_BYTES))
    except (OSError, ValueError) as error:
        raise BuildError(f"{path} cannot be used ({error}). {_REMEDY}") from error


def read_build(folder: Path, part: str, entry: File) -> bytes:
    """Read one `.tflite` file and verify the bytes that were read.

    Args:
        folder: of the builds.
        part: such as `"decoder"`.
        entry: what the manifest says of its file.

    Raises:
        BuildError: if it is missing, no regular file, or not the one that the manifest names.
    """
    path = folder / f"{part}.tflite"
    try:
        content = _read(path, entry.bytes)
    except OSError as error:
        raise BuildError(f"{path} cannot be read ({error}). {_REMEDY}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise BuildError(
            f"{path} has the SHA-256 {found}, where {MANIFEST} says {entry.sha256}: the file is damaged or was "
            f"changed. {_REMEDY}"
        )
    return content


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a regular file (or of one that a link leads to), at most so many.

    A pipe would wait for ever, and a device has no end, so neither is read; O_NONBLOCK is for one put there since.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is no regular file")
        # One byte more, since a file may grow while it is read.
        content = file.read(limit + 1) if found.st_size <= limit else b""
        if found.st_size > limit or len(content) > limit:
            raise OSError(f"it has {max(found.st_size, len(content))} bytes, at most {limit} are read")
    return content
