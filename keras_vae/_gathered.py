"""Functions whose answer is put together of one for each thing that an object can do."""

from collections.abc import Callable
from typing import Any


class Gathered:
    """A function of an object that returns a dict: those registered for the object's classes are called, and their dicts merged.

    `functools.singledispatch` calls the one function that fits best. Of a model that samples and clusters, both have something to
    say. More special classes come later: they replace entries of the same key, and take one away by None. The keys keep
    the order in which they were first given.

    >>> facts = Gathered("facts", "What there is to say of a model.")
    >>> @facts.register(Samples)
    ... def _samples(model):
    ...     return {"noise": model.noise_size}

    Args:
        name: of the function.
        doc: its docstring.
    """

    def __init__(self, name: str, doc: str):
        self.__name__ = name
        self.__doc__ = doc
        self._functions: dict[type, Callable[..., dict[str, Any]]] = {}

    def register(self, cls: type, function: Callable[..., dict[str, Any]] | None = None) -> Any:
        """Register a function for a class and those that derive from it; also as a decorator."""
        if function is None:
            return lambda given: self.register(cls, given)
        self._functions[cls] = function
        return function

    def __call__(self, given: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Call what is registered, from the most general class to the most special.

        Raises:
            TypeError: if nothing is registered for any class of the object.
        """
        functions = [self._functions[cls] for cls in reversed(type(given).__mro__) if cls in self._functions]
        if not functions:
            raise TypeError(
                f"{self.__name__} knows nothing of a {type(given).__name__}. Register a function for the class: "
                f"{self.__name__}.register({type(given).__name__}, function)."
            )
        found: dict[str, Any] = {}
        for function in functions:
            found |= function(given, *args, **kwargs)
        return {key: value for key, value in found.items() if value is not None}
