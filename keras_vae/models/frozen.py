"""Which layers of a model are kept from training, as plain data: names such as `"encoder"` or `"encoder/hidden_0"`."""

from collections.abc import Iterator
from typing import Any

from keras_vae import _checks


def paths(parts: dict[str, Any]) -> list[str]:
    """The parts that are frozen, and the frozen layers of those that are not as a whole."""
    return [path for name, part in parts.items() for path in _frozen(name, part)]


def freeze(parts: dict[str, Any], names: Any) -> None:
    """Freeze what `paths` named.

    Raises:
        ValueError: if there is no such layer.
    """
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"frozen={names!r}: must be a list of names of parts and layers, such as 'encoder/hidden_0'.")
    for name in names:
        part, *below = name.split("/")
        layer = parts[_checks.one_of("frozen part", part, sorted(parts))]
        for step in below:
            layers = dict(_layers(layer))
            layer = layers[_checks.one_of(f"frozen={name!r}: layer", step, sorted(layers))]
        layer.trainable = False


def _frozen(path: str, layer: Any) -> Iterator[str]:
    if not layer.trainable:
        yield path
        return
    for name, below in _layers(layer):
        if below.weights:
            yield from _frozen(f"{path}/{name}", below)


def _layers(layer: Any) -> Iterator[tuple[str, Any]]:
    """The layers in a layer, by names of which no two are the same."""
    found: dict[str, int] = {}
    for below in layer._flatten_layers(include_self=False, recursive=False):
        count = found[below.name] = found.get(below.name, 0) + 1
        yield below.name if count == 1 else f"{below.name}:{count}", below
