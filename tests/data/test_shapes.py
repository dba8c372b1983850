"""Pictures of known factors: what they show is what the factors say."""

import numpy as np
import pytest

from keras_vae import data
from keras_vae.data import Shapes

COLUMNS = list(Shapes.DEFAULTS)


def _one(**values):
    return np.array([[values.get(name, 0) for name in COLUMNS]])


def _moments(image):
    mass = image.astype(float)[..., 0] - image.min()
    rows, columns = np.mgrid[:64, :64]
    return (mass * columns).sum() / mass.sum(), (mass * rows).sum() / mass.sum()


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_the_middle_the_brightness_and_the_area_are_those_of_the_factors(shape):
    shapes = Shapes()
    for x, y in ((0, 15), (7, 3)):
        image = shapes.images(_one(shape=shape, scale=5, rotation=4, x=x, y=y))[0]
        np.testing.assert_allclose(_moments(image), (23.0 + 17.0 * x / 15.0, 27.5 + 8.0 * y / 15.0), atol=0.05)
    for brightness, ground in enumerate((0, 19, 38, 57, 76)):
        image = shapes.images(_one(shape=shape, brightness=brightness, scale=5))
        assert image.min() == pytest.approx(ground, abs=1)
        assert image.max() == 255
    for scale, half in ((0, 7.0), (5, 10.0)):
        image = shapes.images(_one(shape=shape, scale=scale, rotation=2, x=8, y=8))[0]
        assert image.sum() / 255 == pytest.approx((2 * half) ** 2, rel=0.05)


def test_the_long_axis_of_the_ellipse_turns_with_the_rotation():
    shapes = Shapes()
    for rotation in range(15):
        image = shapes.images(_one(shape=1, scale=5, rotation=rotation, x=8, y=8))[0, ..., 0].astype(float)
        rows, columns = np.mgrid[:64, :64] - 32.5
        cov = np.cov(np.stack([columns.ravel(), rows.ravel()]), aweights=image.ravel())
        angle = 0.5 * np.arctan2(2 * cov[0, 1], cov[0, 0] - cov[1, 1])
        assert np.rad2deg(angle) == pytest.approx(6 * rotation, abs=1.0)


def test_nothing_is_cut_off_and_no_two_pictures_are_the_same():
    shapes = Shapes()
    corners = np.array([[k, 0, 5, r, x, y] for k in range(3) for r in range(15) for x in (0, 15) for y in (0, 15)])
    images = shapes.images(corners)
    assert not images[:, [0, -1]].any()
    assert not images[:, :, [0, -1]].any()
    small = np.array([[k, b, s, r, 0, 0] for k in range(3) for b in range(5) for s in range(6) for r in range(15)])
    assert len(np.unique(shapes.images(small).reshape(len(small), -1), axis=0)) == len(small)


def test_factors_are_uniform_seeded_and_independent():
    shapes = Shapes()
    drawn = shapes.factors(20_000, seed=3)
    np.testing.assert_array_equal(drawn, shapes.factors(20_000, seed=3))
    assert (drawn != shapes.factors(20_000, seed=4)).any()
    for column, count in zip(drawn.T, Shapes.DEFAULTS.values(), strict=True):
        np.testing.assert_allclose(np.bincount(column, minlength=count) / 20_000, 1 / count, atol=0.012)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(6)).max() < 0.03
    fixed = shapes.factors(50, seed=1, fixed="rotation")
    assert len(set(fixed[:, 3])) == 1
    assert len(set(fixed[:, 4])) > 1


def test_as_a_data_set():
    images, labels = data.read("shapes", "test")
    assert images.shape == (5000, 64, 64, 1)
    assert images.dtype == np.uint8
    assert set(labels) == {0, 1, 2}
    np.testing.assert_array_equal(images[:7], Shapes().images(Shapes().factors(5000, seed=1)[:7]))


def test_a_factor_of_one_value_stays():
    shapes = Shapes({"shape": 1, "brightness": 1, "rotation": 2})
    assert shapes.names == ("scale", "rotation", "x", "y")
    images = shapes.images(shapes.factors(50))
    assert (images.max(axis=(1, 2, 3)) == 255).all()
    alone = Shapes({**dict.fromkeys(COLUMNS, 1), "rotation": 2})
    image = alone.images(_one())[0]
    np.testing.assert_allclose(_moments(image), (31.5, 31.5), atol=0.01)
    assert image.sum() / 255 == pytest.approx(20**2, rel=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Shapes({"colour": 3}), "'colour'"),
        (lambda: Shapes({"shape": 4}), r"values\['shape'\]=4: must be a whole number from 1 to 3"),
        (lambda: Shapes(dict.fromkeys(COLUMNS, 1)), "every factor has one value, so all pictures are the same"),
        (lambda: Shapes().images(np.zeros((3, 5), int)), r"factors have shape \(3, 5\)"),
        (lambda: Shapes().images(np.zeros((3, 6))), "type float64"),
        (lambda: Shapes().images(_one(x=16)), "The factor 'x' has values numbered from 16 to 16: there are 16"),
        (lambda: Shapes().factors(0), "n=0"),
        (lambda: Shapes({"shape": 1}).factors(5, fixed="shape"), "fixed='shape': must be one of"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
