"""The maximum mean discrepancy, and the objectives that are made of it."""

import numpy as np
import pytest

from keras_vae import VAE, objectives
from keras_vae._backend import keras, tf
from keras_vae.models import WAE
from keras_vae.objectives.mmd import prior_mmd

SEED = tf.constant([1, 2])


def _numpy_mmd(x, y):
    """Equation 3 of Gretton et al., pair by pair."""

    def k(a, b):
        widths = 2.0 * len(a) * np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
        return float(np.sum(widths / (widths + np.sum((a - b) ** 2))))

    def within(v):
        return np.mean([k(v[i], v[j]) for i in range(len(v)) for j in range(len(v)) if i != j])

    return within(x) + within(y) - 2.0 * np.mean([k(a, b) for a in x for b in y])


def test_the_discrepancy_is_that_of_the_pairs(rng):
    x, y = rng.normal(size=(7, 3)), rng.normal(1.0, 2.0, size=(5, 3))
    found = objectives.squared_mmd(tf.constant(x), tf.constant(y))
    assert float(found) == pytest.approx(_numpy_mmd(x, y), rel=1e-9)


def test_two_points_have_a_closed_form():
    # One vector on each side has no pair within: what is left is -2 k(a, b), of |a - b|^2 = 1 in one dimension.
    widths = 2.0 * np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
    found = objectives.squared_mmd(tf.constant([[0.0]]), tf.constant([[1.0]]))
    assert float(found) == pytest.approx(-2.0 * np.sum(widths / (widths + 1.0)), rel=1e-6)


def test_it_is_zero_on_average_for_one_distribution_and_grows_with_the_distance(rng):
    def mean(shift):
        pairs = (rng.normal(size=(2, 40, 2)) for _ in range(200))
        return np.array([float(objectives.squared_mmd(tf.constant(x), tf.constant(y + shift))) for x, y in pairs])

    same, near, far = mean(0.0), mean(0.5), mean(2.0)
    assert abs(same.mean()) < 4.0 * same.std() / np.sqrt(len(same))
    assert (same < 0).any()  # without bias
    assert same.mean() + 0.05 < near.mean() < far.mean()


def test_the_terms_of_a_wae_are_reconstruction_and_weighted_discrepancy(rng):
    model, x = WAE((4, 4, 1), 2), rng.uniform(size=(6, 4, 4, 1)).astype("float32")
    terms = objectives.WassersteinMMD(7.0).terms(model, tf.constant(x), None, 0, SEED)
    plain = objectives.Reconstruction().terms(model, tf.constant(x), None, 0, SEED)
    np.testing.assert_array_equal(terms.log_likelihood, plain.log_likelihood)
    np.testing.assert_array_equal(terms.squared_error, plain.squared_error)
    np.testing.assert_array_equal(terms.penalty, 7.0 * terms.mmd)
    np.testing.assert_array_equal(terms.loss, terms.penalty - terms.log_likelihood)
    assert len(np.unique(terms.mmd)) == 1  # one number for the batch
    # A Gaussian of scale 1: half the squared error, summed, and a constant.
    error = 16 * terms.squared_error / 2.0 + 8.0 * np.log(2.0 * np.pi)
    np.testing.assert_allclose(-terms.log_likelihood, error, rtol=1e-5)


def test_the_discrepancy_is_of_the_prior_of_the_model(rng):
    model = WAE((4, 4, 1), 2)
    code = tf.constant(rng.normal(size=(500, 2)), tf.float32)
    at_prior = float(prior_mmd(model.prior_given(None), code, SEED)[0])
    away = float(prior_mmd(model.prior_given(None), code + 3.0, SEED)[0])
    assert abs(at_prior) < 0.02 < 1.0 < away


@pytest.mark.parametrize(("alpha", "lambda_"), [(0.0, 1.0), (1.0, 50.0), (0.5, 3.0), (-2.0, 10.0)])
def test_info_vae_is_equation_6(alpha, lambda_, rng):
    model, x = VAE((4, 4, 1), 2, hidden_units=(8,)), rng.integers(0, 2, (6, 4, 4, 1)).astype("float32")
    terms = objectives.InfoVAE(alpha, lambda_).terms(model, tf.constant(x), None, 0, SEED)
    bound = objectives.ELBO().terms(model, tf.constant(x), None, 0, SEED)
    np.testing.assert_array_equal(terms.log_likelihood, bound.log_likelihood)
    np.testing.assert_allclose(terms.kl, bound.kl)
    weighted = terms.loss + terms.log_likelihood - (1.0 - alpha) * terms.kl
    np.testing.assert_allclose(weighted, (alpha + lambda_ - 1.0) * terms.mmd, atol=1e-5)
    if alpha + lambda_ == 1.0:
        np.testing.assert_allclose(terms.loss, bound.loss, rtol=1e-6)  # the ELBO
    else:
        z = model.encode(x).sample(1, seed=SEED)[0]
        prior = model.prior_given(None).sample(6, seed=_second(SEED))
        np.testing.assert_allclose(terms.mmd, np.full(6, _numpy_mmd(z.numpy(), prior.numpy())), rtol=1e-5)


def test_info_vae_logs_its_discrepancy(rng):
    model, x = VAE((4, 4, 1), 2, hidden_units=(8,)), rng.integers(0, 2, (6, 4, 4, 1)).astype("float32")
    model.compile("adam", objectives.InfoVAE(lambda_=objectives.Linear(2, 1.0, 40.0)), seed=0)
    assert {"loss", "elbo", "kl", "mmd", "val_mmd"} <= set(model.fit(x, validation_data=x, verbose=0).history)


def _second(seed):
    from keras_vae import _random

    return _random.fold_in(seed, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: objectives.InfoVAE(0.2, 0.1), r"lambda_=0.1 with alpha=0.2: .* Give lambda_ of at least 0.8"),
        (lambda: objectives.InfoVAE(1.5), "alpha"),
        (
            lambda: objectives.InfoVAE(0.5, objectives.Linear(9, end=3.0)),
            "lambda_=Linear.*Give lambda_ of at least 0.5",
        ),
        (lambda: objectives.WassersteinMMD(-1.0), "weight"),
        (lambda: WAE((4, 4, 1), 2, prior="vamp_prior"), "prior=VampPrior: is made of posteriors"),
        (lambda: WAE((4, 4, 1), 2).sample(labels=[1]), "has no condition"),
        (lambda: WAE((4, 4, 1), 2).elbo, "no attribute 'elbo'"),
    ],
)
def test_wrong_arguments_say_what_is_right(make, message):
    with pytest.raises((ValueError, AttributeError), match=message):
        make()


def test_training_brings_the_codes_to_the_prior(rng):
    model = WAE((4, 4, 1), 2, network={"name": "mlp", "hidden_units": (16,)}, likelihood="bernoulli")
    x = (rng.uniform(size=(256, 4, 4, 1)) < 0.3).astype("float32")

    def discrepancy():
        return float(prior_mmd(model.prior_given(None), model.encode(x), SEED)[0])

    before = discrepancy()
    model.compile(keras.optimizers.Adam(1e-2), objectives.WassersteinMMD(1000.0), seed=0)
    history = model.fit(x, epochs=30, batch_size=64, verbose=0).history
    assert discrepancy() < before / 10
    assert history["mmd"][-1] < history["mmd"][0]
    assert model.sample(3, seed=1).shape == (3, 4, 4, 1)
