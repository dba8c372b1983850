"""Conditions that are pictures, and pictures that are completed."""

import numpy as np
import pytest

from keras_vae import data, objectives
from keras_vae._backend import keras, tf, tfd
from keras_vae.distributions import Bernoulli, PartlyGiven
from keras_vae.models import ImageConditionalVAE

SHAPE = (4, 4, 1)


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return ImageConditionalVAE(
        SHAPE, (4, 4, 2), 2, num_features=4, network={"name": "mlp", "hidden_units": (8,)}, completes=True
    )


@pytest.fixture
def x(rng):
    return (rng.uniform(size=(6, *SHAPE)) < 0.5).astype("float32")


def test_only_what_is_hidden_has_a_density(rng):
    logits = rng.normal(size=(3, 5, 2)).astype("float32")
    whole = tfd.Independent(tfd.Bernoulli(logits=logits, dtype=tf.float32), 1)
    values, given = np.array([[1.0, 0.0]] * 5, "float32"), np.array([[True, False]] * 5)
    p = PartlyGiven(whole, values, given)
    x = np.array([[1.0, 1.0]] * 5, "float32")
    expected = -np.log1p(np.exp(-logits[..., 1]))
    np.testing.assert_allclose(p.log_prob(x), expected, rtol=1e-5)
    np.testing.assert_allclose(p.mean()[..., 1], 1 / (1 + np.exp(-logits[..., 1])), rtol=1e-5)
    assert (p.mean()[..., 0].numpy() == 1).all()
    assert (p.sample(7, seed=0)[..., 0].numpy() == 1).all()
    own = Bernoulli((2,))(logits)
    np.testing.assert_allclose(PartlyGiven(own, values, given).log_prob(x), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="from 255 to 255: must be finite and from 0 to 1"):
        PartlyGiven(own, values, given).log_prob(x * 255)
    with pytest.raises(NotImplementedError, match="independent elements"):
        PartlyGiven(tfd.MultivariateNormalTriL(tf.zeros(2), tf.eye(2)), values, given)


def test_given_pixels_come_out_as_they_are_and_hidden_ones_vary(model, x):
    condition = data.quadrants(x, 2)
    for layer in model.decoder.layers:
        for weight in layer.trainable_variables:
            weight.assign(np.random.default_rng(1).normal(size=weight.shape))
    drawn = np.stack([model.sample(labels=condition, seed=seed) for seed in range(4)])
    np.testing.assert_array_equal(drawn[..., :2, :], np.broadcast_to(x[:, :, :2], (4, 6, 4, 2, 1)))
    assert drawn[..., 2:, :].std(axis=0).max() > 0.01
    # Other values of what is hidden change nothing of what is drawn; of what is given, they do.
    other = x.copy()
    other[:, :, 2:] = 1 - other[:, :, 2:]
    np.testing.assert_array_equal(model.sample(labels=data.quadrants(other, 2), seed=0), drawn[0])


def test_the_density_is_that_of_the_hidden_pixels(model, x):
    z = np.zeros((6, 2), "float32")
    for given, hidden in ((1, 12), (2, 8), (3, 4)):
        found = -model.decode(z, data.quadrants(x, given)).log_prob(x)
        # An untrained decoder says a half of every pixel, or nearly so.
        np.testing.assert_allclose(found, hidden * np.log(2), rtol=0.35)
    nothing = model.decode(z, np.concatenate([x, np.ones_like(x)], axis=-1)).log_prob(x)
    np.testing.assert_array_equal(nothing, 0.0)


