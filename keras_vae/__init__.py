"""Autoencoders and variational autoencoders for Keras 3, with a zoo of trained models.

>>> import keras_vae
>>> model = keras_vae.load("mnist_cvae")
>>> images = model.sample(labels=[3, 1, 4], seed=0)

Importing this module is cheap: TensorFlow is loaded when a name that needs it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from keras_vae import _registration

__version__ = "0.1.0"

_HOMES = {
    "load": "keras_vae.zoo",
    "list_presets": "keras_vae.zoo",
    "save_to_preset": "keras_vae.zoo",
    "VAE": "keras_vae.models",
    "ConvVAE": "keras_vae.models",
    "ConditionalVAE": "keras_vae.models",
    "ELBO": "keras_vae.objectives",
}
_ROOMS = (
    "lite",
    "data",
    "distributions",
    "networks",
    "objectives",
    "models",
    "training",
    "evaluation",
    "zoo",
    "export",
    "plots",
)

__all__ = ["ELBO", "VAE", "ConditionalVAE", "ConvVAE", "__version__", "list_presets", "load", "save_to_preset", *_ROOMS]

if TYPE_CHECKING:
    from keras_vae import (
        data,
        distributions,
        evaluation,
        export,
        lite,
        models,
        networks,
        objectives,
        plots,
        training,
        zoo,
    )
    from keras_vae.models import VAE, ConditionalVAE, ConvVAE
    from keras_vae.objectives import ELBO
    from keras_vae.zoo import list_presets, load, save_to_preset


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"keras_vae.{name}")
    raise AttributeError(f"module 'keras_vae' has no attribute {name!r}; it has {', '.join(sorted(__all__))}")


def __dir__() -> list[str]:
    return sorted(__all__)


_registration.register()
