"""The layers stand in a user's own Keras model: the example of the room's docstring."""

import numpy as np
import pytest

import keras_vae
from keras_vae._backend import keras, tf


@keras.saving.register_keras_serializable("tests")
class Regression(keras.Model):
    """Predicts a mean and a noise level for each input."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.noise = keras_vae.distributions.Gaussian((1,), scale="per_element")
        self.head = keras.layers.Dense(self.noise.params_shape[-1])

    def call(self, x):
        return self.head(x)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self.noise(self(x, training=True)).log_prob(y))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"nll": loss}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_users_model_learns_the_noise_saves_and_reloads(jit_compile, rng, tmp_path):
    x = rng.uniform(size=(2000, 1)).astype("float32")
    y = 3 * x - 1 + rng.normal(size=x.shape).astype("float32") * (0.1 + 0.4 * x)
    model = Regression()
    model.compile(keras.optimizers.Adam(0.02), jit_compile=jit_compile)
    model.fit(x, y, epochs=60, batch_size=100, verbose=0)
    p = model.noise(model(np.array([[0.0], [1.0]], "float32")))
    np.testing.assert_allclose(p.mean()[:, 0], [-1, 2], atol=0.15)
    np.testing.assert_allclose(p.stddev()[:, 0], [0.1, 0.5], atol=0.1)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
