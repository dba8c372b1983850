"""Packages that import their public names on first use, so that importing a package costs nothing and TensorFlow is loaded late.

The `__init__.py` of such a package lists its names in `__all__`, imports them for type checkers and readers under
`if TYPE_CHECKING:`, and calls `attach(__name__)`. That block is the only list of where each name comes from: it is read here.
"""

import ast
import functools
import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

from keras_vae import _checks, _renamed


def attach(package: str) -> None:
    """Make the package import a name that it lists, or a module that it holds, when that is first used.

    Args:
        package: `__name__` of the package, from its `__init__.py`.
    """
    sys.modules[package].__class__ = _LazyPackage


class _LazyPackage(ModuleType):
    """As `__getattr__` and `__dir__` of a module (PEP 562), which cannot do what `__setattr__` does here."""

    def __getattr__(self, name: str) -> Any:
        home = _homes(self.__name__).get(name)
        if home is not None and home != self.__name__:
            value = getattr(importlib.import_module(home), name)
        elif importlib.util.find_spec(f"{self.__name__}.{name}"):
            value = importlib.import_module(f"{self.__name__}.{name}")
        else:
            names = sorted(self.__all__)
            if refusal := _renamed.refusal(self.__name__, name, names):
                raise AttributeError(refusal)
            raise AttributeError(
                f"module {self.__name__!r} has no attribute {name!r}; it has {', '.join(names)}."
                f"{_checks.did_you_mean(name, names)}"
            )
        vars(self)[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Python sets a module that was imported as an attribute of its package. Where a function has the name of its module, as
        # `data.quadrants`, the package's attribute is the function.
        if not (isinstance(value, ModuleType) and _homes(self.__name__).get(name, self.__name__) != self.__name__):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted(self.__all__)


@functools.cache
def _homes(package: str) -> dict[str, str]:
    """The module of each name that the package imports under `if TYPE_CHECKING:`."""
    loader: Any = sys.modules[package].__spec__.loader  # type: ignore[union-attr]
    tree = ast.parse(loader.get_source(package))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.name: str(node.module) for node in imports for alias in node.names}
