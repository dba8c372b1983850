"""The way between images, and several models side by side."""

import numpy as np
import pytest
from PIL import Image

from keras_vae import VAE, ConditionalVAE, models, plots
from keras_vae._backend import keras

SHAPE = (8, 8, 1)


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return VAE(SHAPE, 3, hidden_units=(8,), name="mine")


@pytest.fixture
def images(rng):
    return rng.uniform(size=(4, *SHAPE)).astype("float32")


def _sheet(figure):
    return np.asarray(figure.axes[0].images[0].get_array()).astype(int)


def _labels(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_line_runs_between_the_posterior_means(model, images):
    begin, end = (model.encode(part).mean().numpy() for part in (images[:2], images[2:]))
    shares = np.linspace(0, 1, 5)[None, :, None]
    z = (1 - shares) * begin[:, None] + shares * end[:, None]
    expected = plots.image_grid(model.decode(z.reshape(10, 3).astype("float32")).mean(), 5)
    figure = plots.interpolations(model, images[:2], images[2:], columns=5)
    np.testing.assert_allclose(_sheet(figure), expected.astype(int), atol=1)


def test_a_pair_of_two_classes_has_a_row_for_each(images):
    model = ConditionalVAE(SHAPE, 3, 2, network={"name": "mlp", "hidden_units": (8,)})
    figure = plots.interpolations(model, images[:2], images[2:], labels=([0, 1], [2, 1]), columns=3)
    assert _labels(figure) == ["0", "2", "1"]
    begin = model.encode(images[:1], [0]).mean().numpy()
    first = plots.image_grid(
        model.decode(begin, [2]).mean(), 1
    )  # the second row begins with the code of the first image
    np.testing.assert_allclose(_sheet(figure)[10:22, :12], first.astype(int), atol=1)
    named = plots.interpolations(model, images[:2], images[2:], ([0, 1], [2, 1]), 3, ["red", "green", "blue"])
    assert _labels(named) == ["red", "blue", "green"]
    np.testing.assert_array_equal(_sheet(named), _sheet(figure))
    for names in (["red", "green"], "red"):
        with pytest.raises(ValueError, match="one per class; there is a label 2"):
            plots.interpolations(model, images[:2], images[2:], ([0, 1], [2, 1]), 3, names)


def test_a_deterministic_code_has_lines_too(images):
    model = models.Autoencoder(SHAPE, 2, {"name": "mlp", "hidden_units": (8,)})
    figure = plots.interpolations(model, images[:1], images[1:2], columns=2)
    expected = plots.image_grid(model.reconstruct(images[:2]), 2)
    np.testing.assert_allclose(_sheet(figure), expected.astype(int), atol=1)


def test_whole_numbers_have_no_line_between_them(rng):
    model = models.VQVAE(SHAPE, 4, 2, (4,), network={"filters": 4}, prior={"filters": 4, "num_layers": 1})
    x = rng.uniform(size=(1, *SHAPE)).astype("float32")
    with pytest.raises(ValueError, match="no code that one could move"):
        plots.interpolations(model, x, x)


def test_a_gif_of_a_line_runs_to_and_fro(model, images, tmp_path):
    path = plots.interpolation_gif(model, images[:2], images[2:], tmp_path / "a.gif", frames=5, scale=1)
    with Image.open(path) as picture:
        assert picture.n_frames == 8
        assert picture.size == (2 * 10 + 2, 12)


def test_ends_and_beginnings_are_as_many(model, images):
    with pytest.raises(ValueError, match="as many ends"):
        plots.interpolations(model, images[:1], images[1:])


def test_models_are_compared_on_the_same_images(model, images):
    other = ConditionalVAE(SHAPE, 3, 2, network={"name": "mlp", "hidden_units": (8,)}, name="other")
    figure = plots.comparison([model, other], images, [0, 1, 2, 0])
    made = [np.asarray(model.reconstruct(images)), np.asarray(other.reconstruct(images, [0, 1, 2, 0]))]
    expected = plots.image_grid(np.concatenate([images, *made]), 4)
    np.testing.assert_allclose(_sheet(figure), expected.astype(int), atol=1)
    errors = [np.mean((part - images) ** 2) for part in made]
    assert _labels(figure) == ["input", f"mine {errors[0]:.4f}", f"other {errors[1]:.4f}"]
    with pytest.raises(ValueError, match="compare models of the same data"):
        plots.comparison([model, VAE((4, 4, 1), 2)], images)


def test_a_swap_shows_every_domain(images):
    model = models.MultiDomainAutoencoder(SHAPE, 2, 3, {"name": "mlp", "hidden_units": (8,)})
    figure = plots.swaps(model, images, ["ink", "chalk", "paint"])
    assert _labels(figure) == ["input", "ink", "chalk", "paint"]
    expected = plots.image_grid(np.concatenate([images, *(np.asarray(model.swap(images, d)) for d in range(3))]), 4)
    np.testing.assert_allclose(_sheet(figure), expected.astype(int), atol=1)
    with pytest.raises(ValueError, match="3 domains"):
        plots.swaps(model, images, ["ink"])


def test_labels_of_lines_are_a_pair(images):
    with pytest.raises(ValueError, match="must be a pair"):
        plots.interpolations(ConditionalVAE((6, 6, 1), 3, 2), images[:3], images[:3], labels=[0, 1, 2])
