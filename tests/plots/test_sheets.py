"""Sheets of reconstructions and samples are written early, at a sensible rate, and cost little."""

import numpy as np
import pytest

from keras_vae import VAE, ConditionalVAE, plots
from keras_vae._backend import keras
from keras_vae.plots import sheets

SHAPE = (8, 8, 1)


class Clock:
    """Time that passes as a test says."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(sheets.time, "monotonic", lambda: self.now)


@pytest.fixture
def vae():
    keras.utils.set_random_seed(0)
    model = VAE(SHAPE, 3, hidden_units=(4,))
    model.compile("adam")
    return model


def _words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def _images(figure, columns):
    """The images of a sheet, `(rows, columns, 8, 8)`."""
    sheet = np.asarray(figure.axes[0].images[0].get_array())[2:, 2:, 0]
    rows = sheet.shape[0] // 10
    return sheet[: rows * 10].reshape(rows, 10, -1)[:, :8].reshape(rows, 8, columns, 10)[..., :8].transpose(0, 2, 1, 3)


def test_a_sheet_has_titled_rows_of_images_reconstructions_and_samples(vae, rng, tmp_path):
    x = rng.uniform(size=(10, *SHAPE)).astype("float32").round()
    callback = plots.TrainingSheets(tmp_path)
    callback.set_examples(x, np.zeros(10, int), held_out=True)
    figure = callback._sheet(vae, "After epoch 3")
    assert _words(figure) == ["held-out images", "reconstructions", "samples", "", ""]
    assert [text.get_text() for text in figure.texts] == ["After epoch 3"]
    shown = _images(figure, 10)
    np.testing.assert_array_equal(shown[0], x[..., 0] * 255)
    made = np.asarray(vae.reconstruct(x))[..., 0] * 255
    np.testing.assert_allclose(shown[1], made, atol=0.51)
    np.testing.assert_allclose(shown[2:].reshape(30, 8, 8), np.asarray(vae.sample(30, seed=0))[..., 0] * 255, atol=0.51)


def test_classes_have_their_names_even_odd_ones(rng, tmp_path):
    model = ConditionalVAE(SHAPE, 3, 2)
    x = rng.uniform(size=(3, *SHAPE)).astype("float32").round()
    names = ("cat", "$x^2$_$", "a very long name of a class folder")
    callback = plots.TrainingSheets(tmp_path, x, np.arange(3), names)
    figure = callback._sheet(model, "Now")
    assert _words(figure) == [
        "images", "reconstructions", "samples: cat", "samples: $x^2$_$", "samples: a very long name of…",
    ]  # fmt: skip
    callback.set_model(model)
    assert callback.write("Now").stat().st_size > 1000
    assert _words(plots.TrainingSheets(tmp_path)._sheet(model, "Now")) == [f"samples: {i}" for i in range(3)]
    assert len(_words(plots.TrainingSheets(tmp_path)._sheet(ConditionalVAE(SHAPE, 30, 2), "Now"))) == 10


def test_weights_that_have_just_become_infinite_do_not_end_training_here(vae, rng, tmp_path):
    vae.decoder.get_layer("output").bias.assign(np.full(SHAPE, np.nan))
    callback = plots.TrainingSheets(tmp_path, rng.uniform(size=(3, *SHAPE)).astype("float32"))
    callback.set_model(vae)
    assert callback.write("Now").exists()


def test_data_that_are_no_images_have_no_sheet(tmp_path):
    assert plots.TrainingSheets(tmp_path).write("Now", VAE((5,), 2)) is None
    assert not list(tmp_path.iterdir())


@pytest.fixture
def written(monkeypatch, vae, tmp_path):
    """A callback whose sheets take two seconds, the clock, and the list of the sheets' titles."""
    clock, titles = Clock(monkeypatch), []

    def sheet(self, model, when):
        titles.append((clock.now - 1000, when))
        clock.now += 2
        return plots.grid_figure(np.zeros((1, *SHAPE)))

    monkeypatch.setattr(plots.TrainingSheets, "_sheet", sheet)
    callback = plots.TrainingSheets(tmp_path)
    callback.set_model(vae)
    callback.on_train_begin()
    return callback, clock, titles


def test_the_first_sheet_of_a_long_epoch_comes_within_the_first_minute(written):
    callback, clock, titles = written
    callback.on_epoch_begin(0)
    for batch in range(120):
        clock.now += 1
        callback.on_train_batch_end(batch)
    assert titles[0][0] == 45
    assert titles[0][1] == "In epoch 1"
    assert len(titles) == 2


def test_sheets_of_short_epochs_cost_a_few_per_cent_and_become_rarer(written):
    callback, clock, titles = written
    for epoch in range(2000):
        callback.on_epoch_begin(epoch)
        clock.now += 3
        callback.on_train_batch_end(0)
        callback.on_epoch_end(epoch)
    assert titles[0] == (12, "After epoch 4")
    total = clock.now - 1000
    assert 2 * len(titles) / total < 0.04
    assert len(titles) > 20
    gaps = np.diff([at for at, _ in titles])
    assert gaps[-1] > 5 * gaps[2]
