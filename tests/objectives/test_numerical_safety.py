"""No NaN where numbers are large: many pixels, scales that go to zero, weights that differ by thousands of nats."""

import numpy as np
import pytest

from keras_vae import VAE
from keras_vae._backend import keras, tf
from keras_vae.objectives import ELBO, IWAE

PIXELS = (100, 100, 1)
OBJECTIVES = {
    "elbo": ELBO(),
    "sticking the landing": ELBO(kl="sticking_the_landing"),
    "iwae": IWAE(num_samples=5),
    "iwae, standard": IWAE(num_samples=5, gradient="standard"),
}


def _weights(model):
    return {v.path: v.numpy() for v in model.trainable_variables}


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("likelihood", ["bernoulli", {"name": "gaussian", "scale": "learned"}, "discretized_logistic"])
def test_ten_thousand_pixels(likelihood, objective, rng):
    keras.utils.set_random_seed(0)
    model = VAE(PIXELS, 4, hidden_units=(16,), likelihood=likelihood)
    x = rng.integers(0, 256, size=(8, *PIXELS)).astype("float32") / 255
    x = np.round(x) if likelihood == "bernoulli" else x
    model.compile(keras.optimizers.Adam(1e-3), objective=objective, seed=0)
    history = model.fit(x, batch_size=4, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for path, value in _weights(model).items():
        assert np.isfinite(value).all(), path
    estimate = model.importance_estimate(x, num_samples=100, seed=0)
    assert np.isfinite(estimate.log_prob).all()
    assert np.isfinite(estimate.standard_error).all()


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_a_scale_that_goes_to_zero(objective):
    """One image, all over again: the best scale is 0, and training goes towards it as fast as it can."""
    keras.utils.set_random_seed(0)
    model = VAE((8, 8, 1), 2, hidden_units=(8,), likelihood={"name": "gaussian", "scale": "learned"})
    x = np.full((9600, 8, 8, 1), 0.5, "float32")
    model.compile(
        keras.optimizers.Adam(0.05, global_clipnorm=10.0), objective=objective, seed=0, steps_per_execution=50
    )
    history = model.fit(x, batch_size=16, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert history["elbo"][-1] > 100  # nats of 64 pixels: a standard deviation below 0.1
    for path, value in _weights(model).items():
        assert np.isfinite(value).all(), path
    report = model.importance_estimate(x[:4], num_samples=200, seed=0)
    assert np.isfinite(report.log_prob).all()


def test_weights_that_differ_by_thousands_of_nats(rng):
    """One draw carries all weight: the bound is then its log-weight less log K, and the gradients are finite."""
    model = VAE(PIXELS, 4, hidden_units=(16,))
    output = model.decoder.get_layer("output")
    for layer in model.decoder.layers:
        if hasattr(layer, "kernel"):
            layer.kernel.assign(10.0 * layer.kernel)
    output.bias.assign(tf.random.stateless_normal(output.bias.shape, seed=(0, 1)) * 5.0)
    x = tf.constant((rng.uniform(size=(4, *PIXELS)) < 0.5).astype("float32"))
    with tf.GradientTape() as tape:
        terms = IWAE(num_samples=20).terms(model, x, None, 0, tf.constant([0, 1]))
        bound = terms.log_likelihood - terms.kl - terms.regularizer
        loss = -tf.reduce_mean(bound)
    estimate = model.importance_estimate(x, num_samples=20, seed=0)
    assert np.median(estimate.effective_samples) < 1.01
    assert np.isfinite(bound).all()
    for gradient, variable in zip(
        tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True
    ):
        assert gradient is not None, variable.path
        assert np.isfinite(gradient).all(), variable.path
