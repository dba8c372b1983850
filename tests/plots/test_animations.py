"""The animation of training is small, bounded, and goes on where it was."""

import numpy as np
import pytest
from PIL import Image

from keras_vae import VAE, ConditionalVAE, models, plots
from keras_vae.plots.animations import MOST_BYTES, MOST_FRAMES, frame_epochs

SHAPE = (8, 8, 1)


@pytest.fixture
def images(rng):
    return rng.uniform(size=(4, *SHAPE)).astype("float32").round()


def seconds_of(path):
    with Image.open(path) as gif:
        durations = []
        for frame in range(gif.n_frames):  # equal frames may have become one that stays longer
            gif.seek(frame)
            durations.append(gif.info["duration"])
    return sum(durations) / 1000


def test_training_that_goes_on_adds_its_frames(images, tmp_path):
    model = VAE(SHAPE, 3, hidden_units=(4,))
    model.compile("adam")
    for first, last in ((0, 2), (2, 3)):
        animation = plots.TrainingGif(tmp_path / "t.gif", frames_per_second=2.0)
        model.fit(images, initial_epoch=first, epochs=last, verbose=0, callbacks=[animation])
    names = [path.name for path in sorted((tmp_path / "t_frames").iterdir())]
    assert names == [f"epoch_{i:05d}.png" for i in (1, 2, 3)]
    assert seconds_of(tmp_path / "t.gif") == pytest.approx((3 + 4) / 2)
    last = np.asarray(Image.open(tmp_path / "t_frames" / "epoch_00003.png").convert("L")).astype(float)
    expected = plots.image_grid(model.sample(64, seed=0), 8)[..., 0].astype(float)
    assert np.abs(last - expected).mean() < 2  # of 64 levels


@pytest.mark.parametrize("epochs", [1, 2, 39, 40, 41, 100, 2400])
def test_the_frames_are_few_and_include_the_first_and_the_last_epoch(epochs):
    chosen = sorted(frame_epochs(epochs))
    assert len(chosen) <= MOST_FRAMES
    assert (chosen[0], chosen[-1]) == (1, epochs)
    assert len(chosen) >= min(epochs, MOST_FRAMES - 2)
    assert np.median(chosen) <= (epochs + 1) / 2
    assert epochs <= 2 * MOST_FRAMES or np.median(chosen) < 0.4 * epochs


def test_the_file_is_bounded_even_for_noise_in_too_many_frames(rng, tmp_path):
    frames = tmp_path / "t_frames"
    frames.mkdir()
    for i in range(60):
        Image.fromarray(rng.integers(0, 256, (272, 272, 3), dtype="uint8")).save(frames / f"epoch_{i:05d}.png")
    path = plots.TrainingGif(tmp_path / "t.gif").write()
    assert path.stat().st_size <= MOST_BYTES
    with Image.open(path) as gif:
        assert gif.size == (272, 272)
        assert gif.n_frames >= 10


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (lambda: VAE(SHAPE, 2, hidden_units=(4,)), (15 * 8, 15 * 8)),
        (lambda: VAE((80, 60, 3), 3, hidden_units=(4,)), (4 * 62 + 2, 272)),
        (lambda: ConditionalVAE(SHAPE, 3, 2), (8 * 10 + 2, 3 * 10 + 2)),
        (lambda: ConditionalVAE(SHAPE, 400, 2), (8 * 10 + 2, 8 * 10 + 2)),
    ],
    ids=["plane", "large images", "classes", "many classes"],
)
def test_frames_are_small(model, size, tmp_path, rng):
    model = model()
    model.compile("adam")
    x = rng.integers(0, 2, (4, *model.data_shape)).astype("float32")
    y = np.zeros(4, int) if model.conditional else None
    model.fit(x, y, verbose=0, callbacks=[plots.TrainingGif(tmp_path / "t.gif")])
    with Image.open(tmp_path / "t_frames" / "epoch_00001.png") as frame:
        assert max(frame.size) <= 272
        assert frame.size == pytest.approx(size, abs=70)
    assert (tmp_path / "t.gif").exists()


def test_a_model_that_cannot_sample_has_no_animation(images, tmp_path):
    model = models.Autoencoder(SHAPE, 2)
    model.compile("adam")
    with pytest.raises(ValueError, match="leave TrainingGif out"):
        model.fit(images, verbose=0, callbacks=[plots.TrainingGif(tmp_path / "t.gif")])
    assert plots.TrainingGif(tmp_path / "none.gif").write() is None
