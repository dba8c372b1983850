"""Objectives and their parts: how they print, and that they stay as they were made."""

import copy
import inspect
import pickle

import keras
import numpy as np
import pytest

from keras_vae import augment, distributions, models, networks, objectives

NEEDED = {"BetaTCVAE": {"num_examples": 10}, "Linear": {"steps": 10}, "Cyclical": {"steps": 10}}
BASES = (objectives.Objective, objectives.Schedule, augment.Corruption, objectives.Penalty)
PARTS = [
    name
    for name in objectives.__all__
    if isinstance(getattr(objectives, name), type)
    and issubclass(
        getattr(objectives, name),
        objectives.Objective | objectives.Schedule | augment.Corruption | objectives.Penalty,
    )
    and not inspect.isabstract(getattr(objectives, name))
]


@pytest.mark.parametrize("name", PARTS)
def test_each_prints_as_code_that_makes_it_again(name):
    made = getattr(objectives, name)(**NEEDED.get(name, {}))
    assert " object at " not in repr(made)
    again = eval(repr(made), {key: getattr(objectives, key) for key in objectives.__all__})
    assert again.get_config() == made.get_config()


def test_arguments_at_their_defaults_are_left_out():
    assert repr(objectives.ELBO()) == "ELBO()"
    assert list(inspect.signature(objectives.ELBO).parameters) == ["beta", "num_samples", "kl", "free_bits"]
    assert repr(objectives.ELBO(0.5, num_samples=2)) == "ELBO(beta=0.5, num_samples=2)"
    assert repr(objectives.ELBO(objectives.Linear(1000))) == "ELBO(beta=Linear(steps=1000))"
    assert repr(objectives.Reconstruction({"name": "masking_noise", "rate": 0.1}, "l1")) == (
        "Reconstruction(corruption=MaskingNoise(rate=0.1), penalty=L1())"
    )
    assert repr(objectives.SemiSupervisedELBO(beta=2.0)) == "SemiSupervisedELBO(beta=2.0)"
    assert repr(networks.MLP([8, 4], "tanh")) == "MLP(hidden_units=(8, 4), activation='tanh')"
    assert repr(networks.ConvNet()) == "ConvNet()"
    assert repr(distributions.Gaussian((2,), scale="learned")) == "Gaussian(event_shape=(2,), scale='learned')"
    assert repr(distributions.StandardNormal(3)) == "StandardNormal(event_shape=(3,))"


@pytest.mark.parametrize("name", PARTS)
def test_each_stays_as_it_was_made(name):
    made = getattr(objectives, name)(**NEEDED.get(name, {}))
    for setting in (*inspect.signature(type(made)).parameters, "betta"):
        with pytest.raises(AttributeError, match=rf"{name}\.{setting} cannot be changed.*schedule.*compile\(\)"):
            setattr(made, setting, 5.0)
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert again.get_config() == made.get_config()
        with pytest.raises(AttributeError, match="cannot be changed"):
            again.weight = 1.0
    with pytest.raises(AttributeError, match="cannot be changed"):
        del made.anything


def test_a_callback_that_would_change_the_weight_of_the_kl_is_told_of_schedules():
    class Anneal(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.objective.beta = 5.0

    model = models.VAE((4,), 2, hidden_units=[4])
    model.compile("adam", objectives.ELBO(beta=0.0))
    with pytest.raises(AttributeError, match=r"ELBO\(beta=Linear\(1000\)\)"):
        model.fit(np.zeros((4, 4), "float32"), verbose=0, callbacks=[Anneal()])


def test_an_objective_may_keep_state_of_its_own_after_it_is_made():
    objective = objectives.FactorVAE(hidden_units=[4])
    model = models.VAE((4,), 2, hidden_units=[4])
    model.compile("adam", objective)  # makes the discriminator
    assert len(objective.variables) > 0


@pytest.mark.parametrize(
    "attempt", [{"loss": "mse"}, {"objective": "elbo"}, {"objective": objectives.Reconstruction()}]
)
def test_errors_show_objectives_as_one_writes_them(attempt):
    with pytest.raises((TypeError, ValueError), match=r"ELBO\(\)") as caught:
        models.VAE((4,), 2, hidden_units=[4]).compile("adam", **attempt)
    assert " object at " not in str(caught.value)
