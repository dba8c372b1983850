"""Objects named in plain data: `"bernoulli"` or `{"name": "gaussian", "scale": 0.1}`.

A name is the class name in snake case, so no table of names has to be kept beside the classes.
"""

import inspect
import re
import sys
from types import ModuleType
from typing import Any

from keras_vae import _checks, _renamed


def snake_case(name: str) -> str:
    """`DiagonalGaussian` -> `diagonal_gaussian`; `ELBO` -> `elbo`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _now(name: str) -> str:
    """The name that what `name` names has now."""
    return next((snake_case(now) for old, now in _renamed.NOW.items() if snake_case(old) == name), name)


def choices(module: ModuleType, base: type) -> dict[str, Any]:
    """The classes that may be named, by name: the subclasses of `base` in `module.__all__` of which objects can be made."""
    found = [getattr(module, name) for name in module.__all__]
    return {
        snake_case(cls.__name__): cls
        for cls in found
        if isinstance(cls, type) and issubclass(cls, base) and not inspect.isabstract(cls) and cls is not base
    }


def build(what: str, module: ModuleType, base: type, spec: Any, offered: dict[str, Any] | None = None) -> Any:
    """Build the object that `spec` names.

    Args:
        what: what is being named, for the errors.
        module: its `__all__` lists the classes to choose from.
        base: only subclasses of this may be named.
        spec: an instance of `base` (returned as it is), a name, or a dict with `name` and arguments.
        offered: arguments that the caller supplies to the classes that take them; `spec` may not hold them.

    Raises:
        ValueError: if the name or an argument is unknown, with the choices.
    """
    if isinstance(spec, base):
        return spec
    if isinstance(spec, str):
        spec = {"name": spec}
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise ValueError(f"{what}={_checks.shown(spec)}: must be a name, a dict with a 'name', or a {base.__name__}.")
    classes = choices(module, base)
    cls = classes[_checks.one_of(what, _now(spec["name"]), sorted(classes))]
    arguments = {key: value for key, value in spec.items() if key != "name"}
    offered = offered or {}
    parameters = inspect.signature(cls.__init__).parameters.values()
    takes = [p.name for p in parameters if p.name != "self" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    _checks.known_keys(f"{what} {spec['name']!r}", arguments, [name for name in takes if name not in offered])
    for p in parameters:
        if p.name in takes and p.default is p.empty and p.name not in arguments and p.name not in offered:
            raise ValueError(f"{what} {spec['name']!r}: the setting {p.name!r} is missing.")
    # A layer is called what it is in the model: names that Keras counts up would end in the files of exported models.
    called = {"name": what} if _is_layer(cls) else {}
    return cls(**{name: value for name, value in offered.items() if name in takes}, **arguments, **called)


def _is_layer(cls: type) -> bool:
    keras = sys.modules.get("keras")  # without it there are no layers
    return keras is not None and issubclass(cls, keras.layers.Layer)


def to_spec(instance: Any, *omit: str) -> dict[str, Any]:
    """The plain-data form of `instance`, from its `settings()`, without the keys in `omit`."""
    settings = {key: value for key, value in instance.settings().items() if key not in omit}
    return {"name": snake_case(type(instance).__name__), **settings}


def described(instance: Any, *omit: str) -> dict[str, Any]:
    """`to_spec` of an object of this library; of a user's own, the form in which Keras saves registered classes."""
    if type(instance).__module__.startswith("keras_vae."):
        return to_spec(instance, *omit)
    from keras_vae._backend import keras

    return keras.saving.serialize_keras_object(instance)
