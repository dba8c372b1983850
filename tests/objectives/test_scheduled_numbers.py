"""Any number of an objective that does not decide the shape of the computation may be a schedule."""

import inspect

import numpy as np
import pytest

from keras_vae import models, objectives
from keras_vae._backend import keras
from keras_vae.objectives import Linear
from keras_vae.training import Recipe

RAMP = {"name": "linear", "steps": 4, "start": 1.0, "end": 3.0}
NUMBERS = {
    "ELBO": {"beta", "free_bits"},
    "MapDropoutELBO": {"beta", "share"},
    "BetaTCVAE": {"beta"},
    "FactorVAE": {"gamma", "learning_rate"},
    "AnnealedCapacity": {"capacity", "weight"},
    "SemiSupervisedELBO": {"beta", "classification_weight"},
    "VectorQuantization": {"commitment"},
    "EmbeddedClustering": {"weight"},
    "NoisyCode": {"beta", "cycle", "contrast"},
    "WassersteinMMD": {"weight"},
    "InfoVAE": {"alpha", "lambda_"},
    "L1": {"weight"},
    "ActivationRate": {"weight"},
    "Contraction": {"weight"},
    "DomainAlignment": {"weight"},
}
CASES = sorted((name, argument) for name, arguments in NUMBERS.items() for argument in arguments)


def _made(name, argument, value):
    more = {"num_examples": 10} if name == "BetaTCVAE" else {"cycle": 1.0} if argument == "contrast" else {}
    return getattr(objectives, name)(**{**more, argument: value})


def test_no_number_with_a_fraction_is_left_out():
    made = [getattr(objectives, name) for name in objectives.__all__]
    parts = (objectives.Objective, objectives.Penalty)
    for cls in (cls for cls in made if isinstance(cls, type) and issubclass(cls, parts)):
        left = {name for name, p in inspect.signature(cls).parameters.items() if p.annotation is float}
        assert left <= {"rate"}, (cls, left)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_a_schedule_is_taken_as_an_object_or_as_plain_data_and_saved(name, argument):
    small = argument in ("share", "learning_rate", "alpha")
    table = {**RAMP, "start": 0.1, "end": 0.5} if small else RAMP
    steps, start, end = (table[key] for key in ("steps", "start", "end"))
    given, named = (_made(name, argument, value) for value in (Linear(steps, start, end), table))
    assert repr(given) == repr(named)
    assert f"{argument}=Linear(steps=4" in repr(given)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(given))
    assert repr(again) == repr(given)
    if hasattr(given, "formula") and argument != "learning_rate":
        assert f"rising from {start:g} to {end:g}" in given.formula() or "up to 3 nats" in given.formula()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: objectives.MapDropoutELBO(Linear(9, end=2.0)),
            "share=Linear.*reaches 2, and must stay between 0 and 1",
        ),
        (lambda: objectives.L1("abc"), "weight='abc': must be a number from 0, or a Schedule"),
        (lambda: objectives.L1({"name": "liner", "steps": 3}), "weight='liner'.*Did you mean 'linear'"),
        (lambda: objectives.FactorVAE(-1.0), "gamma=-1.0"),
    ],
)
def test_wrong_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_value_is_that_of_the_step():
    model = models.Autoencoder((4,), 3, network={"name": "mlp", "hidden_units": (5,)})
    x = np.full((6, 4), 0.5, "float32")
    objective = objectives.Reconstruction(penalty=objectives.L1(Linear(4, 1.0, 3.0)))
    penalties = [objective.terms(model, x, None, step, (0, 1)).penalty.numpy() for step in (0, 2, 9)]
    assert np.allclose(penalties[1], 2.0 * penalties[0])
    assert np.allclose(penalties[2], 3.0 * penalties[0])


def test_a_recipe_counts_the_steps_of_nested_schedules_in_epochs():
    recipe = Recipe.from_dict(
        {
            "model": {"class": "Autoencoder", "data_shape": [4], "latent_size": 3},
            "data": {"name": "digits"},
            "training": {"epochs": 1},
            "objective": {
                "name": "reconstruction",
                "penalty": {"name": "l1", "weight": {"name": "linear", "epochs": 2, "end": 5.0}},
            },
        }
    )
    assert repr(recipe.build_objective(100).penalty) == "L1(weight=Linear(steps=200, end=5.0))"
