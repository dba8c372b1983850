"""Objects named in plain data: `"bernoulli"` or `{"name": "gaussian", "scale": 0.1}`.

A name is the class name in snake case, so no table of names has to be kept beside the classes.
"""

import inspect
import re
from types import ModuleType
from typing import Any

from keras_vae import _checks
from keras_vae._backend import keras


def snake_case(name: str) -> str:
    """`DiagonalGaussian` -> `diagonal_gaussian`; `ELBO` -> `elbo`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


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
    classes = {
        snake_case(name): getattr(module, name)
        for name in module.__all__
        if isinstance(getattr(module, name), type)
        and issubclass(getattr(module, name), base)
        and not inspect.isabstract(getattr(module, name))
        and getattr(module, name) is not base
    }
    cls = classes[_checks.one_of(what, spec["name"], sorted(classes))]
    arguments = {key: value for key, value in spec.items() if key != "name"}
    offered = offered or {}
    parameters = inspect.signature(cls.__init__).parameters.values()
    takes = [p.name for p in parameters if p.name != "self" and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    _checks.known_keys(f"{what} {spec['name']!r}", arguments, [name for name in takes if name not in offered])
    for p in parameters:
        if p.name in takes and p.default is p.empty and p.name not in arguments and p.name not in offered:
            raise ValueError(f"{what} {spec['name']!r}: the setting {p.name!r} is missing.")
    # A layer is called what it is in the model: names that Keras counts up would end in the files of exported models.
    called = {"name": what} if issubclass(cls, keras.layers.Layer) else {}
    return cls(**{name: value for name, value in offered.items() if name in takes}, **arguments, **called)


def to_spec(instance: Any, *omit: str) -> dict[str, Any]:
    """The plain-data form of `instance`, from its `settings()`, without the keys in `omit`."""
    settings = {key: value for key, value in instance.settings().items() if key not in omit}
    return {"name": snake_case(type(instance).__name__), **settings}


def described(instance: Any, *omit: str) -> dict[str, Any]:
    """`to_spec` of an object of this library; of a user's own, the form in which Keras saves registered classes."""
    if type(instance).__module__.startswith("keras_vae."):
        return to_spec(instance, *omit)
    return keras.saving.serialize_keras_object(instance)
