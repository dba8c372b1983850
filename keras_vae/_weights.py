"""Weights as a safetensors file: names, shapes and numbers, nothing that runs."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _files

MAX_BYTES = 2 * 1024**3
_MAX_HEADER = 16 * 1024**2

STORED_AS = ("float32", "float16")
"""Formats in which the weights of a preset may lie on the disk."""


class CorruptFileError(ValueError):
    """A file of weights is truncated, tampered with or does not belong to the model."""


def write(path: str | Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays to `path`, whole or not at all.

    Raises:
        ValueError: if a value is not finite; an old file stays as it was.
        OSError: if the file cannot be written; so does it then.
    """
    for name, value in tensors.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{name} holds values that are not finite: {path} was not written.")
    from safetensors.numpy import save

    # Its `save_file` writes under a name of its own, which a kill leaves behind, and hides why a file cannot be written.
    content = save({name: np.asarray(value, order="C") for name, value in tensors.items()}, dict(metadata or {}))
    with _files.replacing(path) as part:
        part.write_bytes(content)


def read(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read arrays and metadata from `path`.

    Raises:
        FileNotFoundError: if there is no such file.
        CorruptFileError: if it is no whole safetensors file or larger than 2 GiB.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CorruptFileError(f"{path} has {size} bytes: at most {MAX_BYTES} are read. It is no file of this library.")
    _check_header(path, size)
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise CorruptFileError(f"{path} is no whole safetensors file ({error}). Fetch or train it anew.") from error


def _check_header(path: Path, size: int) -> None:
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(_MAX_HEADER, size - 8):
            raise CorruptFileError(
                f"{path} is no whole safetensors file (its header is cut off). Fetch or train it anew."
            )


def named(model: Any) -> dict[str, Any]:
    """Name the variables of a model by its part and their path in it: `encoder/hidden_0/kernel`.

    The name of the part itself, which Keras may have numbered, is no part of it. What two parts share has the name of the first.

    Raises:
        ValueError: if two variables have the same name: one would be lost.
    """
    found: dict[str, Any] = {}
    seen = set()
    for part, layer in model.parts.items():
        for variable in layer.variables:
            if id(variable) in seen:
                continue
            seen.add(id(variable))
            name = f"{part}/{variable.path.removeprefix(f'{layer.name}/')}"
            if found.setdefault(name, variable) is not variable:
                raise ValueError(f"Two weights of the {part} are called {name!r}: give the layers names of their own.")
    return found


def assign(path: str | Path, variables: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
    """Give `variables` the values of the same name, after checking all of them; float16 may stand for float32.

    Raises:
        CorruptFileError: if a name is missing or unknown, or a shape, dtype or value is wrong; nothing is assigned then.
    """
    missing, unknown = sorted(variables.keys() - tensors.keys()), sorted(tensors.keys() - variables.keys())
    if missing or unknown:
        raise CorruptFileError(
            f"{path} does not belong to this model: missing {missing[:3] or 'nothing'}, unknown {unknown[:3] or 'nothing'}."
        )
    for name, variable in variables.items():
        value = tensors[name]
        wanted = np.dtype(variable.dtype)
        taken = (wanted, np.dtype("float16")) if wanted == np.float32 else (wanted,)
        if value.shape != tuple(variable.shape) or value.dtype not in taken:
            raise CorruptFileError(
                f"{path}: {name} has shape {value.shape} and dtype {value.dtype}, where this model has "
                f"{tuple(variable.shape)} and {variable.dtype}."
            )
        if not np.isfinite(value).all():
            raise CorruptFileError(f"{path}: {name} holds values that are not finite.")
    for name, variable in variables.items():
        variable.assign(tensors[name])


def to_json(value: Any) -> str:
    """JSON in one line, as metadata holds it."""
    return json.dumps(value, separators=(",", ":"))
