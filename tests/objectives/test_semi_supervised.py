"""The bound of model M2 against the same sums written out, class by class."""

import numpy as np
import pytest

from keras_vae import augment, data, objectives, training
from keras_vae._backend import keras, tf
from keras_vae.models import SemiSupervisedVAE

SHAPE, CLASSES = (4, 4, 1), 3
SEED = tf.constant([1, 2])


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = SemiSupervisedVAE(SHAPE, CLASSES, 2, network={"name": "mlp", "hidden_units": (8,)})
    # A posterior without spread: a draw is its mean, and the bound has no noise.
    output = model.encoder.get_layer("output")
    output.kernel.assign(tf.concat([output.kernel[:, :2], tf.zeros((8, 2))], axis=1))
    output.bias.assign([0.0, 0.0, -30.0, -30.0])
    return model


@pytest.fixture
def x(rng):
    return (rng.uniform(size=(5, *SHAPE)) < 0.5).astype("float32")


def _terms(model, x, labels, **arguments):
    condition = model.training_condition_of(np.array(labels), len(x))
    return objectives.SemiSupervisedELBO(**arguments).terms(model, tf.constant(x), condition, 0, SEED)


def test_both_bounds_are_the_papers_sums(model, x):
    by_class = np.stack(
        [model.elbo(x, np.full(5, c), seed=0).numpy() - np.log(CLASSES) for c in range(CLASSES)], axis=1
    )
    log_q = model.class_log_probs(x).numpy()
    q = np.exp(log_q)
    known = _terms(model, x, [2, 0, 1, 1, 2], classification_weight=7.0)
    np.testing.assert_allclose(known.elbo, by_class[np.arange(5), [2, 0, 1, 1, 2]], rtol=1e-4)
    np.testing.assert_allclose(known.regularizer, -7.0 * log_q[np.arange(5), [2, 0, 1, 1, 2]], rtol=1e-5)
    unknown = _terms(model, x, [-1] * 5)
    np.testing.assert_allclose(unknown.elbo, (q * (by_class - log_q)).sum(axis=1), rtol=1e-4)
    np.testing.assert_array_equal(unknown.regularizer, np.zeros(5))
    # With q(y|x) at its best the bound is log sum_y exp(-L(x, y)): it can only be below.
    assert (unknown.elbo.numpy() <= np.log(np.exp(by_class).sum(axis=1)) + 1e-4).all()
    mixed = _terms(model, x, [2, -1, 1, -1, -1], classification_weight=7.0)
    for i, label in enumerate([2, -1, 1, -1, -1]):
        whole = unknown if label < 0 else known
        assert mixed.elbo[i].numpy() == pytest.approx(whole.elbo[i].numpy(), rel=1e-5)
    assert mixed.known.numpy().tolist() == [1, 0, 1, 0, 0]


def test_beta_weighs_the_kl_of_the_code_alone(model, x):
    labels = [2, -1, 1, -1, 0]
    once, thrice = (_terms(model, x, labels, beta=beta) for beta in (1.0, 3.0))
    np.testing.assert_array_equal(thrice.elbo, once.elbo)
    by_class = np.stack([model.encode(x, np.full(5, c)).kl_divergence(model.prior()) for c in range(CLASSES)], axis=1)
    q = np.exp(model.class_log_probs(x).numpy())
    weight = np.where(np.array(labels)[:, None] >= 0, np.eye(CLASSES)[labels], q)
    np.testing.assert_allclose(thrice.loss - once.loss, 2.0 * (weight * by_class).sum(axis=1), rtol=1e-4)


def test_the_accuracy_is_that_of_the_known_labels(model, x):
    right = model.classify(x)
    labels = np.array([right[0], (right[1] + 1) % CLASSES, -1, -1, right[4]])
    terms = _terms(model, x, labels)
    means = type(terms)(*(tf.reduce_mean(term) for term in terms))
    assert float(means.accuracy) == pytest.approx(2 / 3)
    model.compile()
    assert model.evaluate(x, labels, verbose=0, return_dict=True)["accuracy"] == pytest.approx(2 / 3)


