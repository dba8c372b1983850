"""Objectives that make latents independent: against closed forms, and what they train beside the model."""

import numpy as np
import pytest
from scipy import stats

from keras_vae import VAE, objectives, training
from keras_vae._backend import keras, tf, tfd
from keras_vae.objectives import total_correlation

SHAPE = (4, 4, 1)
SEED = tf.constant([1, 2])
STEP = tf.constant(0, tf.int64)
SMALL = {"hidden_units": (16,), "learning_rate": 1e-3}


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return VAE(SHAPE, 3, hidden_units=(16,))


@pytest.fixture
def x(rng):
    return (rng.uniform(size=(40, *SHAPE)) < 0.4).astype("float32")


def _posterior(mean, stddev):
    return tfd.Independent(tfd.Normal(tf.constant(mean, tf.float64), tf.constant(stddev, tf.float64)), 1)


def test_where_the_batch_is_the_data_set_the_densities_are_exact(rng):
    mean, stddev = rng.normal(size=(7, 3)), rng.uniform(0.3, 1.0, size=(7, 3))
    posterior, z = _posterior(mean, stddev), rng.normal(size=(7, 3))
    each = stats.norm(mean[None], stddev[None]).pdf(z[:, None])  # (7, 7, 3)
    expected = np.log(each.prod(axis=-1).mean(axis=1)) - np.log(each.mean(axis=1)).sum(axis=-1)
    np.testing.assert_allclose(total_correlation(posterior, z, num_examples=7), expected, rtol=1e-6)


def test_the_estimate_nears_the_total_correlation_of_a_gaussian(rng):
    # Codes whose marginal is a Gaussian of correlation r: its total correlation is -1/2 log(1 - r^2).
    r, noise, n = 0.8, 0.3, 4000
    means = rng.multivariate_normal([0, 0], np.array([[1, r], [r, 1]]) - noise**2 * np.eye(2), size=n)
    posterior = _posterior(means, np.full((n, 2), noise))
    z = means + noise * rng.normal(size=(n, 2))
    expected = -0.5 * np.log(1 - r**2)
    assert np.mean(total_correlation(posterior, z, n)) == pytest.approx(expected, abs=0.05)
    # A batch of one hundred of them, many times over: the estimate of q(z) is unbiased, its logarithm nearly so.
    parts = [
        np.mean(total_correlation(_posterior(m, np.full((100, 2), noise)), v, n))
        for m, v in zip(np.split(means, 40), np.split(z, 40), strict=True)
    ]
    assert np.mean(parts) == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize(
    "objective",
    [
        objectives.BetaTCVAE(100, beta=1.0),
        objectives.FactorVAE(gamma=0.0, **SMALL),
    ],
)
def test_without_their_penalty_they_are_the_elbo(objective, model, x):
    model.compile("adam", objective)
    found = objective.terms(model, x, None, STEP, SEED)
    plain = objectives.ELBO().terms(model, x, None, STEP, SEED)
    np.testing.assert_allclose(found.loss, plain.loss, rtol=1e-6)
    np.testing.assert_allclose(found.elbo, plain.elbo, rtol=1e-6)


def test_the_penalty_of_beta_tc_vae_is_the_total_correlation(model, x):
    found = objectives.BetaTCVAE(100, beta=5.0).terms(model, x, None, STEP, SEED)
    q = model.posterior_given(x, None)
    z = q.sample(1, seed=SEED)[0]
    np.testing.assert_allclose(found.regularizer, 4.0 * total_correlation(q, z, 100), rtol=1e-5)


def test_the_loss_of_annealed_capacity(model, x):
    objective = objectives.AnnealedCapacity(objectives.Linear(10, end=8.0), weight=3.0)
    plain = objectives.ELBO().terms(model, x, None, STEP, SEED)
    for step, capacity in ((0, 0.0), (5, 4.0), (50, 8.0)):
        found = objective.terms(model, x, None, tf.constant(step, tf.int64), SEED)
        expected = -plain.log_likelihood + 3.0 * abs(np.mean(plain.kl) - capacity)
        np.testing.assert_allclose(found.loss, expected, rtol=1e-5)
        np.testing.assert_allclose(found.elbo, plain.elbo, rtol=1e-6)


def test_the_discriminator_finds_the_density_ratio():
    # Two latents of correlation 0.9, whatever the image: the logit nears log q(z) - sum log q(z_d).
    keras.utils.set_random_seed(0)
    r, chol = 0.9, np.linalg.cholesky(np.array([[1.0, 0.9], [0.9, 1.0]])).astype("float32")

    class Correlated:
        latent_size = 2

        def posterior_given(self, x, condition, training=False):
            return tfd.MultivariateNormalTriL(tf.zeros((len(x), 2)), chol)

    objective = objectives.FactorVAE(hidden_units=(64, 64), learning_rate=3e-3)
    objective.build(Correlated())
    learn = tf.function(lambda seed: objective.auxiliary_step(Correlated(), tf.zeros((500, 1)), None, STEP, seed))
    for i in range(600):
        learn(tf.constant([i, 3]))
    z = np.random.default_rng(1).normal(size=(2000, 2)) @ chol.T
    logits = np.asarray(objective._discriminator(z.astype("float32")))[:, 0]
    joint = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).logpdf(z)
    expected = joint - stats.norm.logpdf(z).sum(axis=1)
    assert np.mean(logits) == pytest.approx(-0.5 * np.log(1 - r**2), abs=0.15)
    assert np.corrcoef(logits, expected)[0, 1] > 0.95


