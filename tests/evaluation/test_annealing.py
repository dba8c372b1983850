"""Annealed importance sampling beside a model whose log p(x) is exact."""

import numpy as np
import pytest

from keras_vae.evaluation import annealed_importance_estimate


def _spoil(model):
    """A posterior that is far off, and too narrow: what importance sampling cannot mend."""
    head = model.encoder.get_layer("output")
    head.bias.assign_add(np.array([1.5, -1.5, -1.0, -1.0, 0.0]))


def test_it_is_exact_where_the_posterior_is(linear_gaussian):
    model, x, exact = linear_gaussian
    found = annealed_importance_estimate(model, x[:8], num_chains=4, num_steps=5, seed=0)
    np.testing.assert_allclose(found.log_prob, exact[:8], atol=1e-3)
    np.testing.assert_allclose(found.effective_samples, 4.0, rtol=1e-2)


def test_it_mends_a_posterior_that_importance_sampling_does_not(linear_gaussian):
    model, x, exact = linear_gaussian
    _spoil(model)
    sampled = model.importance_estimate(x, num_samples=1000, seed=0).log_prob.numpy()
    annealed = annealed_importance_estimate(model, x, num_chains=20, num_steps=400, seed=0)
    off = annealed.log_prob.numpy() - exact
    assert np.abs(off).mean() < 0.25
    assert abs(off.mean()) < 0.1
    assert (exact - sampled).mean() > 5 * np.abs(off).mean()


def test_more_steps_are_tighter(linear_gaussian):
    model, x, exact = linear_gaussian
    _spoil(model)
    gaps = [
        (exact - annealed_importance_estimate(model, x, num_chains=5, num_steps=n, seed=1).log_prob.numpy()).mean()
        for n in (5, 30, 300)
    ]
    assert gaps[0] > gaps[1] > gaps[2]


def test_the_same_seed_gives_the_same_figure(linear_gaussian):
    model, x, _ = linear_gaussian
    _spoil(model)
    first, second, other = (
        annealed_importance_estimate(model, x[:2], num_chains=2, num_steps=5, seed=s).log_prob for s in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).min() > 1e-3


def test_settings_out_of_range(linear_gaussian):
    model, x, _ = linear_gaussian
    with pytest.raises(ValueError, match="num_steps=0"):
        annealed_importance_estimate(model, x, num_steps=0)
    with pytest.raises(ValueError, match="num_chains=0"):
        annealed_importance_estimate(model, x, num_chains=0)
