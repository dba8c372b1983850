"""Training from a recipe: everything that decides the weights is in one file, and a run that was killed goes on."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.training.callbacks import NonFiniteLossError, StopOnNonFinite
    from keras_vae.training.recipe import Recipe
    from keras_vae.training.runner import read_history, read_stages, train

__all__ = ["NonFiniteLossError", "Recipe", "StopOnNonFinite", "read_history", "read_stages", "train"]

_lazy.attach(__name__)
