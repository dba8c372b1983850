import numpy as np
import pytest

from keras_vae import zoo
from keras_vae._backend import keras, tf
from keras_vae.models import Classifier


def test_learns_saves_and_reloads(digits, tmp_path):
    images, labels = digits
    model = Classifier((28, 28, 1), 10, filters=(4, 8), dense_units=16)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(images, labels, epochs=25, verbose=0)
    assert model.evaluate(images, labels, verbose=0, return_dict=True)["accuracy"] > 0.9
    expected = model.predict(images, verbose=0)
    assert expected.shape == (64, 10)
    zoo.save_to_preset(model, tmp_path / "judge")
    np.testing.assert_array_equal(zoo.load(tmp_path / "judge").predict(images, verbose=0), expected)
    model.save(tmp_path / "judge.keras")
    np.testing.assert_array_equal(
        keras.models.load_model(tmp_path / "judge.keras").predict(images, verbose=0), expected
    )
    again = keras.models.load_model(tmp_path / "judge.keras")
    assert again.optimizer.iterations == model.optimizer.iterations
    assert again.fit(images, labels, verbose=0).history["loss"][0] < 1.0, "it is compiled, and trains on"


def _classifier():
    model = Classifier((8, 8, 1), 3, filters=(4,), dense_units=8)
    model.compile()
    return model


X = np.zeros((6, 8, 8, 1), "float32")
Y = np.arange(6) % 3


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[..., 0], "channel axis"),
        (X[0], "batch axis"),
        (X + 255.0, "divide by 255"),
        (X * np.nan, "finite"),
        (X.astype("uint8"), "dtype uint8"),
        (X.astype(object), "dtype object"),
        (None, "None"),
        ({"image": X}, "dictionary"),
        ((X, Y), "tuple"),
    ],
)
def test_images_are_checked(x, message):
    model = _classifier()
    for method in (
        model,
        model.predict,
        lambda x: model.fit(x, Y, verbose=0),
        lambda x: model.evaluate(x, Y, verbose=0),
    ):
        with pytest.raises(ValueError, match=message):
            method(x)
    with pytest.raises(ValueError, match="255"):
        model.predict(tf.data.Dataset.from_tensor_slices(X + 255.0).batch(2), verbose=0)


@pytest.mark.parametrize("y", [None, Y + 1, Y - 1, Y + 0.5, Y.astype(str), np.eye(3)[Y], Y[:5]])
def test_labels_are_checked(y):
    model = _classifier()
    for method in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="label"):
            method(X, y, verbose=0)
    with pytest.raises(ValueError, match="label"):
        model.fit(X, Y, validation_data=(X, y), verbose=0)


def test_labels_of_a_pipeline_are_checked():
    model = _classifier()
    with pytest.raises(ValueError, match=r"from 0 to 2.* -3 -1"):
        model.fit(tf.data.Dataset.from_tensor_slices((X, Y - 3)).batch(6), verbose=0)


def test_xla_leaves_no_check_of_a_pipeline_out():
    """Code compiled by XLA drops assertions without a word, so what breaks a rule is counted, and told after the batch."""
    model = Classifier((8, 8, 1), 3, filters=(4,), dense_units=8)
    model.compile(jit_compile=True)

    def pipeline(x, y):
        return tf.data.Dataset.from_tensor_slices((x.astype("float32"), y)).batch(3)

    assert np.isfinite(model.fit(pipeline(X, Y), callbacks=keras.callbacks.History(), verbose=0).history["loss"]).all()
    weights = model.get_weights()
    before = model.evaluate(pipeline(X, Y), verbose=0, return_dict=True)
    assert set(before) == {"loss", "accuracy"}
    for x, y, rule in (
        (X + 255.0, Y, "divide by 255"),
        (X * np.nan, Y, "finite"),
        (X, Y + 1, "A label is out of range: labels must be from 0 to 2"),
        (X, Y - 1, "A label is out of range"),
    ):
        with pytest.raises(ValueError, match=f"{rule}.*learned from that batch already"):
            model.fit(pipeline(x, y), verbose=0)
        with pytest.raises(ValueError, match=rule):
            model.evaluate(pipeline(x, y), verbose=0)
        with pytest.raises(ValueError, match=rule):
            model.fit(X, Y, validation_data=pipeline(x, y), verbose=0)
        if y is Y:
            with pytest.raises(ValueError, match=rule):
                model.predict(pipeline(x, y), verbose=0)
    # The counts are those of one evaluation.
    model.set_weights(weights)
    assert model.evaluate(pipeline(X, Y), verbose=0, return_dict=True) == before


def test_labels_in_a_column_are_labels():
    model = _classifier()
    assert model.evaluate(X, Y[:, None].astype("float32"), verbose=0) == model.evaluate(X, Y, verbose=0)


def test_images_may_overshoot():
    """Samples of a Gaussian model lie a little outside 0 to 1, and are classified too."""
    assert np.isfinite(_classifier().predict(X + 1.2, verbose=0)).all()


def test_another_loss_takes_its_own_labels():
    model = Classifier((8, 8, 1), 3, filters=(4,), dense_units=8)
    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    assert np.isfinite(model.fit(X, np.eye(3)[Y], verbose=0).history["loss"]).all()


def test_is_to_be_compiled():
    with pytest.raises(ValueError, match="not compiled"):
        Classifier((8, 8, 1), 3).fit(X, Y)
