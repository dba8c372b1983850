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
    # Binary pictures: what is given is of the picture that the model sees, whatever was drawn.
    x, conditions = data.arrays("digits_quadrants", "test", "dynamic_binarization")
    np.testing.assert_array_equal(conditions, data.quadrants(x, 1 + np.arange(len(x)) % 3))
    epochs = data.load("digits_quadrants", "train", "dynamic_binarization", batch_size=1437)
    numbers = []
    for _ in range(2):
        x, conditions = (part.numpy() for part in next(iter(epochs)))
        shares = conditions[..., 1].mean(axis=(1, 2))
        numbers.append(np.round(4 * shares).astype(int))
        np.testing.assert_array_equal(conditions, data.quadrants(x, numbers[-1]))
        assert np.bincount(numbers[-1], minlength=4)[1:] == pytest.approx(479, abs=80)
    assert (numbers[0] == numbers[1]).mean() < 0.45  # drawn anew


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
