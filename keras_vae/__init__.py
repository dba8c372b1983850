"""Autoencoders and variational autoencoders for Keras 3, with a zoo of trained models.

>>> import keras_vae
>>> model = keras_vae.load("mnist_cvae")
>>> images = model.sample(labels=[3, 1, 4], seed=0)

Importing this module is cheap: TensorFlow is loaded when a name that needs it is first used.
"""

from typing import TYPE_CHECKING

from keras_vae import _lazy, _registration

__version__ = "0.2.0"

if TYPE_CHECKING:
    from keras_vae import (
        augment,
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

__all__ = [
    "ELBO",
    "VAE",
    "ConditionalVAE",
    "ConvVAE",
    "__version__",
    "augment",
    "data",
    "distributions",
    "evaluation",
    "export",
    "list_presets",
    "lite",
    "load",
    "models",
    "networks",
    "objectives",
    "plots",
    "save_to_preset",
    "training",
    "zoo",
]

_lazy.attach(__name__)
_registration.register()