def test_labels_that_are_not_known_teach_the_classifier_too(model, x):
    condition = model.training_condition_of(np.full(5, -1), 5)
    with tf.GradientTape() as tape:
        terms = objectives.SemiSupervisedELBO().terms(model, tf.constant(x), condition, 0, SEED)
        loss = tf.reduce_mean(terms.loss)
    assert all(np.abs(g).max() > 0 for g in tape.gradient(loss, model.classifier.trainable_variables))


def test_unknown_labels_are_for_training_alone(model, x):
    model.compile()
    model.fit(x, np.array([0, -1, 1, -1, 2]), verbose=0)
    model.fit(tf.data.Dataset.from_tensor_slices((x, np.array([0, -1, 1, -1, 2]))).batch(5), verbose=0)
    with pytest.raises(ValueError, match="A label is -1: labels must be from 0 to 2"):
        model.encode(x, np.full(5, -1))
    with pytest.raises(ValueError, match="A label is -2: .* or -1 where it is not known"):
        model.fit(x, np.array([0, -2, 1, -1, 2]), verbose=0)
    with pytest.raises(ValueError, match="takes an objective such as"):
        model.compile("adam", objectives.ELBO())


def test_it_survives_saving():
    objective = objectives.SemiSupervisedELBO(
        3.0, "random_affine", objectives.Linear(10, end=2.0), num_samples=2, kl="monte_carlo"
    )
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert again.get_config() == objective.get_config()


def test_few_labels_are_shown_in_every_batch():
    images = data.read("digits", "train")
    few = data.with_few_labels(images, 30, seed=1)
    shown = few.labels >= 0
    assert np.bincount(few.labels[shown]).tolist() == [3] * 10
    np.testing.assert_array_equal(few.labels[shown], images.labels[shown])
    stream = data.training_stream(few, augment.Scaling(), 50, steps_per_epoch=10, seed=3, labelled_per_batch=20)
    batches = [(x.numpy(), y.numpy()) for x, y in stream.take(20)]
    known = {image.tobytes(): label for image, label in zip(few.images[shown], few.labels[shown], strict=True)}
    for x, y in batches:
        assert len(y) == 50
        for image, label in zip(x[-20:], y[-20:], strict=True):
            assert known[np.round(image * 255).astype("uint8").tobytes()] == label
    assert len({y[-20:].tobytes() for _, y in batches}) > 10
    again = data.training_stream(
        few, augment.Scaling(), 50, steps_per_epoch=10, seed=3, first_epoch=1, labelled_per_batch=20
    )
    np.testing.assert_array_equal(next(iter(again))[0], batches[10][0])
    with pytest.raises(ValueError, match="no example has a label"):
        hidden = data.Images(few.images, np.full_like(few.labels, -1))
        data.training_stream(hidden, augment.Scaling(), 50, steps_per_epoch=1, labelled_per_batch=1)
    with pytest.raises(ValueError, match="labelled_per_batch=51"):
        data.training_stream(few, augment.Scaling(), 50, steps_per_epoch=1, labelled_per_batch=51)


def test_a_recipe_with_few_labels_is_learned_from(tmp_path):
    tables = {
        "model": {
            "class": "SemiSupervisedVAE",
            "data_shape": [28, 28, 1],
            "num_classes": 10,
            "latent_size": 4,
            "network": {"name": "mlp", "hidden_units": [32]},
        },
        "data": {"name": "digits", "validation": 200, "labels": 100, "labels_per_batch": 32},
        "training": {"epochs": 8, "batch_size": 64},
        "optimizer": {"learning_rate": 3e-3},
    }
    model = training.train(training.Recipe.from_dict(tables), tmp_path, verbose=0)
    x, y = data.arrays("digits", "test")
    assert np.mean(model.classify(x) == y) > 0.7
    assert training.read_history(tmp_path)[-1]["val_accuracy"] > 0.7
    with pytest.raises(ValueError, match=r"data.labels=100 and data.labels_per_batch=0: give both, or neither"):
        training.Recipe.from_dict({**tables, "data": {"name": "digits", "labels": 100}})
