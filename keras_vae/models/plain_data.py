"""Models as plain data, the `[model]` table of a preset: `{"class": "VAE", "data_shape": [28, 28, 1], ...}`."""

import inspect
from typing import Any

from keras_vae import _budget, _checks, _renamed, models
from keras_vae._backend import keras
from keras_vae.models import hierarchy


def classes() -> dict[str, Any]:
    """The model classes that plain data may name."""
    found = {name: getattr(models, name) for name in models.__all__}
    library = {
        name: cls
        for name, cls in found.items()
        if isinstance(cls, type) and issubclass(cls, keras.Model) and not inspect.isabstract(cls)
    }
    return {**library, **hierarchy.own()}


def build(spec: dict[str, Any], max_weights: int = _checks.MAX_PARAMETERS) -> Any:
    """Build the model that `spec` describes, with fresh weights.

    Args:
        spec: the class and the arguments of its constructor.
        max_weights: largest number of weights. A few words can describe a model that fills any memory, so it is not built then.

    Raises:
        ValueError: if the class or an argument is unknown, missing or out of its range, or the model would have more weights.
    """
    spec = _checks.table("model", spec)
    cls = classes()[_checks.one_of("model class", _renamed.now(spec.get("class")), sorted(classes()))]
    arguments = {key: value for key, value in spec.items() if key != "class"}
    parameters = _parameters(cls)
    taken = [name for name, p in parameters.items() if p.kind != p.VAR_KEYWORD]
    _checks.known_keys(f"model {cls.__name__}", [key for key in arguments if key != "name"], taken)
    for name in taken:
        if parameters[name].default is inspect.Parameter.empty and name not in arguments:
            raise ValueError(f"model {cls.__name__}: the setting {name!r} is missing.")
    try:
        with _budget.weights(max_weights):
            return cls(**arguments)
    except _budget.TooManyWeightsError as error:
        raise _budget.TooManyWeightsError(
            f"{cls.__name__} would have more than {max_weights:,} weights (each variable counts {_budget.PER_VARIABLE} more): "
            "make its layers smaller, or fewer."
        ) from error


def _parameters(cls: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a class's constructor; those that a user's own class passes on are of the class that it derives from."""
    own = dict(inspect.signature(cls).parameters)
    if cls.__name__ not in hierarchy.own() or all(p.kind != p.VAR_KEYWORD for p in own.values()):
        return own
    known = set(classes().values())
    return {**_parameters(next((base for base in cls.__mro__[1:] if base in known), object)), **own}


def describe(model: Any) -> dict[str, Any]:
    """The plain data from which `build` makes a model like `model`.

    Raises:
        ValueError: if the model's class is neither the library's own nor registered, or a part of it is not the library's own.
    """
    name = type(model).__name__
    if classes().get(name) is not type(model):
        raise ValueError(
            f"{name} is no class of keras_vae.models, so it has no plain-data form. Register the class with "
            "keras_vae.models.register, or keep the model with model.save('x.keras')."
        )
    config = model.get_config()
    for key, value in config.items():
        if isinstance(value, dict) and "class_name" in value:
            raise ValueError(
                f"The {key} is a {value['class_name']}, which is not the library's own. Keep the model with model.save('x.keras')."
            )
    return {"class": name, **{key: value for key, value in config.items() if key not in ("name", "frozen", "dtype")}}


_LABEL_SETTINGS = ("num_classes", "num_domains")


def label_setting(model: Any) -> tuple[str, int] | None:
    """The name and the value of the setting that says how many labels there are, of classes or of domains; None without labels."""
    for name in _LABEL_SETTINGS:
        if getattr(model, name, None) is not None:
            return name, getattr(model, name)
    return None


def label_count(spec: dict[str, Any]) -> int | None:
    """How many labels the model has that `spec` describes; None without labels."""
    parameters = _parameters(classes()[_renamed.now(spec["class"])])
    for name in _LABEL_SETTINGS:
        if name in parameters:
            return spec.get(name, parameters[name].default)
    return None
