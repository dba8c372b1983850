"""The bound against a model whose log p(x) is exact: z ~ N(0, I), x|z ~ N(W z + b, s^2 I), so x ~ N(b, W W^T + s^2 I)."""

import numpy as np
import pytest

from keras_vae import VAE
from keras_vae._backend import keras, tf
from keras_vae.objectives import ELBO, Linear


def test_the_elbo_is_log_p_at_the_true_posterior(linear_gaussian):
    model, x, exact = linear_gaussian
    # With the Monte Carlo KL the bound is tight for every single draw: all its terms are logs of the same ratio.
    np.testing.assert_allclose(model.elbo(x, kl="monte_carlo", seed=0), exact, rtol=1e-4, atol=1e-3)
    bounds = [np.mean(model.elbo(x, num_samples=1000, seed=seed)) for seed in range(4)]
    np.testing.assert_allclose(np.mean(bounds), exact.mean(), atol=0.02)


def test_log_prob_is_exact_at_the_true_posterior(linear_gaussian):
    model, x, exact = linear_gaussian
    result = model.importance_estimate(x, num_samples=50, seed=0)
    np.testing.assert_allclose(result.log_prob, exact, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(result.effective_samples, 50, rtol=1e-2)


def test_elsewhere_the_elbo_stays_below_and_importance_sampling_meets_log_p(linear_gaussian):
    model, x, exact = linear_gaussian
    head = model.encoder.get_layer("output")
    head.bias.assign_add(np.array([0.3, -0.2, 0.2, 0.1, -0.2]))
    bound = np.mean(np.stack([model.elbo(x, num_samples=500, seed=s) for s in range(4)]), axis=0)
    assert (bound < exact).all()
    assert (exact - bound).mean() > 0.05
    result = model.importance_estimate(x, num_samples=20_000, seed=1)
    error = result.log_prob.numpy() - exact
    assert (np.abs(error) < 5 * result.standard_error.numpy() + 1e-3).all()
    assert np.abs(error).mean() < 0.02


def test_analytic_and_monte_carlo_kl_agree(linear_gaussian):
    model, x, _ = linear_gaussian
    model.encoder.get_layer("output").bias.assign_add(np.full(5, 0.2))
    exact, sampled = (
        [
            ELBO(num_samples=1000, kl=kl).terms(model, tf.constant(x[:8]), None, 0, tf.constant([1, seed]))
            for seed in range(20)
        ]
        for kl in ("analytic", "monte_carlo")
    )
    np.testing.assert_allclose(exact[0].kl, np.mean([terms.kl for terms in sampled], axis=0), rtol=0.02)
    np.testing.assert_array_equal(exact[0].log_likelihood, sampled[0].log_likelihood)


def test_more_draws_than_a_step_can_hold_are_refused():
    with pytest.raises(ValueError, match=r"num_samples=5000.*1000"):
        ELBO(num_samples=5000)


def _terms(objective, step=0):
    keras.utils.set_random_seed(0)
    model = VAE((4,), 3, hidden_units=(8,), likelihood="gaussian")
    return objective.terms(model, tf.random.stateless_normal((6, 4), [0, 1]), None, step, tf.constant([1, 2]))


def test_at_beta_one_the_regularizer_is_exactly_zero():
    assert not np.any(_terms(ELBO()).regularizer)
    assert not np.any(_terms(ELBO(beta=Linear(5)), step=5).regularizer)


def test_beta_weighs_the_kl():
    terms = _terms(ELBO(beta=4.0))
    np.testing.assert_allclose(terms.regularizer, 3 * terms.kl.numpy(), rtol=1e-6)
    assert (terms.kl.numpy() > 0).all()


def test_free_bits_floor_the_kl_of_each_latent_in_the_loss():
    plain, floored = _terms(ELBO()), _terms(ELBO(free_bits=10.0))
    np.testing.assert_array_equal(plain.kl, floored.kl)
    # All three latents cost less than 10 nats, so the loss holds 30.
    np.testing.assert_allclose(np.mean(floored.kl + floored.regularizer), 30.0, rtol=1e-5)


def test_more_draws_less_noise():
    model = VAE((4,), 3, hidden_units=(8,), likelihood={"name": "gaussian", "scale": 0.1})
    x = np.ones((2000, 4), "float32")  # the same example again and again: its bounds differ by their noise alone
    spread = [np.std(model.elbo(x, num_samples=n, seed=0)) for n in (1, 25)]
    assert spread[1] == pytest.approx(spread[0] / 5, rel=0.15)


def test_bad_settings():
    with pytest.raises(ValueError, match=r"kl='exact'.*'auto', 'analytic', 'monte_carlo'"):
        ELBO(kl="exact")
    with pytest.raises(ValueError, match="free_bits"):
        ELBO(kl="monte_carlo", free_bits=0.1)
    with pytest.raises(ValueError, match=r"beta=-1"):
        ELBO(beta=-1.0)
    with pytest.raises(NotImplementedError, match="diagonal"):
        model = VAE((4,), 3, posterior="full_covariance_gaussian", likelihood="gaussian")
        ELBO(free_bits=0.1).terms(model, tf.zeros((1, 4)), None, 0, tf.constant([1, 2]))
