"""A flow as a prior: its density is that of the map, which a Jacobian tells."""

import numpy as np
import pytest
from scipy import stats

from keras_vae._backend import tf
from keras_vae.distributions import RealNVP


def _shaken(rng, size=3, by=0.7, **kwargs):
    flow = RealNVP(size, num_couplings=4, hidden_units=(8,), activation="tanh", **kwargs)
    for weight in flow.trainable_variables:
        weight.assign(by * rng.normal(size=weight.shape))
    return flow


def test_it_starts_as_a_standard_normal(rng):
    z = rng.normal(size=(6, 5)).astype("float32")
    np.testing.assert_allclose(RealNVP(5)().log_prob(z), stats.norm.logpdf(z).sum(axis=-1), rtol=1e-5)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_every_latent_is_changed_by_the_others_and_changes_them(rng, size):
    """Dinh et al. (2017), section 3.5: what one coupling leaves as it is, the next one changes."""
    flow = _shaken(rng, size)
    noise = np.linspace(-2, 2, 5, dtype="float32")
    for own in range(size):
        moved = np.full((5, size), 0.3, "float32")
        moved[:, own] = noise
        z = flow.from_noise(moved).numpy().astype("float64")
        bend = np.abs(np.diff(z, 2, axis=0)).max(axis=0)
        assert (bend > 1e-3).all(), f"latents {np.flatnonzero(bend <= 1e-3)} are straight in the noise {own}"


@pytest.mark.parametrize("size", [2, 3, 5])
def test_the_density_follows_from_the_jacobian(rng, size):
    flow = _shaken(rng, size)
    noise = tf.constant(rng.normal(size=(9, size)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(noise)
        z = flow.from_noise(noise)
    log_det = np.linalg.slogdet(tape.batch_jacobian(z, noise).numpy())[1]
    expected = stats.norm.logpdf(noise).sum(axis=-1) - log_det
    np.testing.assert_allclose(flow().log_prob(z), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(flow.bijector().inverse(z), noise, atol=1e-4)
    assert np.abs(log_det).min() > 1e-3


def test_the_density_integrates_to_one(rng):
    flow = _shaken(rng, 2, by=0.3)
    side = np.linspace(-30, 30, 1201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2).astype("float32")
    total = np.exp(flow().log_prob(grid).numpy().astype("float64")).sum() * (side[1] - side[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.01)


def test_draws_come_of_the_noise_and_the_temperature_scales_it(rng):
    from keras_vae import _random

    flow = _shaken(rng)
    noise = _random.normal((7, 3), _random.as_seed(4))
    np.testing.assert_allclose(flow().sample(7, seed=4), flow.from_noise(noise), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        flow(temperature=0.3).sample(7, seed=4), flow.from_noise(0.3 * noise), rtol=1e-5, atol=1e-6
    )


def test_a_condition_moves_it(rng):
    flow = _shaken(rng, condition_size=2)
    condition = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    prior = flow(condition)
    z = tf.constant(rng.normal(size=(5, 2, 3)), tf.float32)
    found = prior.log_prob(z).numpy()
    assert (tuple(prior.batch_shape), found.shape) == ((2,), (5, 2))
    assert np.abs(prior.log_prob(z[:, ::-1]).numpy()[:, ::-1] - found).min() > 1e-4
    assert prior.sample(4, seed=0).shape == (4, 2, 3)
    for b in range(2):
        alone = flow(condition[b : b + 1]).log_prob(z[:, b : b + 1])
        np.testing.assert_allclose(alone[:, 0], found[:, b], rtol=1e-5)


def test_no_draw_runs_away(rng):
    flow = RealNVP(4, num_couplings=2, hidden_units=(8,))
    for weight in flow.trainable_variables:
        weight.assign(100.0 * rng.normal(size=weight.shape))
    prior = flow()
    z = prior.sample(100, seed=0)
    assert np.isfinite(z).all()
    assert np.isfinite(prior.log_prob(z)).all()


def test_what_it_cannot_be_is_refused():
    with pytest.raises(ValueError, match="at least 2 latents"):
        RealNVP(1)
    with pytest.raises(ValueError, match=r"condition of shape \(batch, 2\).*none"):
        RealNVP(3, condition_size=2)()
    with pytest.raises(ValueError, match=r"of shape \(4, 5\)"):
        RealNVP(3, condition_size=2)(tf.zeros((4, 5)))
    with pytest.raises(ValueError, match="activation='softmex'"):
        RealNVP(3, activation="softmex")


def test_one_value_beside_many_conditions(rng):
    flow = _shaken(rng, condition_size=2)
    condition, z = tf.eye(2), tf.constant(rng.normal(size=(1, 3)), tf.float32)
    expected = flow(condition).log_prob(tf.tile(z, (2, 1)))
    for value in (z, z[0]):
        np.testing.assert_allclose(flow(condition).log_prob(value), expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"The value has shape \(3, 3\).*batch shape \(2,\)"):
        flow(condition).log_prob(tf.tile(z, (3, 1)))
    with pytest.raises(ValueError, match=r"The value has shape \(2, 4\).*event shape \(3,\)"):
        flow(condition).log_prob(tf.zeros((2, 4)))
