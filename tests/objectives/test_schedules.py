import numpy as np
import pytest

from keras_vae._backend import keras
from keras_vae.objectives import Constant, Cyclical, Linear


def test_linear_meets_its_ends_exactly():
    beta = Linear(10, start=0.2, end=1.0)
    assert [float(beta(step)) for step in (10, 11, 10**6)] == [1.0, 1.0, 1.0]
    np.testing.assert_allclose([beta(0), beta(5)], [0.2, 0.6], rtol=1e-6)


def test_cyclical_repeats_and_then_stays():
    beta = Cyclical(10, cycles=2, ramp=0.5)
    np.testing.assert_allclose(
        [beta(s) for s in (0, 2, 5, 9, 10, 12, 15, 20, 33)], [0, 0.4, 1, 1, 0, 0.4, 1, 1, 1], atol=1e-6
    )


@pytest.mark.parametrize("schedule", [Constant(0.3), Linear(7), Cyclical(9, cycles=3)])
def test_saved_and_restored(schedule):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert type(again) is type(schedule)
    assert [float(again(s)) for s in range(30)] == [float(schedule(s)) for s in range(30)]


def test_bad_settings():
    with pytest.raises(ValueError, match=r"steps=0.*from 1"):
        Linear(0)
    with pytest.raises(ValueError, match=r"ramp=2.*to 1"):
        Cyclical(5, ramp=2)
