"""Rounding to the int8 grid, beside rounding each weight to the nearest step."""

import numpy as np
import pytest

from keras_vae._backend import keras
from keras_vae.export import rounding


def _nearest(matrix):
    scale = np.abs(matrix).max(axis=0) / 127
    return np.round(matrix / scale) * scale


@pytest.fixture
def correlated(rng):
    """Inputs as a layer sees them: far fewer directions than there are inputs."""
    return (rng.normal(size=(2000, 8)) @ rng.normal(size=(8, 60)) + 0.1 * rng.normal(size=(2000, 60))).astype("float32")


def test_the_output_changes_less_than_by_rounding_to_the_nearest(correlated, rng):
    matrix = rng.normal(size=(60, 20)).astype("float32")
    exact = correlated @ matrix
    error = np.square(correlated @ rounding.rounded(matrix, correlated) - exact).mean()
    assert error < 0.25 * np.square(correlated @ _nearest(matrix) - exact).mean()


@pytest.mark.parametrize("group", [1, 4])
def test_every_weight_is_on_the_grid_that_a_quantizer_finds_again(correlated, rng, group):
    matrix = rng.normal(size=(60, group * 5)).astype("float32") * np.logspace(-2, 2, 5 * group)
    result = rounding.rounded(matrix.astype("float32"), correlated, group).reshape(60, group, 5)
    scale = np.abs(result).max(axis=(0, 1)) / 127
    np.testing.assert_allclose(result / scale, np.round(result / scale), atol=1e-3)


def test_inputs_that_never_change_do_no_harm(rng):
    inputs = np.zeros((50, 6), "float32")
    inputs[:, 0] = 1.0
    matrix = rng.normal(size=(6, 4)).astype("float32")
    result = rounding.rounded(matrix, inputs)
    np.testing.assert_allclose(result[0], matrix[0], atol=np.abs(matrix).max() / 120)
    assert (np.abs(result) <= np.abs(matrix).max() * 1.01).all()


def test_a_matrix_of_zeros_stays_one(correlated):
    assert (rounding.rounded(np.zeros((60, 3), "float32"), correlated) == 0).all()


def _convolutions():
    image = keras.Input((8, 8, 2))
    h = keras.layers.Conv2D(6, 3, strides=2, padding="same", activation="silu", name="conv")(image)
    h = keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same", name="up")(h)
    return keras.Model(image, keras.layers.Dense(2, name="last")(keras.layers.Flatten()(h)))


def test_convolutions_are_rounded_too(rng):
    network = _convolutions()
    x = rng.uniform(size=(300, 8, 8, 2)).astype("float32")
    exact = network.predict(x, verbose=0)
    copy = rounding.round_network(network, [x])
    for name in ("conv", "up", "last"):
        kernel, before = copy.get_layer(name).kernel.numpy(), network.get_layer(name).kernel.numpy()
        out = 2 if name == "up" else kernel.ndim - 1
        by_channel = np.moveaxis(kernel, out, -1).reshape(-1, kernel.shape[out])
        scale = np.abs(by_channel).max(axis=0) / 127
        np.testing.assert_allclose(by_channel / scale, np.round(by_channel / scale), atol=1e-3)
        assert 0 < np.abs(kernel - before).max() < 0.1 * np.abs(before).max()
    np.testing.assert_array_equal(network.predict(x, verbose=0), exact)  # the network itself is left alone


def test_convolutions_lose_less_than_by_rounding_to_the_nearest(rng):
    network = _convolutions()
    x = rng.uniform(size=(300, 8, 8, 2)).astype("float32")
    for name in ("conv", "up"):
        layer = network.get_layer(name)
        rows = rounding._rows_seen(layer, keras.Model(network.inputs, layer.input).predict(x, verbose=0))
        to_matrix, from_matrix, group = rounding._matrix_of(layer)
        kernel = layer.kernel.numpy()
        matrix = to_matrix(kernel)
        np.testing.assert_array_equal(from_matrix(matrix), kernel)
        by_channel = matrix.reshape(-1, matrix.shape[1] // group)
        nearest = _nearest(by_channel).reshape(matrix.shape)
        error, naive = (
            np.square(rows @ m - rows @ matrix).mean() for m in (rounding.rounded(matrix, rows, group), nearest)
        )
        assert error < 0.8 * naive, name


def test_a_layer_can_be_left_alone(rng):
    network = _convolutions()
    copy = rounding.round_network(network, [rng.uniform(size=(50, 8, 8, 2)).astype("float32")], leave={"last"})
    np.testing.assert_array_equal(copy.get_layer("last").kernel, network.get_layer("last").kernel)


def test_a_kernel_in_two_terms_is_the_same_kernel(rng):
    network = _convolutions()
    copy = rounding.in_two_terms(network, "last")
    x = rng.uniform(size=(20, 8, 8, 2)).astype("float32")
    np.testing.assert_allclose(copy.predict(x, verbose=0), network.predict(x, verbose=0), atol=1e-5)
    layer = copy.get_layer("last")
    step = np.abs(network.get_layer("last").kernel.numpy()).max(axis=0) / 127
    assert (np.abs(layer.residual.numpy()) <= 0.501 * step).all()
