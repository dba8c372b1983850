"""k falls while a k-sparse code learns, and fewer units die."""

import numpy as np
import pytest

from keras_vae import data, models, objectives
from keras_vae._backend import keras, tf
from keras_vae.training.recipe import Recipe

SHAPE = (4, 4, 1)
SEED = tf.constant([1, 2])


def _active(objective, model, x, step, training=True):
    code = objective.code(model, x, None, tf.constant(step, tf.int64), training)
    return np.count_nonzero(code, axis=1)


def test_k_falls_in_a_straight_line_to_the_models(rng):
    model = models.SparseAutoencoder(SHAPE, 20, num_active=4, code_activation="linear")
    x = tf.constant(rng.uniform(size=(6, *SHAPE)), tf.float32)
    objective = objectives.KSparse(start=16, steps=100)
    for step, k in ((0, 16), (25, 13), (50, 10), (100, 4), (10_000, 4)):
        np.testing.assert_array_equal(_active(objective, model, x, step), k)
    np.testing.assert_array_equal(_active(objective, model, x, 0, training=False), 4)
    last = objective.terms(model, x, None, tf.constant(100, tf.int64), SEED, training=True)
    plain = objectives.Reconstruction().terms(model, x, None, tf.constant(0, tf.int64), SEED)
    np.testing.assert_allclose(last.loss, plain.loss, rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_more_units_stay_alive(jit_compile):
    images, _ = data.arrays("digits", "train")
    alive = []
    for objective in (objectives.Reconstruction(), objectives.KSparse(start=50, steps=150)):
        keras.utils.set_random_seed(0)
        model = models.SparseAutoencoder((28, 28, 1), 100, num_active=5, code_activation="linear")
        model.compile(keras.optimizers.Adam(3e-3), objective, jit_compile=jit_compile)
        model.fit(images, batch_size=100, epochs=15, verbose=0)
        alive.append(np.count_nonzero(np.any(model.encode(images), axis=0)))
    assert alive[1] > 1.2 * alive[0], alive


def test_it_says_for_which_models_it_is(rng):
    x = tf.constant(rng.uniform(size=(2, *SHAPE)), tf.float32)
    for model, message in (
        (models.SparseAutoencoder(SHAPE, 20, sparsity="l1"), "does not keep its k largest units"),
        (models.SparseAutoencoder(SHAPE, 20, num_active=8), "start=5: .* must be from 8 to the 20 units"),
    ):
        with pytest.raises(ValueError, match=message):
            objectives.KSparse(start=5).terms(model, x, None, tf.constant(0, tf.int64), SEED, training=True)
    with pytest.raises(ValueError, match="start=0"):
        objectives.KSparse(start=0)


def test_round_trip_and_recipe():
    objective = objectives.KSparse(30, 7, corruption="masking_noise")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert again.get_config() == objective.get_config()
    recipe = Recipe.from_dict(
        {
            "model": {"class": "SparseAutoencoder", "data_shape": [28, 28, 1], "latent_size": 40, "num_active": 4},
            "data": {"name": "digits", "preprocessing": "scaling"},
            "objective": {"name": "k_sparse", "start": 20, "epochs": 2.5},
            "training": {"epochs": 1, "batch_size": 10},
        }
    )
    assert recipe.build_objective(steps_per_epoch=10).steps == 25
