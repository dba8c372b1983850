"""Objects that are made of settings: how they print, and that they stay as they were made."""

import abc
import functools
import inspect
from typing import Any


class Written:
    """An object that prints as one would write it in code; each argument of its constructor is an attribute of that name."""

    def __repr__(self) -> str:
        """The constructor's call, without the arguments that are at their defaults."""
        arguments = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, name, inspect.Parameter.empty)
            if value is inspect.Parameter.empty or parameter.kind is inspect.Parameter.VAR_KEYWORD:
                continue
            text = value.as_argument() if isinstance(value, Written) else repr(value)
            if text != repr(parameter.default):
                arguments.append(f"{name}={text}")
        return f"{type(self).__name__}({', '.join(arguments)})"

    def as_argument(self) -> str:
        """The same as an argument of another object."""
        return repr(self)


class Fixed(Written, abc.ABC):
    """An object whose settings stay as they were made.

    The training step is compiled with the values that settings have when it first runs, so a change would have no effect,
    and none would be told. What an object makes for itself later, such as a discriminator, is in attributes that begin with "_".
    """

    _finished = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """See to it that the constructor of this very class, which may call those of others, finishes the object."""
        super().__init_subclass__(**kwargs)
        construct = cls.__init__

        @functools.wraps(construct)
        def finish(self: Any, *args: Any, **kwargs: Any) -> None:
            construct(self, *args, **kwargs)
            if type(self) is cls:
                self._finished = True

        cls.__init__ = finish  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute of one's own, or any in the constructor."""
        self._check_open(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute of one's own."""
        self._check_open(name)
        super().__delattr__(name)

    def _check_open(self, name: str) -> None:
        if self._finished and not name.startswith("_"):
            kind = type(self).__name__
            raise AttributeError(
                f"{kind}.{name} cannot be changed: the training step is compiled with the settings that {kind} was made with, so "
                "a change would have no effect. For a value that changes with the step give a schedule, such as "
                "ELBO(beta=Linear(1000)); for another value make a new object and call compile() with it. (State of an "
                "object's own, which it sets itself, is in attributes that begin with '_'.)"
            )
