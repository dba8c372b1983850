"""What is given of a picture, and where."""

import numpy as np
import pytest

from keras_vae import data


@pytest.mark.parametrize(
    ("given", "quadrants"),
    [(1, ["lower left"]), (2, ["lower left", "upper left"]), (3, ["lower left", "upper left", "upper right"])],
)
def test_which_quadrants_are_given(given, quadrants, rng):
    images = rng.integers(1, 256, size=(2, 6, 4, 3)).astype("uint8")
    found = data.quadrants(images, given)
    assert found.shape == (2, 6, 4, 4)
    assert found.dtype == np.uint8
    parts = {
        f"{row} {column}": (slice(None), rows, columns)
        for row, rows in (("upper", slice(0, 3)), ("lower", slice(3, 6)))
        for column, columns in (("left", slice(0, 2)), ("right", slice(2, 4)))
    }
    for name, part in parts.items():
        expected = images[part] if name in quadrants else 0
        np.testing.assert_array_equal(found[part][..., :-1], np.broadcast_to(expected, images[part].shape))
        assert (found[part][..., -1] == (255 if name in quadrants else 0)).all()
    floats = data.quadrants(images / 255.0, given)
    np.testing.assert_allclose(floats * 255, found, atol=1e-9)


def test_as_a_data_set():
    images, conditions = data.read("digits_quadrants", "train")
    np.testing.assert_array_equal(conditions, data.quadrants(images, 1 + np.arange(len(images)) % 3))
    batch, condition = next(iter(data.load("digits_quadrants", "train", batch_size=5)))
    assert tuple(condition.shape) == (5, 28, 28, 2)
    where = condition[..., 1] == 255
    np.testing.assert_allclose(batch[..., 0][where], condition[..., 0][where] / 255, atol=1e-6)


def test_bad_input():
    for images, given, message in (
        (np.zeros((2, 4, 4)), 1, "give \\(N, H, W, C\\)"),
        (np.zeros((2, 4, 4, 1)), 4, "given=4: 1, 2 or 3 quadrants"),
        (np.zeros((2, 4, 4, 1)), 0, "given=0"),
        (np.zeros((2, 4, 4, 1)), [1, 2, 3], "given has shape \\(3,\\)"),
        (np.zeros((2, 4, 4, 1)), 1.0, "type float64"),
    ):
        with pytest.raises(ValueError, match=message):
            data.quadrants(images, given)
