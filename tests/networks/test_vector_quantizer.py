"""The nearest code, its gradients, and how the book learns."""

import numpy as np
import pytest

from keras_vae import networks
from keras_vae._backend import keras, tf
from keras_vae.networks import VectorQuantizer

SEED = tf.constant([1, 2])


@pytest.fixture
def features(rng):
    return rng.normal(size=(6, 3, 4, 5)).astype("float32")


def _nearest(features, book):
    return ((features[..., None, :] - book) ** 2).sum(axis=-1).argmin(axis=-1)


def _layer(**settings):
    keras.utils.set_random_seed(0)
    return VectorQuantizer(8, 5, **settings)


def test_each_feature_gets_the_nearest_code(features):
    layer = _layer()
    found = layer(features)
    book = layer.codebook.numpy()
    np.testing.assert_array_equal(found.indices, _nearest(features, book))
    np.testing.assert_allclose(found.codes, book[found.indices.numpy()], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.distance, ((features - found.codes.numpy()) ** 2).sum(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_array_equal(layer.lookup(found.indices), book[found.indices.numpy()])


def test_gradients_go_straight_through_and_the_losses_where_they_belong(features):
    layer, x = _layer(update="gradient"), tf.Variable(features)
    weights = np.random.default_rng(3).normal(size=features.shape).astype("float32")
    with tf.GradientTape(persistent=True) as tape:
        found = layer(x)
        used = tf.reduce_sum(found.codes * weights)
        distance, codebook_loss = tf.reduce_sum(found.distance), tf.reduce_sum(found.codebook_loss)
    np.testing.assert_allclose(tape.gradient(used, x), weights)
    assert tape.gradient(used, layer.codebook) is None
    codes = layer.lookup(found.indices).numpy()
    np.testing.assert_allclose(tape.gradient(distance, x), 2 * (features - codes), rtol=1e-4, atol=1e-5)
    assert tape.gradient(distance, layer.codebook) is None
    assert tape.gradient(codebook_loss, x) is None
    expected = np.zeros((8, 5))
    np.add.at(expected, found.indices.numpy().ravel(), 2 * (codes - features).reshape(-1, 5))
    found = tf.convert_to_tensor(tape.gradient(codebook_loss, layer.codebook))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_the_book_starts_as_features_of_the_first_batch(features):
    layer = _layer(restart_below=0.0, decay=0.99999)
    layer(features, seed=SEED, training=True)
    to_data = np.sqrt(((layer.codebook.numpy()[:, None] - features.reshape(-1, 5)) ** 2).sum(axis=-1)).min(axis=1)
    assert to_data.max() < 0.02
    few = _layer()
    few(features[:1, :1, :3], seed=SEED, training=True)
    assert len(np.unique(few.codebook.numpy(), axis=0)) == 8


def test_moving_averages_by_hand(features):
    layer = _layer(decay=0.9, restart_below=0.0)
    layer(features, seed=SEED, training=True)
    book, counts, sums = (v.numpy().astype(float) for v in (layer.codebook, layer.counts, layer.sums))
    more = features[::-1] * 1.3
    layer(more, seed=SEED, training=True)
    chosen = np.eye(8)[_nearest(more, book).ravel()]
    counts = 0.9 * counts + 0.1 * chosen.sum(axis=0)
    sums = 0.9 * sums + 0.1 * chosen.T @ more.reshape(-1, 5)
    np.testing.assert_allclose(layer.counts, counts, rtol=1e-5)
    np.testing.assert_allclose(layer.codebook, sums / counts[:, None], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("update", ["ema", "gradient"])
def test_the_book_finds_the_clusters_of_the_data(update, jit_compile, rng):
    centers = rng.normal(size=(8, 5)) * 4
    layer, optimizer = _layer(update=update, decay=0.9, restart_below=0.6), keras.optimizers.Adam(0.05)

    @tf.function(jit_compile=jit_compile)
    def step(x, seed):
        with tf.GradientTape() as tape:
            found = layer(x, seed=seed, training=True)
            loss = tf.reduce_sum(found.codebook_loss)
        if update == "gradient":
            optimizer.apply(tape.gradient(loss, layer.trainable_variables), layer.trainable_variables)
        return found.indices

    if update == "gradient":
        optimizer.build(layer.trainable_variables)
    for i in range(150):
        x = centers[rng.integers(8, size=200)] + 0.1 * rng.normal(size=(200, 5))
        step(tf.constant(x, tf.float32), tf.constant([i, 0]))
    distance = np.sqrt(((layer.codebook.numpy()[:, None] - centers) ** 2).sum(axis=-1))
    # Of two codes that share a cluster, one has less than 0.6 of an even share and starts anew, until every cluster has its code.
    assert distance.min(axis=0).max() < 0.3


def test_a_dead_code_comes_back(features):
    layer = _layer(decay=0.5)
    layer(features, seed=SEED, training=True)
    book = layer.codebook.numpy()
    book[3] = 1e3
    layer.codebook.assign(book)
    layer.sums.assign(layer.counts.numpy()[:, None] * book)
    for i in range(8):
        layer(features, seed=tf.constant([i, 7]), training=True)
    assert np.abs(layer.codebook.numpy()[3]).max() < 10
    never = _layer(decay=0.5, restart_below=0.0)
    never(features, seed=SEED, training=True)
    never.codebook.assign(book)
    never.sums.assign(never.counts.numpy()[:, None] * book)
    for i in range(8):
        never(features, seed=tf.constant([i, 7]), training=True)
    np.testing.assert_allclose(never.codebook.numpy()[3], 1e3, rtol=1e-3)


@pytest.mark.parametrize("how", ["inference", "frozen"])
def test_the_book_learns_in_training_alone(how, features):
    layer = _layer()
    before = layer.codebook.numpy()
    layer.trainable = how != "frozen"
    layer(features, seed=SEED, training=how == "frozen")
    np.testing.assert_array_equal(layer.codebook, before)


def test_perplexity():
    assert float(networks.perplexity(np.arange(8).reshape(2, 4), 8)) == pytest.approx(8.0)
    assert float(networks.perplexity(np.zeros((3, 4), int), 8)) == pytest.approx(1.0)
    share = np.array([0.5, 0.25, 0.25])
    expected = np.exp(-(share * np.log(share)).sum())
    assert float(networks.perplexity(np.array([0, 0, 1, 2]), 8)) == pytest.approx(expected, rel=1e-6)


def test_bad_input(features):
    with pytest.raises(ValueError, match="features have 5 elements: the codes have code_size=4"):
        VectorQuantizer(8, 4)(features)
    for settings, message in (
        ({"num_codes": 1}, "num_codes=1"),
        ({"update": "adam"}, "update='adam': must be one of"),
        ({"decay": 1.0}, "decay=1.0"),
        ({"restart_below": -0.1}, "restart_below=-0.1"),
    ):
        with pytest.raises(ValueError, match=message):
            VectorQuantizer(**settings)
