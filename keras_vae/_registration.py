"""Saved models load in Keras after `import keras_vae` alone, although that imports neither Keras nor a model.

Keras looks the classes of a file up by name in a table, which a class is put into where it is defined. So that the table does not
depend on what was imported, each class has an entry as soon as Keras is there: one that imports it when a file asks for it.
"""

import importlib
import importlib.abc
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from keras_vae import _renamed

_PACKAGE = Path(__file__).parent
_CLASS = re.compile(r"^@serializable\nclass (\w+)", re.MULTILINE)


def register() -> None:
    """Put the entries into Keras's table, now or as soon as Keras is imported."""
    if "keras" in sys.modules:
        _register_now()
    else:
        sys.meta_path.insert(0, _AfterKeras())


def classes() -> dict[str, str]:
    """The module of each class that is registered with Keras, as the sources say."""
    found = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        module = ".".join([_PACKAGE.name, *path.relative_to(_PACKAGE).with_suffix("").parts])
        found.update(dict.fromkeys(_CLASS.findall(path.read_text(encoding="utf-8")), module))
    return found


class _Entry:
    """Stands for a class until its module is imported, which puts the class itself in this place."""

    def __init__(self, module: str, name: str):
        self._module, self._name = module, name

    def from_config(self, config: dict[str, Any]) -> Any:
        """Make an object of the class: what Keras asks of it in loading a file."""
        return getattr(importlib.import_module(self._module), self._name).from_config(config)


def _register_now() -> None:
    table = sys.modules["keras"].saving.get_custom_objects()
    registered = classes()
    for saved in (*registered, *_renamed.NOW):
        if (name := _renamed.now(saved)) in registered:
            table.setdefault(f"{_PACKAGE.name}>{saved}", _Entry(registered[name], name))


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Waits for the import of Keras."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """Find Keras as anyone would, with a loader that registers afterwards."""
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)
        return spec


class _Registering(importlib.abc.Loader):
    """Loads Keras, and then registers."""

    def __init__(self, loader: Any):
        self._loader = loader

    def create_module(self, spec: Any) -> Any:
        """As Keras's own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        """As Keras's own loader does, and then register."""
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _register_now()
