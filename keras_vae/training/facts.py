"""The facts about a run that its health check needs, and the file that keeps them in the run's folder."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks, _files, _untrusted, distributions
from keras_vae._gathered import Gathered
from keras_vae.models import DiscreteCodes, HasPosterior, Reconstructs
from keras_vae.models.capabilities import LabelFacts
from keras_vae.training.health import Facts
from keras_vae.training.recipe import Recipe

FILE = "facts.json"
_MAX_BYTES = 10_000


def facts_of(model: Any, recipe: Recipe, images: np.ndarray, steps_per_epoch: int) -> Facts:
    """The facts about a run.

    Args:
        model: that is trained.
        recipe: of the run.
        images: some hundred training images as the model sees them, float32 `(N,) + data_shape`.
        steps_per_epoch: optimizer steps.
    """
    return Facts(
        dimensions=math.prod(model.data_shape),
        steps_per_epoch=steps_per_epoch,
        epochs=recipe.training.epochs,
        mean_image_error=float(np.mean(np.square(images - images.mean(axis=0)))),
        keeps_best=recipe.training.patience > 0,
        starts_trained=bool(recipe.training.start_from or recipe.pretraining),
        in_stages=recipe.objective.get("name") == "layer_wise",
        **{"levels": None, "has_kl": False, **of_model(model, recipe, images)},
    )


of_model = Gathered("of_model", "The facts that a kind of model adds, of the model, its recipe and some images.")


@of_model.register(LabelFacts)
def _nothing(model: Any, recipe: Recipe, images: np.ndarray) -> dict[str, Any]:
    return {}


@of_model.register(Reconstructs)
def _of_likelihood(model: Any, recipe: Recipe, images: np.ndarray) -> dict[str, Any]:
    return {"levels": _levels(model, images)}


@of_model.register(HasPosterior)
def _of_posterior(model: Any, recipe: Recipe, images: np.ndarray) -> dict[str, Any]:
    return {"has_kl": True, "latents": model.latent_size}


@of_model.register(DiscreteCodes)
def _of_codes(model: Any, recipe: Recipe, images: np.ndarray) -> dict[str, Any]:
    grids = [math.prod(grid) for grid in model.prior.grids]
    per_batch = [min(model.num_codes, recipe.training.batch_size * places) for places in grids]
    return {"num_codes": model.num_codes, "codes_per_batch": float(np.mean(per_batch))}


def _levels(model: Any, images: np.ndarray) -> int | None:
    """How many values the likelihood gives a probability; None for a density, and for a Bernoulli of grayscale images."""
    likelihood = model.likelihood
    if not likelihood.discrete or model.non_binary_bernoulli(images):
        return None
    return getattr(likelihood, "levels", 2 if isinstance(likelihood, distributions.Bernoulli) else None)


def write_facts(folder: Path, facts: Facts) -> None:
    """Write the facts into a run's folder."""
    _files.write_json(folder / FILE, dataclasses.asdict(facts))


def read_facts(folder: str | Path) -> Facts:
    """The facts about the run in a folder.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if the file is damaged.
    """
    path = _checks.path("folder", folder) / FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.parent} holds no run of training: there is no {FILE} in it. Give the folder of a run, such as runs/NAME. In "
            "that of an older version, the same `keras-vae train` command writes it."
        )
    try:
        return Facts.from_dict(_untrusted.read_json(path, _MAX_BYTES))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): the same `keras-vae train` command writes it anew.") from error
