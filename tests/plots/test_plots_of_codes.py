"""Pictures of codes: each shows the numbers that it says it shows."""

import numpy as np
import pytest

from keras_vae import augment, models, plots

SHAPE = (6, 6, 1)


def _tiles(figure, columns, count):
    """The pictures of a grid of 6x6 images, as fractions, read from the image that the figure shows."""
    sheet = np.asarray(figure.axes[0].images[0].get_array())[..., 0] / 255.0
    place = [(2 + 8 * (i // columns), 2 + 8 * (i % columns)) for i in range(count)]
    return np.stack([sheet[top : top + 6, left : left + 6] for top, left in place])


@pytest.fixture
def model():
    model = models.DenoisingAutoencoder(
        SHAPE, 4, network={"name": "mlp", "hidden_units": ()}, corruption={"name": "masking_noise", "rate": 0.5}
    )
    model.decoder.get_layer("output").bias.assign(np.full(SHAPE, 3.0, "float32"))  # no part of what a unit adds
    return model


def test_features_of_one_layer_are_its_weights(model, rng):
    kernel = model.decoder.get_layer("pixels").kernel.numpy().reshape(4, 6, 6)
    expected = 0.5 + 0.5 * kernel / np.abs(kernel).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(_tiles(plots.features(model), 2, 4), expected, atol=0.01)
    np.testing.assert_allclose(_tiles(plots.features(model, 1), 1, 1), expected[:1], atol=0.01)
    x = rng.uniform(size=(20, *SHAPE)).astype("float32")
    busiest = model.encode(x).numpy().std(axis=0).argmax()
    np.testing.assert_allclose(_tiles(plots.features(model, 1, x), 1, 1), expected[[busiest]], atol=0.01)


def test_restored_shows_three_rows(model, rng):
    x = rng.uniform(size=(3, *SHAPE)).astype("float32")
    clean, damaged, restored = _tiles(plots.restored(model, x, seed=1), 3, 9).reshape(3, 3, 6, 6)
    np.testing.assert_allclose(clean, x[..., 0], atol=0.01)
    dropped = damaged == 0
    assert 0.3 < dropped.mean() < 0.7
    np.testing.assert_allclose(damaged[~dropped], x[..., 0][~dropped], atol=0.01)
    np.testing.assert_allclose(
        restored, model.reconstruct(np.where(dropped, 0, x[..., 0])[..., None])[..., 0], atol=0.01
    )
    plain = models.Autoencoder(SHAPE, 2, name="plain")
    with pytest.raises(ValueError, match="plain learned from no corruption: pass one"):
        plots.restored(plain, x)
    assert _tiles(plots.restored(plain, x, augment.SaltAndPepper(0.5)), 3, 9).shape == (9, 6, 6)


def test_a_row_of_a_cluster_holds_its_surest(rng):
    model = models.DEC(SHAPE, 3, 3, network={"name": "mlp", "hidden_units": (8,)})
    x = rng.uniform(size=(40, *SHAPE)).astype("float32")
    model.start_clusters(x)
    tiles = _tiles(plots.clusters(model, x, each=2), 2, 6)
    log_probs = model.cluster_log_probs(x).numpy()
    for cluster in range(3):
        members = np.flatnonzero(log_probs.argmax(axis=1) == cluster)
        best = members[log_probs[members, cluster].argmax()]
        np.testing.assert_allclose(tiles[2 * cluster], x[best, ..., 0], atol=0.01)


def test_models_that_take_labels_are_refused(rng):
    model = models.MultiDomainAutoencoder(SHAPE, 2, 2, name="pair")
    with pytest.raises(ValueError, match="pair takes labels"):
        plots.features(model)
