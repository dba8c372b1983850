"""Where exported builds lie, and what the manifest beside them says."""

import difflib
import hashlib
import json
from pathlib import Path
from typing import Any

MANIFEST = "build.json"
_MAX_MANIFEST = 1_000_000
_MAX_BUILD = 2 * 1024**3
_KEYS = {
    "target": str,
    "format": str,
    "data_shape": list,
    "latent_size": int,
    "posterior": str,
    "prior": str,
    "files": dict,
    "origin": dict,
}
PARTS = ("encoder", "decoder", "prior", "clusters", "classifier", "features")
"""What a folder of builds may hold."""


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

    Raises:
        ValueError: if there is no such build, with those there are.
    """
    path = Path(name_or_folder)
    if (path / MANIFEST).is_file():
        return path
    known = list_builds()
    if str(name_or_folder) not in known:
        close = difflib.get_close_matches(str(name_or_folder), known, n=1)
        raise ValueError(
            f"There is no build {str(name_or_folder)!r}: give one of {', '.join(known) or '(none is shipped)'}, or the path "
            f"of a folder with a {MANIFEST}.{f' Did you mean {close[0]!r}?' if close else ''}"
        )
    if target not in known[str(name_or_folder)]:
        raise ValueError(
            f"target={target!r}: {name_or_folder} is shipped for {', '.join(known[str(name_or_folder)])}. For another target "
            "export it with keras_vae.export.tflite."
        )
    return _home() / str(name_or_folder) / target


def read_proof(name: str, target: str) -> dict[str, Any]:
    """The manifest of a shipped build: what it is, and the proof that it computes what the Keras model does.

    Raises:
        ValueError: if there is no such build, or its manifest is damaged.
    """
    return read_manifest(build_folder(name, target))


def score(proof: dict[str, Any]) -> tuple[str, dict[str, float]]:
    """The figure in nats that a proof compares, and its name: the ELBO, or an autoencoder's log-likelihood."""
    parity = proof["parity"]
    name = "elbo" if "elbo" in parity else "log_likelihood"
    return name, parity[name]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check `build.json`.

    Raises:
        BuildError: if it is not what `export.tflite` writes.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _MAX_MANIFEST:
            raise ValueError(f"it has {path.stat().st_size} bytes, at most {_MAX_MANIFEST} are read")
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError("it holds no table")
        for key, kind in _KEYS.items():
            if not isinstance(manifest.get(key), kind):
                raise ValueError(f"{key!r} is missing or no {kind.__name__}")
        if not {"encoder", "decoder"} <= set(manifest["files"]) <= set(PARTS):
            raise ValueError(f"'files' names {sorted(manifest['files'])}, not the encoder and the decoder")
        for name, entry in manifest["files"].items():
            if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
                raise ValueError(f"the entry of the {name} has no sha256")
    except (OSError, ValueError) as error:
        raise BuildError(
            f"{path} cannot be used ({error}). Export the model anew with keras_vae.export.tflite."
        ) from error
    return manifest


def read_build(folder: Path, part: str, sha256: str) -> bytes:
    """Read one `.tflite` file and verify it.

    Raises:
        BuildError: if it is missing, too large or not the one that the manifest names.
    """
    path = folder / f"{part}.tflite"
    try:
        size = path.stat().st_size
        if size > _MAX_BUILD:
            raise OSError(f"it has {size} bytes, at most {_MAX_BUILD} are read")
        content = path.read_bytes()
    except OSError as error:
        raise BuildError(
            f"{path} cannot be read ({error}). Export the model anew with keras_vae.export.tflite."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise BuildError(
            f"{path} has the SHA-256 {found}, where {MANIFEST} says {sha256}: the file is damaged or was changed. "
            "Export the model anew with keras_vae.export.tflite."
        )
    return content
