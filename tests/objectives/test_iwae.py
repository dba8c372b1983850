"""The importance-weighted bound and its three gradients, beside an exact model and NumPy."""

import numpy as np
import pytest
from scipy import special

from keras_vae import VAE, ConvVAE
from keras_vae._backend import keras, tf
from keras_vae.distributions import DiagonalGaussian, FullCovarianceGaussian, detached
from keras_vae.models import HierarchicalVAE
from keras_vae.objectives import ELBO, IWAE, iwae

SEED = tf.constant([5, 6])


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = VAE((4,), 2, hidden_units=(8,), activation="tanh", likelihood={"name": "gaussian", "scale": 0.7})
    model.decoder.get_layer("pixels").kernel.assign(2.0 * np.random.default_rng(0).normal(size=(8, 4)))
    return model


@pytest.fixture
def x(rng):
    return tf.constant(rng.normal(size=(3, 4)), tf.float32)


def _gradient(objective, model, x, variables, seed=SEED):
    with tf.GradientTape() as tape:
        terms = objective.terms(model, x, None, 0, seed)
        loss = tf.reduce_mean(terms.kl - terms.log_likelihood + terms.regularizer)
    return tf.concat([tf.reshape(g, [-1]) for g in tape.gradient(loss, variables)], axis=0), loss


def _flat_gradient(objective, model, x, seed):
    variables = [v for part in ("encoder", "posterior", "decoder") for v in model.parts[part].trainable_variables]
    return _gradient(objective, model, x, variables, seed)[0]


