"""Training from a recipe: everything that decides the weights is in one file, and a run that was killed goes on."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.training.callbacks import ExamplesCallback, NonFiniteLossError, StopOnNonFinite
    from keras_vae.training.diagnosis import Diagnosis, Stage, diagnose, read_history, read_stages
    from keras_vae.training.facts import read_facts
    from keras_vae.training.health import Facts, Finding, findings
    from keras_vae.training.progress import Progress
    from keras_vae.training.recipe import Recipe
    from keras_vae.training.runner import Interrupted, train
    from keras_vae.training.speed import steps_in

__all__ = [
    "Diagnosis",
    "ExamplesCallback",
    "Facts",
    "Finding",
    "Interrupted",
    "NonFiniteLossError",
    "Progress",
    "Recipe",
    "Stage",
    "StopOnNonFinite",
    "diagnose",
    "findings",
    "read_facts",
    "read_history",
    "read_stages",
    "steps_in",
    "train",
]

_lazy.attach(__name__)
