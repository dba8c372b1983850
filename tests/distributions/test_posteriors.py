import numpy as np
import pytest
from scipy import stats

from keras_vae import VAE, objectives
from keras_vae._backend import keras, tfb
from keras_vae.distributions import DiagonalGaussian, FullCovarianceGaussian, StandardNormal
from keras_vae.distributions.base import SOFTPLUS_SHIFT


def _softplus(x):
    return np.log1p(np.exp(x))


def test_diagonal_log_prob_is_scipys(rng):
    params = rng.normal(size=(5, 6)).astype("float32")
    z = rng.normal(size=(5, 3)).astype("float32")
    expected = stats.norm(params[:, :3], _softplus(params[:, 3:] + SOFTPLUS_SHIFT) + 1e-5).logpdf(z).sum(-1)
    np.testing.assert_allclose(DiagonalGaussian(3)(params).log_prob(z), expected, rtol=1e-5)


def test_full_covariance_log_prob_is_scipys(rng):
    q = FullCovarianceGaussian(3)(rng.normal(size=(4, 9)).astype("float32"))
    z = rng.normal(size=(4, 3)).astype("float32")
    expected = [
        stats.multivariate_normal(mean, cov).logpdf(x)
        for mean, cov, x in zip(q.mean().numpy(), q.covariance().numpy().astype("float64"), z, strict=True)
    ]
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=2e-4)


def test_full_covariance_reaches_correlations(rng):
    covariance = FullCovarianceGaussian(3)(rng.normal(size=(1, 9)).astype("float32")).covariance().numpy()[0]
    assert np.abs(covariance[np.triu_indices(3, 1)]).min() > 1e-3


@pytest.mark.parametrize("layer", [DiagonalGaussian, FullCovarianceGaussian])
def test_kl_to_the_standard_normal_is_the_closed_form(layer, rng):
    # 1/2 (tr S + m.m - Z - log det S), in NumPy.
    size = 4
    q = layer(size)(rng.normal(size=(3, layer(size).params_shape[0])).astype("float32"))
    mean = q.mean().numpy().astype("float64")
    if layer is DiagonalGaussian:
        covariance = np.stack([np.diag(row**2) for row in q.stddev().numpy().astype("float64")])
    else:
        covariance = q.covariance().numpy().astype("float64")
    expected = [
        0.5 * (np.trace(s) + m @ m - size - np.linalg.slogdet(s)[1]) for m, s in zip(mean, covariance, strict=True)
    ]
    np.testing.assert_allclose(q.kl_divergence(StandardNormal(size)()), expected, rtol=1e-4)


@pytest.mark.parametrize("layer", [DiagonalGaussian, FullCovarianceGaussian])
def test_zero_parameters_are_the_prior(layer):
    q = layer(2)(np.zeros((1, layer(2).params_shape[0]), "float32"))
    assert abs(float(q.kl_divergence(StandardNormal(2)())[0])) < 1e-6


@pytest.mark.parametrize("layer", [DiagonalGaussian, FullCovarianceGaussian])
def test_extreme_parameters_stay_finite(layer):
    for value in (-1e4, 1e4):
        q = layer(2)(np.full((1, layer(2).params_shape[0]), value, "float32"))
        z = q.sample(seed=0)
        assert np.isfinite(z).all()
        assert np.isfinite(q.log_prob(z)).all()


def test_wrong_parameter_shape_names_the_rule():
    with pytest.raises(ValueError, match=r"takes \('batch', 6\).*6 outputs"):
        DiagonalGaussian(3)(np.zeros((2, 5), "float32"))


def test_a_posterior_is_over_vectors():
    with pytest.raises(ValueError, match="over vectors"):
        DiagonalGaussian((2, 2))


@pytest.mark.parametrize("kl", ["analytic", "monte_carlo"])
def test_a_full_covariance_is_compiled_by_xla_for_a_smaller_last_batch(kl, rng):
    x = (rng.uniform(size=(10, 4, 4, 1)) < 0.5).astype("float32")
    losses = []
    for jit_compile in (True, False):
        keras.utils.set_random_seed(0)
        model = VAE((4, 4, 1), 3, hidden_units=(8,), posterior="full_covariance_gaussian")
        model.compile(objective=objectives.ELBO(kl=kl), jit_compile=jit_compile, seed=0)
        losses.append(model.fit(x, batch_size=4, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_the_factor_of_the_covariance_has_the_parameters_where_they_were(rng):
    params = rng.normal(size=(5, 9)).astype("float32")
    lower = FullCovarianceGaussian(3)(params).scale.to_dense().numpy()
    expected = tfb.FillTriangular().forward(params[:, 3:]).numpy()
    rows, columns = np.tril_indices(3, -1)
    np.testing.assert_array_equal(lower[:, rows, columns], expected[:, rows, columns])
    assert (np.triu(lower, 1) == 0).all()
    assert (np.diagonal(lower, axis1=1, axis2=2) > 0).all()
