import numpy as np
import pytest
import scipy.special

from keras_vae import _random
from keras_vae.lite import noise


@pytest.mark.parametrize("seed", [0, 1, 7, 2**31 - 1, 2**31, 2**40 + 3, -5])
@pytest.mark.parametrize("shape", [(1,), (3, 41), (1000, 40)])
def test_the_noise_is_that_of_the_keras_models(seed, shape):
    expected = _random.normal(shape, _random.as_seed(seed)).numpy()
    found = noise.normal(shape, seed)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


def test_the_quantile_is_scipys():
    p = np.concatenate([np.linspace(0.001, 0.999, 999), [2.0**-24, 1 - 2.0**-24, 1e-12, 1e-40]])
    np.testing.assert_allclose(noise.quantile(p), scipy.special.ndtri(p), rtol=1e-13, atol=1e-15)


def test_a_seed_is_a_whole_number():
    for wrong in (1.5, "a", True):
        with pytest.raises(ValueError, match="whole number"):
            noise.normal((2,), wrong)
