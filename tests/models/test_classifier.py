import numpy as np

from keras_vae import zoo
from keras_vae._backend import keras
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
