"""Layers learn one after the other, each on the codes of the last."""

import numpy as np
import pytest

from keras_vae import VAE, _weights, models, objectives
from keras_vae._backend import keras, tf

SHAPE = (4, 4, 1)
SEED = tf.constant([1, 2])


@pytest.fixture(params=[False, True], ids=["free", "tied"])
def model(request):
    keras.utils.set_random_seed(0)
    return models.StackedAutoencoder(SHAPE, (10, 8, 6), tied=request.param)


@pytest.fixture
def x(rng):
    return tf.constant(rng.uniform(size=(20, *SHAPE)), tf.float32)


def test_the_layers_together_are_the_whole(model, x):
    h = x
    for layer in range(3):
        h = model.encode_layer(layer, h)
    np.testing.assert_allclose(h, model.encode(x), rtol=1e-5)
    for layer in (2, 1):
        h = model.decode_layer(layer, h).mean()
    np.testing.assert_allclose(model.decode_layer(0, h).mean(), model.reconstruct(x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_a_layers_terms_are_those_of_its_own_autoencoder(activation, x):
    model = models.StackedAutoencoder(SHAPE, (10, 8), activation=activation)
    terms = objectives.LayerWise(100).terms(model, x, None, tf.constant(150, tf.int64), SEED)
    h = model.encode_layer(0, x).numpy()
    dense = model.decoder.get_layer("hidden_0")
    again = dense(model.encode(x)).numpy()
    expected = (
        (h * np.log(again) + (1 - h) * np.log1p(-again)).sum(axis=1)
        if activation == "sigmoid"
        else -0.5 * ((h - again) ** 2).sum(axis=1) - 5 * np.log(2 * np.pi)
    )
    np.testing.assert_allclose(terms.log_likelihood, expected, rtol=1e-4)
    np.testing.assert_allclose(terms.squared_error, ((h - again) ** 2).mean(axis=1), rtol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_only_the_layer_whose_turn_it_is_learns(model, x, jit_compile):
    # Plain gradient descent: what gets no gradient stays, to the bit.
    model.compile(
        keras.optimizers.SGD(0.1), objectives.LayerWise(2, corruption="masking_noise"), jit_compile=jit_compile
    )
    parts = {
        0: ["encoder/hidden_0", "decoder/pixels", "decoder/output"],
        1: ["encoder/hidden_1", "decoder/hidden_1"],
        2: ["encoder/output", "decoder/hidden_0"],
        3: ["encoder/", "decoder/"],
    }
    for stage in range(4):
        before = {name: variable.numpy() for name, variable in _weights.named(model).items()}
        model.fit(x, epochs=1, batch_size=10, verbose=0)
        for name, variable in _weights.named(model).items():
            moved = np.abs(variable.numpy() - before[name]).max() > 0
            assert moved == name.startswith(tuple(parts[stage])), (stage, name)


def test_greedy_training_lowers_the_loss_of_each_layer(model, x):
    model.compile(keras.optimizers.Adam(0.01), objectives.LayerWise(100), seed=0)
    losses = model.fit(tf.tile(x, (25, 1, 1, 1)), epochs=16, batch_size=20, verbose=0).history["loss"]
    for start in (0, 4, 8, 12):
        assert losses[start + 3] < losses[start]


def test_the_configuration_comes_back():
    objective = objectives.LayerWise(30, corruption={"name": "salt_and_pepper", "rate": 0.1})
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert again.get_config() == objective.get_config()
    assert again.corruption.rate == 0.1


def test_a_model_that_has_no_layers_to_train_one_by_one(x):
    model = models.Autoencoder(SHAPE, 3)
    with pytest.raises(ValueError, match="Autoencoder is not made of layers that train one by one"):
        objectives.LayerWise().terms(model, x, None, 0, SEED)
    with pytest.raises(ValueError, match="steps_per_layer=0"):
        objectives.LayerWise(0)
    with pytest.raises(ValueError, match="VAE has no code of its own"):
        models.classifier_on(VAE(SHAPE, 2), 3)


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", ["stacked", "k_sparse"])
def test_a_classifier_on_a_code_starts_from_it_and_leaves_it_alone(kind, frozen, x, rng, tmp_path):
    model = (
        models.StackedAutoencoder(SHAPE, (10, 6))
        if kind == "stacked"
        else models.SparseAutoencoder(SHAPE, 30, num_active=4)
    )
    before = model.encode(x).numpy()
    classifier = models.classifier_on(model, 3, hidden_units=(5,), frozen=frozen)
    code = keras.Model(classifier.input, classifier.get_layer("dropout").input)
    np.testing.assert_allclose(code(x), before, rtol=1e-6)
    classifier.fit(x.numpy(), rng.integers(0, 3, 20), epochs=3, verbose=0)
    np.testing.assert_array_equal(model.encode(x), before)
    assert (np.abs(code(x) - before).max() == 0) == frozen
    classifier.save(tmp_path / "classifier.keras")
    again = keras.models.load_model(tmp_path / "classifier.keras")
    np.testing.assert_array_equal(again(x), classifier(x))


def test_a_classifier_may_drop_data_in_training_alone(x):
    model = models.StackedAutoencoder(SHAPE, (6, 4))
    plain, dropping = models.classifier_on(model, 3), models.classifier_on(model, 3, input_dropout=0.5)
    for own, other in zip(dropping.trainable_variables, plain.trainable_variables, strict=True):
        own.assign(other)
    np.testing.assert_array_equal(dropping.predict(x, verbose=0), plain.predict(x, verbose=0))
    assert np.any(np.asarray(dropping(x, training=True)) != np.asarray(plain(x, training=True)))
    with pytest.raises(ValueError, match="input_dropout=1.5"):
        models.classifier_on(model, 3, input_dropout=1.5)
