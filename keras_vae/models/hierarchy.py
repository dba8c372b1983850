"""Which model classes there are and what each derives from, as their sources say it; and the user's own that are registered.

A list of presets, and every error about one, needs these facts and nothing else of a model. The class statements are their one
place, and reading them takes milliseconds where importing the classes takes TensorFlow and seconds.
"""

import functools
import re
from pathlib import Path
from typing import Any

from keras_vae import models

_CLASS = re.compile(r"^(@serializable\n)?class (\w+)\(([^)]*)\):", re.MULTILINE)
_OWN: dict[str, Any] = {}


def names() -> list[str]:
    """The model classes that plain data may name, in alphabetical order: those of `plain_data.classes()`."""
    known = _classes()
    return sorted(
        {name for name in models.__all__ if name in known and known[name][0] and is_a(name, "keras.Model")} | set(_OWN)
    )


def is_a(name: str, base: str) -> bool:
    """Whether a model class is another one, or derives from it."""
    if name in _OWN:
        return base in {cls.__name__ for cls in _OWN[name].__mro__}
    return name == base or any(is_a(parent, base) for parent in _classes().get(name, (False, ()))[1])


def own() -> dict[str, Any]:
    """The user's own classes by name, as `register` was given them."""
    return dict(_OWN)


def register(cls: Any) -> Any:
    """Let presets and recipes name a model class of one's own: `save_to_preset` writes it, `load` and `train` make it.

    A process that loads such a preset registers the class before. Also as a decorator:

    >>> @keras.saving.register_keras_serializable(package="mine")
    ... @models.register
    ... class MyModel(models.LatentPrior, models.Autoencoder):
    ...     ...

    Args:
        cls: a class that derives from one of `keras_vae.models`; its `get_config` gives plain data that the constructor takes.

    Returns:
        The class.

    Raises:
        ValueError: if it does not derive from such a class, or a class of the library has its name.
    """
    from keras_vae._backend import keras
    from keras_vae.models.capabilities import LabelFacts

    if not isinstance(cls, type) or not (issubclass(cls, keras.Model) and issubclass(cls, LabelFacts)):
        raise ValueError(
            f"register takes a class of models, such as one that derives from models.VAE; got {cls!r:.200}."
        )
    if cls.__name__ in _classes():
        raise ValueError(f"The library has a class {cls.__name__}: give your own another name.")
    _OWN[cls.__name__] = cls
    return cls


@functools.cache
def _classes() -> dict[str, tuple[bool, tuple[str, ...]]]:
    """By name: whether the class is registered with Keras, as those are of which models are made, and its base classes."""
    texts = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    return {
        name: (bool(registered), tuple(base.strip() for base in bases.split(",")))
        for text in texts
        for registered, name, bases in _CLASS.findall(text)
    }