def test_it_learns_to_complete_digits():
    x, _ = data.arrays("digits", "train")
    conditions = data.quadrants(x, 1 + np.arange(len(x)) % 3)
    keras.utils.set_random_seed(0)
    model = ImageConditionalVAE(
        (28, 28, 1), (28, 28, 2), 8, network={"name": "mlp", "hidden_units": (64,)}, completes=True
    )
    model.adapt_output_bias(x.mean(axis=0))
    model.compile(keras.optimizers.Adam(2e-3), seed=0)
    with pytest.warns(UserWarning, match="grey"):
        history = model.fit(x, conditions, epochs=8, batch_size=64, verbose=0).history["elbo"]
    assert history[-1] > history[0] + 10
    with pytest.warns(UserWarning, match="grey"):
        by_given = [float(np.mean(model.elbo(x[:300], data.quadrants(x[:300], given), seed=0))) for given in (1, 2, 3)]
    assert by_given[0] < by_given[1] < by_given[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: m.elbo(x, data.quadrants(x, 1)[:3]), "There are 3 conditions for 6 examples"),
        (
            lambda m, x: m.elbo(x, np.zeros((6, 4, 3, 2), "float32")),
            r"conditions have shape \(6, 4, 3, 2\): this model takes",
        ),
        (lambda m, x: m.elbo(x, np.zeros(6, int)), r"conditions have shape \(6,\)"),
        (lambda m, x: m.elbo(x), r"needs one image of shape \(4, 4, 2\)"),
        (lambda m, x: m.elbo(x, data.quadrants(x, 1) * 3), "The conditions hold 3.0"),
        (lambda m, x: m.sample(3), "is conditional"),
        (lambda m, x: m.fit(x, data.quadrants(x, 1)[:3]), "There are 3 conditions for 6 examples"),
        (lambda m, x: ImageConditionalVAE(SHAPE, SHAPE, 2, completes=True), r"one channel more, \(4, 4, 2\)"),
        (lambda m, x: ImageConditionalVAE(SHAPE, SHAPE, 2, num_features=0), "num_features=0"),
    ],
)
def test_bad_input(call, message, model, x):
    with pytest.raises(ValueError, match=message):
        call(model, x)


def test_bytes_and_floats_are_the_same_condition(model, x):
    in_bytes = data.quadrants((255 * x).astype("uint8"), 1)
    np.testing.assert_array_equal(
        model.sample(labels=in_bytes, seed=0), model.sample(labels=data.quadrants(x, 1), seed=0)
    )


def _small(**settings):
    keras.utils.set_random_seed(0)
    network = {"name": "mlp", "hidden_units": (8,), "activation": "tanh"}
    model = ImageConditionalVAE((4, 4, 1), (4, 4, 2), 3, num_features=5, network=network, completes=True, **settings)
    # Zeros make a conditional prior the same whatever the features are.
    model.prior.kernel.assign(tf.random.stateless_normal(model.prior.kernel.shape, (0, 1)))
    return model


@pytest.mark.parametrize("objective", [objectives.ELBO(), objectives.ELBO(kl="monte_carlo"), objectives.IWAE(60)])
@pytest.mark.parametrize("step", ["fit", "evaluate"])
def test_the_features_are_computed_once_in_a_step(rng, objective, step, monkeypatch):
    model, calls = _small(), []
    images = (rng.uniform(size=(6, 4, 4, 1)) < 0.5).astype("float32")
    network = type(model.condition_encoder)
    original = network.__call__

    def counted(self, *args, **kwargs):
        calls.append(self is model.condition_encoder)
        return original(self, *args, **kwargs)

    model.compile("adam", objective, seed=0)
    monkeypatch.setattr(network, "__call__", counted)
    getattr(model, step)(images, data.quadrants(images, 1), batch_size=6, verbose=0)
    assert sum(calls) == 1, "of the one step that is traced"


@pytest.mark.parametrize(
    ("objective", "tolerance"), [(objectives.ELBO(), 0.0), (objectives.IWAE(3), 0.0), (objectives.IWAE(60), 1e-5)]
)
def test_loss_and_gradient_are_those_of_features_computed_each_time(rng, objective, tolerance):
    model = _small()
    x = tf.constant((rng.uniform(size=(6, 4, 4, 1)) < 0.5).astype("float32"))
    condition = model.condition_of(data.quadrants(x.numpy(), 1), 6)
    found = []
    for prepare in (lambda condition: condition, lambda condition: model.prepared(condition, training=True)):
        with tf.GradientTape() as tape:
            losses = objective.terms(model, x, prepare(condition), 0, tf.constant([0, 7]), training=True).loss
            loss = tf.reduce_mean(losses)
        found.append((losses.numpy(), [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]))
    (apart, gradients), (once, same) = found
    np.testing.assert_array_equal(once, apart)
    for variable, a, b in zip(model.trainable_variables, gradients, same, strict=True):
        assert np.abs(a).max() > 0, variable.path
        # Three gradients of the features are added up in another order.
        np.testing.assert_allclose(b, a, atol=max(tolerance, 1e-6), rtol=1e-4, err_msg=variable.path)
