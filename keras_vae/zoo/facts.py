"""What `weights.json` and `metrics.json` say, checked when they are read."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_vae import _untrusted
from keras_vae._weights import CorruptFileError
from keras_vae.zoo import figures
from keras_vae.zoo.files import MANIFEST, METRICS

_MAX_BYTES = 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def manifest(folder: Path) -> dict[str, Any]:
    """What `weights.json` says of a preset's weights.

    Raises:
        CorruptFileError: if it is missing or no such file.
    """
    path = folder / MANIFEST
    try:
        found = _untrusted.read_json(path, _MAX_BYTES)
        if not isinstance(found.get("sha256"), str) or not _SHA256.fullmatch(found["sha256"]):
            raise ValueError("it names no sha256")
        for key in ("parameters", "bytes"):
            _number(key, found.get(key), int)
        if "training" in found:
            check_training(found["training"])
        for key in ("class_names", "frozen"):
            check_names(key, found.get(key, []))
    except (OSError, ValueError) as error:
        raise CorruptFileError(
            f"{path} cannot be read ({error}), so the weights cannot be verified. Fetch the preset anew."
        ) from error
    return found


def check_names(key: str, names: Any, count: int | None = None) -> tuple[str, ...]:
    """Return names as a tuple, after checking them.

    Args:
        key: what they are, for the errors.
        names: a list of text.
        count: how many there must be; None for any number.

    Raises:
        ValueError: if they are no list of text that can be printed, one is there twice, or they are too many or too few.
    """
    shown = f"{key}={names!r:.200}"
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise ValueError(f"{shown}: must be a list of words, such as ['cat', 'dog'].")
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not name or _untrusted.printable(name) != name or "\n" in name:
            raise ValueError(
                f"{shown}: must be a list of words, each one line of text without control characters; {name!r:.60} is none."
            )
        if name in seen:
            raise ValueError(f"{shown}: {name!r:.60} is there twice.")
        seen.add(name)
    if count is not None and len(names) != count:
        raise ValueError(f"{shown}: the model has {count} classes or domains. Give a name each.")
    return tuple(names)


def metrics(folder: Path) -> dict[str, Any]:
    """What `metrics.json` says.

    Raises:
        FileNotFoundError: if there is none.
        CorruptFileError: if it is no such file.
    """
    path = folder / METRICS
    try:
        found = _untrusted.read_json(path, _MAX_BYTES)
        for key in ("figures", "protocol", "versions"):
            if not isinstance(found.get(key), dict):
                raise ValueError(f"the object {key!r} is missing")
        if not isinstance(found.get("weights_sha256"), str):
            raise ValueError("it names no weights_sha256")
        figures.check(found["figures"])
        _protocol(found["protocol"])
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise CorruptFileError(
            f"{path} cannot be read ({error}). `keras-vae evaluate {folder} --write` computes it anew."
        ) from error
    return found


def _number(key: str, value: Any, kind: Any = int | float) -> None:
    if isinstance(value, bool) or not isinstance(value, kind) or not 0 <= value < 2**63:
        raise ValueError(f"{key}={value!r:.60}: must be a number, not negative")


def check_training(facts: Any) -> None:
    """Check what is said of a training: numbers of epochs and seconds, and the hardware.

    Raises:
        ValueError: if one is missing or none.
    """
    if not isinstance(facts, dict) or not isinstance(facts.get("hardware"), str):
        raise ValueError(f"training={facts!r:.60}: must name epochs, seconds and hardware")
    _number("training.epochs", facts.get("epochs"))
    _number("training.seconds", facts.get("seconds"))


def _protocol(protocol: dict[str, Any]) -> None:
    if not isinstance(protocol.get("data"), str):
        raise ValueError("the protocol names no data")
    if "preprocessing" not in protocol:
        raise ValueError("the protocol names no preprocessing")
    _number("protocol.images", protocol.get("images"), int)
    if "importance_samples" in protocol:
        _number("protocol.importance_samples", protocol["importance_samples"], int)
    samples = protocol.get("prior_draws", [0, 0, 0])
    if not isinstance(samples, list) or len(samples) != 3:
        raise ValueError(f"protocol.prior_draws={samples!r:.60}: must be three numbers")
    for number in samples:
        _number("protocol.prior_draws", number, int)
