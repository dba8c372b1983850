"""Mixtures as priors, beside SciPy."""

import numpy as np
import pytest
from scipy import special, stats

from keras_vae import VAE, ConditionalVAE
from keras_vae._backend import keras, tf
from keras_vae.distributions import DiagonalGaussian, FullCovarianceGaussian, MixtureOfGaussians, VampPrior
from keras_vae.distributions.base import inverse_positive

Z, K = 3, 4


@pytest.fixture
def mixture(rng):
    """A mixture with unequal weights, and its components as NumPy has them."""
    prior = MixtureOfGaussians(Z, num_components=K)
    logits, loc = rng.normal(size=K), 2.0 * rng.normal(size=(K, Z))
    scale = rng.uniform(0.2, 1.5, size=(K, Z))
    prior.logits.assign(logits)
    prior.loc.assign(loc)
    prior.raw_scale.assign(inverse_positive(scale, 1e-3))
    return prior, special.softmax(logits), loc, scale


def _exact(z, weights, loc, scale):
    each = stats.norm(loc, scale).logpdf(z[..., None, :]).sum(axis=-1)
    return special.logsumexp(each + np.log(weights), axis=-1)


@pytest.mark.parametrize("shape", [(), (5,), (2, 5)])
def test_the_density_is_scipys(mixture, rng, shape):
    prior, *components = mixture
    z = 2.0 * rng.normal(size=(*shape, Z))
    found = prior().log_prob(tf.constant(z, tf.float32))
    assert found.shape == shape
    np.testing.assert_allclose(found, _exact(z, *components), rtol=1e-5, atol=1e-5)


def test_narrow_components_far_out_lose_no_digits(rng):
    prior = MixtureOfGaussians(40, num_components=500)
    loc, scale = 3.0 * rng.normal(size=(500, 40)), np.full((500, 40), 0.02)
    prior.loc.assign(loc)
    prior.raw_scale.assign(inverse_positive(scale, 1e-3))
    z = (prior.loc.numpy()[:9] + 0.02 * rng.normal(size=(9, 40))).astype("float32")
    exact = _exact(z.astype("float64"), np.full(500, 1 / 500), prior.loc.numpy().astype("float64"), scale)
    np.testing.assert_allclose(prior().log_prob(z), exact, rtol=1e-3)


def test_draws_have_the_mixtures_distribution(mixture):
    prior, weights, loc, scale = mixture
    z = prior().sample(40_000, seed=1).numpy()
    for j in range(Z):

        def cdf(x, j=j):
            return (weights * stats.norm(loc[:, j], scale[:, j]).cdf(np.asarray(x)[:, None])).sum(axis=1)

        assert stats.kstest(z[:, j], cdf).pvalue > 1e-3
    np.testing.assert_allclose(prior().mean(), weights @ loc, rtol=1e-5)


def test_the_temperature_narrows_the_components_alone(mixture):
    prior, weights, loc, _ = mixture
    z = prior(temperature=0.0).sample(20_000, seed=1).numpy()
    nearest = np.abs(z[:, None] - loc).max(axis=-1).argmin(axis=1)
    np.testing.assert_allclose(z, loc[nearest], atol=1e-5)
    np.testing.assert_allclose(np.bincount(nearest, minlength=K) / 20_000, weights, atol=0.015)


def test_the_marginal_of_a_linear_model_is_met(mixture, rng):
    """x = W z + noise: p(x) is a mixture of full Gaussians, known exactly."""
    prior, weights, loc, scale = mixture
    d, s = 5, 0.5
    model = VAE(
        (d,),
        Z,
        hidden_units=(),
        posterior="full_covariance_gaussian",
        prior=prior,
        likelihood={"name": "gaussian", "scale": s},
    )
    w = rng.normal(size=(Z, d))
    model.decoder.get_layer("pixels").kernel.assign(w)
    z = loc[rng.choice(K, size=16, p=weights)] + rng.normal(size=(16, Z)) * 0.3
    x = (z @ w + s * rng.normal(size=(16, d))).astype("float32")
    parts = [
        stats.multivariate_normal(m @ w, w.T @ np.diag(v**2) @ w + s**2 * np.eye(d)).logpdf(x)
        for m, v in zip(loc, scale, strict=True)
    ]
    exact = special.logsumexp(np.log(weights)[:, None] + np.array(parts), axis=0)
    # q = N(least squares, 1.5 times its covariance) covers the true posterior.
    inverse = np.linalg.inv(w @ w.T / s**2)
    from keras_vae._backend import tfb

    lower = np.linalg.cholesky(2.25 * inverse)
    np.fill_diagonal(lower, inverse_positive(np.diag(lower), 1e-5))
    fill = tfb.FillTriangular().inverse(lower.astype("float32")).numpy()
    head = model.encoder.get_layer("output")
    head.kernel.assign(np.concatenate([(inverse @ w / s**2), np.zeros((len(fill), d))]).T)
    head.bias.assign(np.concatenate([np.zeros(Z), fill]))
    result = model.importance_estimate(x, num_samples=20_000, seed=0)
    error = np.abs(result.log_prob.numpy() - exact)
    assert (error < 5 * result.standard_error.numpy() + 1e-3).all()
    assert error.mean() < 0.05


