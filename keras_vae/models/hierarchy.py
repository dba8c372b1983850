"""Which model classes there are and what each derives from, as their sources say it.

A list of presets, and every error about one, needs these facts and nothing else of a model. The class statements are their one
place, and reading them takes milliseconds where importing the classes takes TensorFlow and seconds.
"""

import functools
import re
from pathlib import Path

from keras_vae import models

_CLASS = re.compile(r"^(@serializable\n)?class (\w+)\(([^)]*)\):", re.MULTILINE)


def names() -> list[str]:
    """The model classes that plain data may name, in alphabetical order: those of `specs.classes()`."""
    known = _classes()
    return sorted(name for name in models.__all__ if name in known and known[name][0] and is_a(name, "keras.Model"))


def is_a(name: str, base: str) -> bool:
    """Whether a model class is another one, or derives from it."""
    return name == base or any(is_a(parent, base) for parent in _classes().get(name, (False, ()))[1])


@functools.cache
def _classes() -> dict[str, tuple[bool, tuple[str, ...]]]:
    """By name: whether the class is registered with Keras, as those are of which models are made, and its base classes."""
    texts = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    return {
        name: (bool(registered), tuple(base.strip() for base in bases.split(",")))
        for text in texts
        for registered, name, bases in _CLASS.findall(text)
    }
