"""Estimates with draws of the prior: against the exact likelihood of a linear model, and beside importance sampling."""

import numpy as np
import pytest
from scipy import stats

from keras_vae import VAE, data, evaluation
from keras_vae._backend import keras, tf
from keras_vae.models import ConditionalVAE, ImageConditionalVAE

SHAPE = (4, 4, 1)


def _of_wide_posterior(model):
    """The same model with q(z|x) = N(0, I), which leaves out nothing that the prior holds."""
    output = model.encoder.get_layer("output")
    output.kernel.assign(np.zeros(output.kernel.shape))
    return model


def test_against_the_exact_likelihood_of_a_linear_gaussian_model(rng):
    model = VAE((3,), 2, hidden_units=(), likelihood={"name": "gaussian", "scale": 0.7})
    weight, bias = rng.normal(size=(2, 3)).astype("float32"), rng.normal(size=3).astype("float32")
    model.decoder.get_layer("pixels").kernel.assign(weight)
    model.decoder.get_layer("output").bias.assign(bias)
    x = rng.normal(size=(6, 3)).astype("float32")
    exact = stats.multivariate_normal(bias, weight.T @ weight + 0.49 * np.eye(3)).logpdf(x)
    found = evaluation.prior_log_prob(model, x, num_samples=40_000, seed=0)
    np.testing.assert_allclose(found, exact, atol=0.1)
    few = np.mean([evaluation.prior_log_prob(model, x, num_samples=3, seed=i) for i in range(200)], axis=0)
    assert few.mean() < exact.mean() - 0.1


def test_of_conditional_models(rng):
    keras.utils.set_random_seed(0)
    model = _of_wide_posterior(ConditionalVAE(SHAPE, 3, 2, network={"name": "mlp", "hidden_units": [8]}))
    x, y = (rng.uniform(size=(5, *SHAPE)) < 0.5).astype("float32"), np.array([0, 1, 2, 0, 1])
    found = evaluation.prior_log_prob(model, x, y, num_samples=3000, seed=0)
    np.testing.assert_allclose(found, model.log_prob(x, y, num_samples=3000, seed=1), atol=0.1)


def test_the_report(rng):
    keras.utils.set_random_seed(0)
    network = {"name": "mlp", "hidden_units": [8]}
    model = ImageConditionalVAE(SHAPE, (4, 4, 2), 2, num_features=3, network=network, completes=True)
    x = (rng.uniform(size=(130, *SHAPE)) < 0.5).astype("float32")
    _of_wide_posterior(model)
    steps = []
    found = evaluation.completion_report(model, x, 400, (400, 400, 400), progress=lambda *at: steps.append(at))
    assert steps == [(100, 390), (130, 390), (230, 390), (260, 390), (360, 390), (390, 390)]
    for given, hidden in ((1, 12), (2, 8), (3, 4)):
        monte_carlo, importance = found[f"completion_nll_monte_carlo_{given}"], found[f"completion_nll_{given}"]
        assert monte_carlo == pytest.approx(importance, abs=0.2)
        assert importance == pytest.approx(hidden * np.log(2), rel=0.3)
        condition = data.quadrants(x, given)
        bound = -np.mean(model.elbo(x, condition, num_samples=300, seed=5))
        assert found[f"completion_bound_{given}"] == pytest.approx(bound, rel=0.01)
        assert found[f"completion_bound_{given}"] > importance
    half = evaluation.completion_report(model, x, 1, (1, 1, 1), baseline=lambda c: np.full(c[..., :-1].shape, 0.5))
    assert half["completion_nll_baseline_1"] == pytest.approx(12 * np.log(2))
    assert half["completion_nll_baseline_3"] == pytest.approx(4 * np.log(2))
    with pytest.raises(ValueError, match="completes no images"):
        evaluation.completion_report(VAE(SHAPE, 2, hidden_units=(4,)), x)
    with pytest.raises(ValueError, match="must be three numbers"):
        evaluation.completion_report(model, x, prior_samples=(100, 100))
    with pytest.raises(ValueError, match="num_samples=0"):
        evaluation.prior_log_prob(model, x, num_samples=0)


def test_a_network_without_latents_learns_each_pixel_from_what_is_given(rng):
    # Every pixel of a picture is the same, so what is given tells all that is hidden: to the flips of one in ten.
    x = np.repeat(rng.integers(2, size=(600, 1, 1, 1)), 16, axis=1).reshape(600, *SHAPE)
    x = np.where(rng.uniform(size=x.shape) < 0.1, 1 - x, x).astype("float32")
    batches = tf.data.Dataset.from_tensor_slices((x, data.quadrants(x, 2))).batch(50)
    complete = evaluation.trained_completer(batches, epochs=20, hidden_units=(32,))
    share = complete(data.quadrants(x, 2))
    assert share.shape == x.shape
    hidden = share[:, :, 2:]
    entropy = -(0.1 * np.log(0.1) + 0.9 * np.log(0.9))
    nats = -np.log(np.where(x[:, :, 2:] > 0.5, hidden, 1 - hidden)).mean()
    assert nats == pytest.approx(entropy, abs=0.1)
    with pytest.raises(ValueError, match="epochs=0"):
        evaluation.trained_completer(batches, epochs=0)
