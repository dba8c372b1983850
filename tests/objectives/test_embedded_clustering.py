"""The clusters' objective against formulas written out."""

import numpy as np
import pytest

from keras_vae import objectives
from keras_vae._backend import keras, tf
from keras_vae.models import DEC, Autoencoder
from keras_vae.objectives.embedded_clustering import sharpened

SHAPE = (4, 4, 1)
SEED = tf.constant([1, 2])


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return DEC(SHAPE, 3, num_clusters=4, network={"name": "mlp", "hidden_units": (8,)})


def test_assignments_are_the_papers(model, rng):
    x = rng.uniform(size=(5, *SHAPE)).astype("float32")
    codes, centres = model.encode(x).numpy(), model.assignment.centres.numpy()
    kernel = np.array([[1.0 / (1.0 + ((z - m) ** 2).sum()) for m in centres] for z in codes])
    q = kernel / kernel.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(model.cluster_log_probs(x)), q, rtol=1e-5)
    assert model.cluster(x).tolist() == q.argmax(axis=1).tolist()
    p = q**2 / q.sum(axis=0)
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(sharpened(tf.constant(np.log(q), tf.float32)), p, rtol=1e-5)
    terms = objectives.EmbeddedClustering(weight=2.0).terms(model, tf.constant(x), None, 0, SEED)
    np.testing.assert_allclose(terms.penalty, 2.0 * (p * np.log(p / q)).sum(axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(terms.log_likelihood, model.decode(codes).log_prob(x), rtol=1e-5)


def test_the_target_is_held_fixed_and_is_that_of_the_clean_example(model, rng):
    x = tf.constant(rng.uniform(size=(6, *SHAPE)), tf.float32)
    objective = objectives.EmbeddedClustering(weight=1.0, corruption={"name": "random_affine", "rotation": 90.0})
    with tf.GradientTape() as tape:
        found = tf.reduce_sum(objective.terms(model, x, None, 0, SEED).penalty)
    turned = objective.corruption(x, tf.random.experimental.stateless_fold_in(SEED, 0))
    target = sharpened(model.cluster_log_probs(x)).numpy()
    with tf.GradientTape() as expected_tape:
        log_q = model.cluster_log_probs_of(model.code_given(turned, None))
        expected = tf.reduce_sum(target * (np.log(target) - log_q))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    centres = model.assignment.centres
    np.testing.assert_allclose(
        tape.gradient(found, centres), expected_tape.gradient(expected, centres), rtol=1e-3, atol=1e-5
    )


def test_a_model_without_clusters_is_refused(rng):
    model = Autoencoder(SHAPE, 3, network={"name": "mlp", "hidden_units": (8,)})
    x = tf.constant(rng.uniform(size=(6, *SHAPE)), tf.float32)
    with pytest.raises(ValueError, match="Autoencoder has no clusters in its code: take a DEC"):
        objectives.EmbeddedClustering().terms(model, x, None, 0, SEED)


def test_it_survives_saving():
    objective = objectives.EmbeddedClustering(3.0, {"name": "random_affine", "rotation": 5.0, "shift": 1.0})
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert again.get_config() == objective.get_config()
    assert again.corruption.settings() == {"rotation": 5.0, "shift": 1.0}
