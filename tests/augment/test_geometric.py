"""Rotation, translation and elastic deformation: compared with SciPy."""

import numpy as np
import pytest
import scipy.ndimage

from keras_vae import augment
from keras_vae._backend import keras, tf

SEED = tf.constant([1, 2])


def test_affine_maps_are_scipys(rng):
    x = rng.uniform(size=(6, 9, 7, 2)).astype("float32")
    found = augment.RandomAffine(rotation=30.0, shift=2.0)(tf.constant(x), SEED).numpy()
    # The amounts, drawn as the corruption says: angle, down, right.
    from keras_vae import _random

    amounts = 2.0 * _random.uniform((3, 6, 1), SEED).numpy()[..., 0] - 1.0
    for image, result, angle, down, right in zip(x, found, amounts[0] * np.pi / 6, *(2.0 * amounts[1:]), strict=True):
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = np.array([4.0, 3.0])
        offset = middle - matrix @ middle - np.array([down, right])
        for channel in range(2):
            expected = scipy.ndimage.affine_transform(
                image[..., channel], matrix, offset, order=1, mode="grid-constant", cval=0.0
            )
            np.testing.assert_allclose(result[..., channel], expected, atol=1e-5)


def test_affine_maps_of_nothing_change_nothing_and_vectors_are_refused(rng):
    x = tf.constant(rng.uniform(size=(3, 5, 5, 1)), tf.float32)
    np.testing.assert_allclose(augment.RandomAffine(0.0, 0.0)(x, SEED), x, atol=1e-6)
    compiled = tf.function(augment.RandomAffine(20.0, 1.0), jit_compile=True)
    np.testing.assert_allclose(compiled(x, SEED), augment.RandomAffine(20.0, 1.0)(x, SEED), atol=1e-5)
    with pytest.raises(ValueError, match=r"turns images \(B, H, W, C\), and the data have shape \(3, 25\)"):
        augment.RandomAffine()(tf.reshape(x, (3, 25)), SEED)
    with pytest.raises(ValueError, match="rotation"):
        augment.RandomAffine(rotation=200.0)


def test_bent_images_are_scipys(rng):
    from keras_vae import _random

    x = rng.uniform(size=(5, 12, 10, 2)).astype("float32")
    bend = augment.RandomElastic(strength=9.0, smoothness=1.5, rotation=0.0, shift=0.0)
    found = bend(tf.constant(x), SEED).numpy()
    field = 2.0 * _random.uniform((2, 5, 12, 10), _random.fold_in(SEED, 1)).numpy() - 1.0
    for image, result, moves in zip(x, found, np.swapaxes(field, 0, 1), strict=True):
        smooth = [scipy.ndimage.gaussian_filter(move, 1.5, mode="constant", radius=8) for move in moves]
        places = np.indices((12, 10)) + 9.0 * np.array(smooth)
        for channel in range(2):
            expected = scipy.ndimage.map_coordinates(
                image[..., channel], places, order=1, mode="grid-constant", cval=0.0
            )
            np.testing.assert_allclose(result[..., channel], expected, atol=1e-5)
    np.testing.assert_allclose(
        augment.RandomElastic(strength=0.0, rotation=20.0)(x, SEED),
        augment.RandomAffine(rotation=20.0)(x, SEED),
        atol=1e-6,
    )
    compiled = tf.function(bend, jit_compile=True)
    np.testing.assert_allclose(compiled(x, SEED), found, atol=1e-5)
    with pytest.raises(ValueError, match="smoothness=0"):
        augment.RandomElastic(smoothness=0.0)


def test_the_papers_field_moves_a_pixel_by_as_much_as_the_docstring_says():
    from keras_vae.augment import geometric

    row = geometric._smoothing(28, 4.0)[14]
    assert 34.0 * np.sqrt(1 / 3) * np.square(row).sum() == pytest.approx(1.4, abs=0.05)


def test_a_bend_survives_saving():
    saved = keras.saving.serialize_keras_object(augment.RandomElastic(20.0, 5.0, 1.0, 3.0))
    expected = {"strength": 20.0, "smoothness": 5.0, "rotation": 1.0, "shift": 3.0}
    assert keras.saving.deserialize_keras_object(saved).settings() == expected
