"""Weights as a safetensors file: names, shapes and numbers, nothing that runs."""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _files, _untrusted

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


def read(path: str | Path, sha256: str | None = None) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read arrays and metadata from `path`.

    The file is read once, into memory: what is verified is what is used, and to exchange or truncate it meanwhile does no harm.

    Args:
        path: a regular file of at most 2 GiB.
        sha256: what its bytes must have, in hexadecimal; None to compare nothing.

    Raises:
        FileNotFoundError: if there is no such file.
        CorruptFileError: if it is no whole safetensors file, larger than 2 GiB, or has another SHA-256.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = _untrusted.read_bytes(path, MAX_BYTES)
    except ValueError as error:
        raise CorruptFileError(f"{error} It is no file of this library.") from error
    found = hashlib.sha256(data).hexdigest() if sha256 is not None else None
    if found != sha256:
        raise CorruptFileError(
            f"{path} has the SHA-256 {found}, where weights.json says {sha256}: the file is damaged or was changed. "
            "Fetch the preset anew, or install the package again."
        )
    metadata = _metadata(path, data)
    try:
        return load(data), metadata
    except KeyError as error:
        raise CorruptFileError(f"{path} holds numbers of the type {error}, which no weights here have.") from error
    except (SafetensorError, ValueError) as error:
        raise CorruptFileError(f"{path} is no whole safetensors file ({error}). Fetch or train it anew.") from error


def _metadata(path: str | Path, data: bytes) -> dict[str, str]:
    """The words in the header, `__metadata__`."""
    length = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else 0
    if not 2 <= length <= min(_MAX_HEADER, len(data) - 8):
        raise CorruptFileError(f"{path} is no whole safetensors file (its header is cut off). Fetch or train it anew.")
    try:
        header = json.loads(data[8 : 8 + length])
        words = header.get("__metadata__", {}) if isinstance(header, dict) else None
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(
            f"{path} is no whole safetensors file (its header is no JSON). Fetch or train it anew."
        ) from error
    if not isinstance(words, dict) or not all(isinstance(value, str) for value in words.values()):
        raise CorruptFileError(f"{path} is no whole safetensors file (its header is wrong). Fetch or train it anew.")
    return words


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