@pytest.fixture
def vamp(rng):
    model = VAE((4, 4, 1), Z, hidden_units=(8,), prior={"name": "vamp_prior", "num_components": K})
    model.prior.adapt(rng.uniform(size=(20, 4, 4, 1)).astype("float32"))
    return model


def test_a_vamp_prior_is_the_mean_of_its_posteriors(vamp, rng):
    z = rng.normal(size=(6, Z)).astype("float32")
    q = vamp.encode(vamp.prior.pseudo_inputs)
    each = q.log_prob(z[:, None]).numpy().astype("float64")
    np.testing.assert_allclose(vamp.prior().log_prob(z), special.logsumexp(each, axis=1) - np.log(K), rtol=1e-4)


def test_pseudo_inputs_start_as_data_and_learn(rng):
    data = rng.uniform(0.1, 0.9, size=(K, 4, 4, 1)).astype("float32")
    model = VAE((4, 4, 1), Z, hidden_units=(8,), prior={"name": "vamp_prior", "num_components": K})
    model.prior.adapt(data)
    before = model.prior.pseudo_inputs.numpy()
    np.testing.assert_allclose(np.sort(before, axis=0), np.sort(data, axis=0), atol=1e-5)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit((data > 0.5).astype("float32"), epochs=3, verbose=0)
    after = model.prior.pseudo_inputs.numpy()
    assert np.abs(after - before).max() > 1e-3
    assert 0.0 < after.min() < after.max() < 1.0


def test_pseudo_inputs_of_unbounded_data_are_unbounded():
    model = VAE((4,), Z, prior={"name": "vamp_prior", "num_components": 2}, likelihood="gaussian")
    data = np.array([[-3.0, 2.0, 50.0, 0.0], [1.0, -9.0, 0.0, 4.0]], "float32")
    model.prior.adapt(data)
    np.testing.assert_allclose(np.sort(model.prior.pseudo_inputs, axis=0), np.sort(data, axis=0))


@pytest.mark.parametrize("support", [(0.0, np.inf), (-np.inf, 2.0), (-np.inf, np.inf), (-1.0, 3.0)])
def test_pseudo_inputs_stay_in_a_range_with_an_infinite_end(support, rng):
    """Data such as counts are from 0 on: inf times a sigmoid is no number."""
    prior = VampPrior(Z, data_shape=(4,), num_components=6, support=support)
    untrained = prior.pseudo_inputs.numpy()
    assert np.isfinite(untrained).all()
    data = rng.uniform(0.2, 1.8, size=(6, 4)).astype("float32")
    data[0, 0] = 1.8 if np.isfinite(support[1]) else 5000.0
    prior.adapt(data)
    found = prior.pseudo_inputs.numpy()
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(data, axis=0), rtol=1e-4)
    assert (untrained > support[0]).all()
    assert (untrained < support[1]).all()
    prior.adapt(np.full((6, 4), support[0] if np.isfinite(support[0]) else 1.0))
    assert np.isfinite(prior.pseudo_inputs).all()
    again = VampPrior.from_config(prior.get_config())
    assert again.support == prior.support


def test_alone_it_is_told_of_the_posterior(rng):
    prior, posterior, encoder = VampPrior(Z, data_shape=(5,)), DiagonalGaussian(Z), keras.layers.Dense(2 * Z)
    with pytest.raises(ValueError, match=r"prior\.connect"):
        prior()
    prior.connect(lambda u: posterior(encoder(u)))
    assert prior().sample(7, seed=0).shape == (7, Z)


def test_what_it_cannot_be_is_refused(rng):
    with pytest.raises(ValueError, match=r"num_components=0"):
        VampPrior(Z, data_shape=(4,), num_components=0)
    with pytest.raises(ValueError, match=r"num_components=0"):
        MixtureOfGaussians(Z, num_components=0)
    with pytest.raises(ValueError, match=r"VampPrior.*without a condition.*real_nvp"):
        ConditionalVAE((4, 4, 1), 3, Z, prior="vamp_prior")
    with pytest.raises(ValueError, match=r"shape \(20, 5\).*\('examples', 4\)"):
        VampPrior(Z, data_shape=(4,)).adapt(np.zeros((20, 5)))
    for support in ((1.0, 0.0), (0.0, np.nan), (0.0,), "ab", 3.0):
        with pytest.raises(ValueError, match="support=.*must be the smallest and the largest value"):
            VampPrior(Z, data_shape=(4,), support=support)
    model = VAE((4, 4, 1), Z, posterior="full_covariance_gaussian", prior="vamp_prior")
    with pytest.raises(ValueError, match="diagonal_gaussian"):
        model.sample(1)
    with pytest.raises(ValueError, match=r"prior is over events of shape \(7,\).*\(3,\)"):
        VAE((4, 4, 1), Z, prior=MixtureOfGaussians(7))
    assert isinstance(model.posterior, FullCovarianceGaussian)