@pytest.mark.parametrize("how", [{}, {"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 2}])
def test_one_fit_trains_model_and_discriminator(how, model, x):
    objective = objectives.FactorVAE(gamma=5.0, **SMALL)
    model.compile(keras.optimizers.Adam(1e-3), objective, seed=3, **how)
    before = [variable.numpy() for variable in objective.variables]
    logs = model.fit(x, batch_size=10, epochs=1, shuffle=False, verbose=0)
    after = [variable.numpy() for variable in objective.variables]
    weights = range(len(objective._discriminator.weights))
    assert all((before[i] != after[i]).any() for i in weights)
    assert np.isfinite(logs.history["loss"][0])
    assert len(model.trainable_variables) == sum(len(part.trainable_variables) for part in model.parts.values())
    # However the steps are computed, they are the same steps.
    assert float(np.abs(after[0]).sum()) == pytest.approx(_first_weights_after_eager_steps(x), rel=1e-4)


def _first_weights_after_eager_steps(x):
    keras.utils.set_random_seed(0)
    model = VAE(SHAPE, 3, hidden_units=(16,))
    objective = objectives.FactorVAE(gamma=5.0, **SMALL)
    model.compile(keras.optimizers.Adam(1e-3), objective, seed=3, run_eagerly=True)
    model.fit(x, batch_size=10, epochs=1, shuffle=False, verbose=0)
    return float(np.abs(objective.variables[0].numpy()).sum())


def test_the_discriminator_is_saved_with_the_model(model, x, tmp_path):
    model.compile("adam", objectives.FactorVAE(**SMALL))
    model.fit(x, batch_size=10, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(model.objective.variables, again.objective.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.reconstruct(x), model.reconstruct(x))


RECIPE = {
    "model": {"class": "VAE", "data_shape": [28, 28, 1], "latent_size": 3, "hidden_units": [8]},
    "data": {"name": "digits", "preprocessing": "scaling"},
    "objective": {"name": "factor_vae", "gamma": 5.0, "hidden_units": [8]},
    "training": {"epochs": 2, "batch_size": 200},
}


def test_a_run_goes_on_with_its_discriminator(tmp_path):
    whole = training.train(training.Recipe.from_dict(RECIPE), tmp_path / "whole", verbose=0)

    class Stop(Exception):
        pass

    class StopAfterOne(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise Stop

    recipe = training.Recipe.from_dict(RECIPE)
    with pytest.raises(Stop):
        training.train(recipe, tmp_path / "cut", checkpoint_seconds=0.0, callbacks=[StopAfterOne()], verbose=0)
    resumed = training.train(recipe, tmp_path / "cut", verbose=0)
    for one, other in zip(whole.objective.variables, resumed.objective.variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(whole.get_weights()[0], resumed.get_weights()[0], rtol=1e-5, atol=1e-7)


def test_recipes_say_schedules_in_epochs_and_fill_in_the_number_of_images():
    spec = {**RECIPE, "objective": {"name": "beta_tcvae", "beta": 4.0}}
    assert training.Recipe.from_dict(spec).build_objective(10, 1437).num_examples == 1437
    capacity = {"name": "linear", "epochs": 3, "end": 20.0}
    spec = {**RECIPE, "objective": {"name": "annealed_capacity", "capacity": capacity, "weight": 10.0}}
    assert training.Recipe.from_dict(spec).build_objective(10).capacity.steps == 30


@pytest.mark.parametrize(
    "objective",
    [objectives.BetaTCVAE(50, 3.0), objectives.FactorVAE(2.0, (8, 4), 1e-3), objectives.AnnealedCapacity(weight=7.0)],
)
def test_round_trip_of_the_configuration(objective):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert type(again) is type(objective)
    assert again.get_config() == objective.get_config()


def test_bad_settings(model, x):
    for make, message in (
        (lambda: objectives.BetaTCVAE(1), "num_examples=1: must be a whole number from 2"),
        (lambda: objectives.FactorVAE(gamma=-1.0), "gamma=-1.0"),
        (lambda: objectives.FactorVAE(hidden_units=()), "hidden_units"),
        (lambda: objectives.AnnealedCapacity(capacity=25.0), "capacity=25.0: must be a Schedule"),
        (lambda: objectives.FactorVAE().terms(model, x, None, STEP, SEED), "compile a model with this objective"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    full = VAE(SHAPE, 3, hidden_units=(16,), posterior="full_covariance_gaussian")
    with pytest.raises(NotImplementedError, match="diagonal_gaussian"):
        objectives.BetaTCVAE(50).terms(full, x, None, STEP, SEED)