def test_the_loss_is_minus_the_bound(model, x):
    q = model.posterior_given(x, None)
    z = q.sample(7, seed=SEED)
    ratio = (q.log_prob(z) - model.prior_given(None).log_prob(z)).numpy()
    ll = model.likelihood_given(z, None).log_prob(x).numpy()
    for gradient in iwae.GRADIENTS:
        terms = IWAE(7, gradient).terms(model, x, None, 0, SEED)
        bound = special.logsumexp(ll - ratio, axis=0) - np.log(7)
        np.testing.assert_allclose(terms.log_likelihood - terms.kl - terms.regularizer, bound, rtol=1e-5)
        np.testing.assert_allclose(terms.log_likelihood, ll.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(terms.kl, ratio.mean(axis=0), rtol=1e-4, atol=1e-5)
        assert (terms.regularizer.numpy() <= 1e-5).all()  # Jensen


def test_one_sample_is_the_elbo(model, x):
    variables = model.trainable_variables
    ours, loss = _gradient(IWAE(1, "standard"), model, x, variables)
    theirs, expected = _gradient(ELBO(kl="monte_carlo"), model, x, variables)
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    ours, _ = _gradient(IWAE(1), model, x, variables)
    theirs, _ = _gradient(ELBO(kl="sticking_the_landing"), model, x, variables)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_more_samples_give_a_tighter_bound_below_log_p(linear_gaussian):
    model, x, exact = linear_gaussian
    model.encoder.get_layer("output").bias.assign_add(np.array([0.3, -0.2, 0.2, 0.1, -0.2]))
    bounds = [np.mean([_bound(IWAE(k), model, x, s) for s in range(20)]) for k in (1, 5, 50)]
    assert bounds[0] < bounds[1] < bounds[2] < exact.mean()
    assert exact.mean() - bounds[2] < 0.02 < exact.mean() - bounds[0]


def _bound(objective, model, x, seed):
    terms = objective.terms(model, tf.constant(x), None, 0, tf.constant([seed, 1]))
    return float(tf.reduce_mean(terms.log_likelihood - terms.kl - terms.regularizer))


@pytest.mark.parametrize("objective", [IWAE(8), IWAE(8, "sticking_the_landing"), ELBO(kl="sticking_the_landing")])
def test_at_the_true_posterior_the_encoders_gradient_is_zero_for_every_draw(linear_gaussian, objective):
    """All weights are equal there, whatever z: what the path derivative promises, and the standard gradient does not hold."""
    model, x, exact = linear_gaussian
    found, loss = _gradient(objective, model, tf.constant(x), model.encoder.trainable_variables)
    assert float(loss) == pytest.approx(-exact.mean(), rel=1e-4)
    assert np.abs(found).max() < 1e-3
    noisy, _ = _gradient(IWAE(8, "standard"), model, tf.constant(x), model.encoder.trainable_variables)
    assert np.abs(noisy).max() > 0.03


@pytest.mark.parametrize("hierarchy", [False, True])
def test_the_doubly_reparameterized_gradient_is_unbiased_and_less_noisy(model, x, hierarchy):
    if hierarchy:
        likelihood = {"name": "gaussian", "scale": 0.7}
        between = {"num_features": 3, "level_units": (4,), "activation": "tanh"}
        model = HierarchicalVAE((4,), (1, 2), {"name": "mlp", "hidden_units": (8,)}, likelihood=likelihood, **between)
        model.decoder.get_layer("pixels").kernel.assign(2.0 * np.random.default_rng(0).normal(size=(8, 4)))
    draws = {}
    for name in ("standard", "doubly_reparameterized"):
        run = tf.function(lambda seed, name=name: _flat_gradient(IWAE(8, name), model, x, seed))
        draws[name] = np.stack([run(tf.constant([s, 0])) for s in range(800)])
    means = {name: value.mean(axis=0) for name, value in draws.items()}
    error = np.sqrt(sum(value.var(axis=0) for value in draws.values()) / 800)
    off = (means["standard"] - means["doubly_reparameterized"]) / np.maximum(error, 1e-7)
    assert np.abs(off).max() < 4.5
    assert np.square(off).mean() < 2.0
    assert draws["doubly_reparameterized"].var(axis=0).sum() < 0.9 * draws["standard"].var(axis=0).sum()


def test_the_decoder_has_one_gradient_whatever_the_estimator(model, x):
    found = [_gradient(IWAE(8, name), model, x, model.decoder.trainable_variables)[0] for name in iwae.GRADIENTS]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_in_chunks_it_is_the_same(model, x, monkeypatch, compiled):
    def run():
        return _flat_gradient(IWAE(10), model, x, SEED)

    whole = run()
    monkeypatch.setattr(iwae, "_CHUNK", 4)
    in_chunks = tf.function(run, jit_compile=True)() if compiled else run()
    np.testing.assert_allclose(in_chunks, whole, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_raises_the_bound(rng, jit_compile):
    x = (rng.uniform(size=(64, 8, 8, 1)) < 0.3).astype("float32")
    model = ConvVAE((8, 8, 1), 3, filters=(4, 8), dense_units=(16,))
    model.compile(keras.optimizers.Adam(1e-2), IWAE(5), seed=0, steps_per_execution=2, jit_compile=jit_compile)
    history = model.fit(x, batch_size=16, epochs=10, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] - 1.0
    assert all(loss <= -elbo + 1e-3 for loss, elbo in zip(history["loss"], history["elbo"], strict=True))


def test_it_is_saved_with_the_model(model, tmp_path):
    model.compile("adam", IWAE(3, "sticking_the_landing"))
    model.save(tmp_path / "m.keras")
    objective = keras.models.load_model(tmp_path / "m.keras").objective
    assert objective.get_config() == {"num_samples": 3, "gradient": "sticking_the_landing"}


@pytest.mark.parametrize("layer", [DiagonalGaussian(3), FullCovarianceGaussian(3)])
def test_detached_keeps_the_density_and_drops_the_gradient(layer, rng):
    params = tf.Variable(rng.normal(size=(2, *layer.params_shape)), dtype=tf.float32)
    z = tf.Variable(rng.normal(size=(5, 2, 3)), dtype=tf.float32)
    with tf.GradientTape() as tape:
        q = layer(params + 0.0)
        value = detached(q).log_prob(z)
    np.testing.assert_array_equal(value, q.log_prob(z))
    to_params, to_z = tape.gradient(value, [params, z])
    assert to_params is None
    assert np.abs(to_z).min() > 0


def test_what_cannot_be_detached_is_named(model):
    from keras_vae._backend import tfb, tfd

    flow = tfd.TransformedDistribution(tfd.Normal(0.0, 1.0), tfb.Scale(tf.Variable(2.0)))
    with pytest.raises(NotImplementedError, match=r"'bijector' of TransformedDistribution.*'standard'"):
        detached(flow)


def test_bad_settings():
    with pytest.raises(ValueError, match=r"num_samples=0"):
        IWAE(0)
    with pytest.raises(ValueError, match=r"num_samples=10000.*1000"):
        IWAE(10_000)
    with pytest.raises(ValueError, match=r"gradient='dreg'.*'doubly_reparameterized'"):
        IWAE(5, "dreg")
