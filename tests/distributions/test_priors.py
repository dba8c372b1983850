import numpy as np
import pytest

from keras_vae._backend import tf
from keras_vae.distributions import ConditionalGaussian, DiagonalGaussian, StandardNormal


def test_standard_normal_has_no_batch_and_unit_scale():
    p = StandardNormal(3)()
    assert (tuple(p.batch_shape), tuple(p.event_shape)) == ((), (3,))
    np.testing.assert_allclose(p.stddev(), 1.0)
    np.testing.assert_allclose(StandardNormal(3)(temperature=0.5).stddev(), 0.5)


def test_conditional_gaussian_starts_as_the_standard_normal_and_learns_one_gaussian_a_class():
    prior = ConditionalGaussian(2, condition_size=3)
    condition = tf.one_hot([0, 1], 3)
    np.testing.assert_allclose(prior(condition).mean(), 0.0)
    np.testing.assert_allclose(prior(condition).stddev(), 1.0, atol=2e-3)
    prior.kernel.assign(np.arange(12.0).reshape(3, 4))
    np.testing.assert_allclose(prior(condition).mean(), [[0, 1], [4, 5]])


def test_kl_between_posterior_and_learned_prior_is_per_example(rng):
    q = DiagonalGaussian(2)(rng.normal(size=(4, 4)).astype("float32"))
    p = ConditionalGaussian(2, condition_size=3)(tf.one_hot([0, 1, 2, 0], 3))
    assert q.kl_divergence(p).shape == (4,)


def test_a_missing_or_wrong_condition_is_named():
    prior = ConditionalGaussian(2, condition_size=3)
    with pytest.raises(ValueError, match=r"needs a condition.*\(batch, 3\)"):
        prior()
    with pytest.raises(ValueError, match=r"shape \(2, 4\).*\(batch, 3\)"):
        prior(tf.zeros((2, 4)))
