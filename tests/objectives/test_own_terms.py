"""An objective of a user's own logs terms of its own."""

import os
import subprocess
import sys

import numpy as np
import pytest

from keras_vae import models, objectives
from keras_vae._backend import keras, tf


@keras.saving.register_keras_serializable("test_own_terms")
class Distance(objectives.ELBO):
    """The ELBO, with the squared length of the latents' means beside it."""

    terms_type = objectives.terms_with(objectives.Terms, "distance", "twice")

    def terms(self, model, x, condition, step, seed, training=False, target=None):
        found = super().terms(model, x, condition, step, seed, training, target)
        distance = tf.reduce_sum(tf.square(model.posterior_given(x, condition, training).mean()), axis=-1)
        return self.terms_type(*found, distance, twice=2.0 * distance)


LOGGED = ["loss", "elbo", "log_likelihood", "kl", "distance", "twice"]


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return models.VAE((4,), latent_size=2, hidden_units=(5,))


@pytest.fixture
def x(rng):
    return (rng.uniform(size=(10, 4)) < 0.5).astype("float32")


@pytest.mark.parametrize("jit_compile", [False, True])
def test_they_are_logged_by_fit_and_evaluate(model, x, jit_compile):
    model.compile("adam", Distance(), seed=0, jit_compile=jit_compile)
    history = model.fit(x, batch_size=4, epochs=2, verbose=0, validation_data=(x, None)).history
    assert set(history) == {*LOGGED, *(f"val_{name}" for name in LOGGED)}
    found = model.evaluate(x, batch_size=4, verbose=0, return_dict=True)
    expected = float(np.square(model.encode(x).mean()).sum(axis=-1).mean())
    assert found["distance"] == pytest.approx(expected, rel=1e-5)
    assert found["twice"] == pytest.approx(2.0 * expected, rel=1e-5)
    assert np.float32(found["elbo"]) == np.float32(found["log_likelihood"]) - np.float32(found["kl"])
    assert found["elbo"] == -found["loss"]


def test_weights_of_examples_weigh_them(model, x):
    model.compile("adam", Distance(), seed=0)
    weight = np.zeros(10, "float32")
    weight[3] = 2.0
    found = model.evaluate(x, sample_weight=weight, verbose=0, return_dict=True)
    assert found["distance"] == pytest.approx(float(np.square(model.encode(x[3:4]).mean()).sum()), rel=1e-5)


def test_another_objective_afterwards_logs_its_own(model, x):
    plain = models.VAE((4,), latent_size=2, hidden_units=(5,))
    plain.set_weights(model.get_weights())
    model.compile("adam", Distance(), seed=0)
    model.fit(x, epochs=1, verbose=0)
    for each in (model, plain):
        each.compile("sgd", seed=0)
    assert set(model.evaluate(x, verbose=0, return_dict=True)) == set(LOGGED[:4])
    plain.set_weights(model.get_weights())
    logs = [each.fit(x, epochs=1, verbose=0).history for each in (model, plain)]
    assert logs[0] == logs[1]


def test_they_are_there_after_saving(model, x, tmp_path):
    model.compile("adam", Distance(), seed=0)
    model.fit(x, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    before, after = (each.evaluate(x, verbose=0, return_dict=True) for each in (model, again))
    assert before == after
    assert set(after) == set(LOGGED)
    bare = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(bare.encode(x).mean(), model.encode(x).mean())


def test_terms_of_other_models_are_extended_too(x):
    class Sparse(objectives.Reconstruction):
        terms_type = objectives.terms_with(objectives.ReconstructionTerms, "active")

        def terms(self, model, x, condition, step, seed, training=False, target=None):
            found = super().terms(model, x, condition, step, seed, training, target)
            return self.terms_type(*found, tf.ones_like(found.penalty))

    model = models.Autoencoder((4,), latent_size=2, network={"name": "mlp", "hidden_units": (5,)})
    model.compile("adam", Sparse())
    logs = model.fit(x, epochs=1, verbose=0).history
    assert set(logs) == {"loss", "log_likelihood", "penalty", "squared_error", "active"}
    assert logs["active"] == [1.0]


def test_terms_may_be_extended_twice():
    more = objectives.terms_with(objectives.terms_with(objectives.Terms, "a"), "b")
    assert more.logged() == ("loss", "elbo", "log_likelihood", "kl", "a", "b")
    found = more(4.0, 1.0, 0.5, 6.0, b=7.0)
    assert (found.elbo, found.loss, found.a, found.b) == (3.0, -2.5, 6.0, 7.0)


def test_terms_of_another_kind_of_model_are_refused_still(model):
    class Wrong(objectives.Objective):
        terms_type = objectives.terms_with(objectives.ReconstructionTerms, "more")

        def terms(self, model, x, condition, step, seed, training=False):
            raise NotImplementedError

        def get_config(self):
            return {}

    with pytest.raises(ValueError, match=r"VAE takes an objective such as ELBO\(\)"):
        model.compile("adam", Wrong())


@pytest.mark.parametrize("names", [("elbo",), ("kl",), ("two words",), ("_own",), ("count",), ("a", "a"), (3,)])
def test_names_that_are_taken_or_none_are_refused(names):
    with pytest.raises(ValueError, match="must be a new name in snake case"):
        objectives.terms_with(objectives.Terms, *names)


REPLICAS = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from keras_vae._backend import keras, tf
from tests.objectives.test_own_terms import Distance
from keras_vae import models
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
x = (np.random.default_rng(0).uniform(size=(9, 4)) < 0.5).astype("float32")
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = models.VAE((4,), latent_size=2, hidden_units=(5,))
    model.compile("adam", Distance(), seed=0)
model.fit(x, batch_size=4, epochs=1, verbose=0)
found = model.evaluate(x, batch_size=4, verbose=0, return_dict=True)
expected = float(np.square(model.encode(x).mean()).sum(axis=-1).mean())
assert abs(found["distance"] - expected) < 1e-5 * expected, (found, expected)
"""


def test_replicas_add_them_up():
    tests = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
    done = subprocess.run(
        [sys.executable, "-c", REPLICAS.format(tests=tests)], capture_output=True, text=True, check=False, cwd=tests
    )
    assert done.returncode == 0, done.stderr[-2000:]
