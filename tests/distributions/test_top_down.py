"""Hierarchies: densities by hand, and a linear hierarchy whose log p(x) is exact."""

import numpy as np
import pytest
from scipy import stats

from keras_vae._backend import tf
from keras_vae.distributions import (
    MixtureOfGaussians,
    StandardNormal,
    TopDownPosterior,
    TopDownPrior,
    sample_and_log_prob,
)
from keras_vae.distributions.base import inverse_positive
from keras_vae.distributions.conditioners import applied, conditioner
from keras_vae.models import HierarchicalVAE

SIZES = (2, 3, 1)
F = 4


@pytest.fixture
def posterior():
    return TopDownPosterior(sum(SIZES), level_sizes=SIZES, num_features=F, hidden_units=(8,))


def test_the_density_is_the_product_of_the_levels(posterior, rng):
    features, z = rng.normal(size=(5, F)).astype("float32"), rng.normal(size=(5, 6)).astype("float32")
    expected, start = 0.0, 0
    for network, size in zip(posterior.networks, SIZES, strict=True):
        params = network(np.concatenate([features, z[:, :start]], axis=1)).numpy()
        scale = np.log1p(np.exp(params[:, size:] + np.log(np.expm1(1.0)))) + 1e-5
        expected = expected + stats.norm(params[:, :size], scale).logpdf(z[:, start : start + size]).sum(axis=1)
        start += size
    np.testing.assert_allclose(posterior(features).log_prob(z), expected, rtol=1e-4)


def test_leading_axes_and_the_batch_shape(posterior, rng):
    q = posterior(tf.constant(rng.normal(size=(5, F)), tf.float32))
    z = q.sample(7, seed=0)
    assert (tuple(q.batch_shape), tuple(q.event_shape), tuple(z.shape)) == ((5,), (6,), (7, 5, 6))
    assert q.log_prob(z).shape == (7, 5)
    assert tuple(q.mean().shape) == tuple(q.stddev().shape) == (5, 6)
    assert tuple(q.top.batch_shape) == (5,)
    np.testing.assert_allclose(q.top.mean(), q.mean()[:, :2], rtol=1e-5)


def test_a_draw_and_its_density_are_those_of_two_calls(posterior, rng):
    q = posterior(tf.constant(rng.normal(size=(5, F)), tf.float32))
    z, log_q = sample_and_log_prob(q, 3, seed=4)
    np.testing.assert_allclose(z, q.sample(3, seed=4), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(log_q, q.log_prob(z), rtol=1e-4, atol=1e-4)


def test_what_is_fixed_stands_before_the_inputs(rng):
    network = conditioner(7, (8, 6), "tanh", 5, "network")
    fixed, inputs = (tf.constant(rng.normal(size=shape), tf.float32) for shape in ((4, 3), (2, 4, 4)))
    both = tf.concat([tf.broadcast_to(fixed, (2, 4, 3)), inputs], axis=-1)
    for outputs in (applied(network, both), applied(network, inputs, fixed)):
        np.testing.assert_allclose(
            outputs, tf.reshape(network(tf.reshape(both, (8, 7))), (2, 4, 5)), rtol=1e-4, atol=1e-6
        )
    with tf.GradientTape() as tape:
        value = applied(network, inputs, fixed, frozen=True)
    assert tape.gradient(value, network.trainable_variables) == [None] * 6


def test_two_small_levels_integrate_to_one(rng):
    q = TopDownPosterior(2, level_sizes=(1, 1), num_features=F, hidden_units=(8,))(
        tf.constant(rng.normal(size=(1, F)), tf.float32)
    )
    side = np.linspace(-12, 12, 601)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 1, 2).astype("float32")
    total = np.exp(q.log_prob(grid).numpy().astype("float64")).sum() * (side[1] - side[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.01)


def test_draws_weigh_one(rng):
    """E_p[r(z) / p(z)] = 1 for any density r: what is drawn is what the density says."""
    prior = TopDownPrior(3, level_sizes=(2, 1), top=MixtureOfGaussians(2, num_components=2), hidden_units=(8,))
    p = prior()
    z = p.sample(200_000, seed=3)
    inner = stats.norm(z.numpy().mean(axis=0), 0.5 * z.numpy().std(axis=0)).logpdf(z).sum(axis=-1)
    weights = np.exp(inner - p.log_prob(z).numpy().astype("float64"))
    assert weights.mean() == pytest.approx(1.0, abs=5 * weights.std() / np.sqrt(len(weights)))
    assert weights.std() / np.sqrt(len(weights)) < 0.02


def test_noise_and_temperature(rng):
    prior = TopDownPrior(5, level_sizes=(2, 3), top=MixtureOfGaussians(2, num_components=2), hidden_units=(8,))
    assert prior.noise_size == 6  # one number chooses the component
    noise = rng.normal(size=(4, 6)).astype("float32")
    cold = noise * np.array([1.0, 0, 0, 0, 0, 0], "float32")
    drawn = prior(temperature=0.0)._draw(tf.constant(noise))
    np.testing.assert_allclose(drawn, prior.from_noise(tf.constant(cold)), atol=1e-6)


def test_a_linear_hierarchy_has_the_exact_likelihood(rng):
    """z1 ~ N(0, I), z2|z1 ~ N(A z1 + a, t^2 I), x|z ~ N(W z + b, s^2 I): jointly Gaussian."""
    d, t, s = 4, 0.6, 0.5
    model = HierarchicalVAE(
        (d,),
        (2, 3),
        network={"name": "mlp", "hidden_units": ()},
        num_features=4,
        level_units=(),
        likelihood={"name": "gaussian", "scale": s},
    )
    a, offset, w, b = rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=(5, d)), rng.normal(size=d)
    level = model.prior.networks[0].get_layer("output")
    level.kernel.assign(np.concatenate([a, np.zeros((2, 3))], axis=1))
    level.bias.assign(np.concatenate([offset, np.full(3, inverse_positive(t, 1e-5))]))
    model.decoder.get_layer("pixels").kernel.assign(w)
    model.decoder.get_layer("output").bias.assign(b)
    mean = np.concatenate([np.zeros(2), offset])
    covariance = np.block([[np.eye(2), a], [a.T, a.T @ a + t**2 * np.eye(3)]])
    p_z = stats.multivariate_normal(mean, covariance)
    z = rng.normal(size=(9, 5))
    np.testing.assert_allclose(model.prior().log_prob(z.astype("float32")), p_z.logpdf(z), rtol=1e-4)
    p_x = stats.multivariate_normal(mean @ w + b, w.T @ covariance @ w + s**2 * np.eye(d))
    x = p_x.rvs(12, random_state=0).astype("float32")
    for layer in (model.encoder.get_layer("output"), *(n.get_layer("output") for n in model.posterior.networks)):
        layer.kernel.assign(0.1 * rng.normal(size=layer.kernel.shape))
    result = model.importance_estimate(x, num_samples=200_000, seed=0)
    error = np.abs(result.log_prob.numpy() - p_x.logpdf(x))
    assert (error < 5 * result.standard_error.numpy() + 1e-2).all()
    assert np.median(error) < 0.1


def test_what_it_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"level_sizes=\[2, 3\]: add up to 5.*6 latents"):
        TopDownPosterior(6, level_sizes=(2, 3))
    with pytest.raises(ValueError, match=r"top is over events of shape \(3,\).*size 2"):
        TopDownPrior(5, level_sizes=(2, 3), top=StandardNormal(3))
    with pytest.raises(ValueError, match=r"latent_sizes=\[4\].*2 to"):
        HierarchicalVAE((4, 4, 1), (4,))
