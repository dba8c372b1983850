"""Traversals, GIFs and completions show what the model makes."""

import numpy as np
import pytest
from PIL import Image

from keras_vae import VAE, data, models, plots
from keras_vae._backend import keras
from keras_vae.plots.traversals import rows_gif

SHAPE = (8, 8, 1)


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return VAE(SHAPE, 3, hidden_units=(8,), name="mine")


def _sheet(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def test_a_row_moves_one_latent_and_the_busiest_comes_first(model, rng):
    x = rng.uniform(size=SHAPE).astype("float32")
    q = model.encode(x[None])
    mean, stddev = q.mean().numpy()[0], q.stddev().numpy()[0]
    kl = 0.5 * (stddev**2 + mean**2 - 1) - np.log(stddev)
    figure = plots.traversals(model, x, rows=2, columns=5, reach=2.0)
    names = [text.get_text() for text in figure.axes[0].texts]
    assert names == [f"z[{i}]" for i in np.argsort(-kl)[:2]]
    z = np.tile(mean, (10, 1))
    for row, latent in enumerate(np.argsort(-kl)[:2]):
        z[5 * row : 5 * row + 5, latent] = [-2, -1, 0, 1, 2]
    expected = plots.image_grid(model.decode(z.astype("float32")).mean(), 5)
    np.testing.assert_allclose(_sheet(figure).astype(int), expected.astype(int), atol=1)


def test_a_gif_runs_to_and_fro(model, rng, tmp_path):
    path = plots.traversal_gif(model, rng.uniform(size=SHAPE).astype("float32"), tmp_path / "a.gif", rows=3, frames=5)
    with Image.open(path) as picture:
        assert picture.n_frames == 8
        assert picture.size == (2 * (3 * 10 + 2), 20 + 2 * 12)
        assert picture.info["loop"] == 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


def test_the_rows_of_a_gif_are_named(rng, tmp_path):
    rows = rng.uniform(size=(3, 4, *SHAPE))

    def heading(names):
        with Image.open(rows_gif(rows, tmp_path / "a.gif", 4, names)) as picture:
            whole = np.asarray(picture.convert("RGB"))
        return whole[: whole.shape[0] - 4 * 12].min(axis=-1)

    assert heading([]).shape[0] == 0
    first, second, third = np.array_split(heading(["z[1]", "", "z[2]"]), 3, axis=1)
    assert first.min() < 100  # ink
    assert third.min() < 100
    assert second.min() == 255


def test_completions_show_what_is_given_and_what_was_made(rng):
    model = models.ImageConditionalVAE(
        SHAPE, (8, 8, 2), 2, network={"name": "mlp", "hidden_units": (8,)}, completes=True
    )
    x = rng.uniform(size=(3, *SHAPE)).astype("float32")
    for conditions in (data.quadrants(x, 1), data.quadrants((255 * x).astype("uint8"), 1)):
        sheet = _sheet(plots.completions(model, x, conditions, draws=2, seed=4))
        drawn = [np.asarray(model.sample(labels=conditions, seed=seed)) for seed in (4, 5)]
        shown = np.where(data.quadrants(x, 1)[..., 1:] > 0, x, 0.5)
        rows = np.stack([shown, *drawn, x], axis=1).reshape(-1, *SHAPE)
        np.testing.assert_allclose(sheet.astype(int), plots.image_grid(rows, 4).astype(int), atol=2)


def test_bad_input(model, rng, tmp_path):
    x = rng.uniform(size=SHAPE).astype("float32")
    for call, message in (
        (lambda: plots.traversals(models.Autoencoder(SHAPE, 3), x), "has no posterior"),
        (lambda: plots.traversals(model, x, columns=1), "columns=1"),
        (lambda: plots.completions(model, x[None], x[None]), "completes no images"),
        (
            lambda: plots.save_gif(np.zeros((2, 4, 4, 1), "uint8"), tmp_path / "a.gif"),
            r"frames have shape \(2, 4, 4, 1\)",
        ),
        (lambda: plots.save_gif(np.zeros((2, 4, 4, 3), "uint8"), tmp_path / "a.gif", 0.1), "frames_per_second=0.1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert not list(tmp_path.iterdir())
