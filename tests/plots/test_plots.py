import numpy as np
import pytest
from PIL import Image

from keras_vae import VAE, ConditionalVAE, plots


@pytest.fixture(scope="module")
def vae():
    return VAE((6, 6, 1), 2, hidden_units=(4,), name="small")


@pytest.fixture(scope="module")
def cvae():
    return ConditionalVAE((6, 6, 3), 3, 2, name="small")


def _pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def test_the_grid_puts_each_image_in_its_place():
    images = np.stack([np.full((2, 3, 1), value) for value in (0.0, 0.2, 0.4, 0.6, 0.8)])
    sheet = plots.image_grid(images, columns=3, padding=1)
    assert sheet.shape == (1 + 2 * 3, 1 + 3 * 4, 3)
    assert sheet[0, 0].tolist() == [255, 255, 255]
    for i, value in enumerate((0, 51, 102, 153, 204)):
        row, column = 1 + 3 * (i // 3), 1 + 4 * (i % 3)
        assert (sheet[row : row + 2, column : column + 3] == value).all()


def test_every_figure_draws_what_the_model_makes(vae, cvae, rng):
    x, y = rng.uniform(size=(7, 6, 6, 3)).astype("float32"), rng.integers(0, 3, 7)
    grey = x[..., :1]
    history = {"elbo": [-3.0, -2.0, -1.0], "kl": [0.0, 1.0, 2.0], "val_elbo": [-3.0, -2.5, -2.0]}
    figures = [
        plots.samples(vae, 9),
        plots.samples_by_class(cvae, 4),
        plots.before_and_after(cvae, cvae, 3),
        plots.reconstructions(cvae, x, y, columns=4),
        plots.reconstructions(vae, grey),
        plots.manifold(vae, 5),
        plots.manifold(cvae, 5, label=1),
        plots.latent_scatter(vae, grey, y),
        plots.latent_scatter(cvae, x, y),
        plots.training_curves(history),
    ]
    for number, figure in enumerate(figures):
        pixels = _pixels(figure)
        assert pixels.std() > 1  # something is on it
        assert (pixels[:, 0, :3] == 255).all(), number  # nothing is cut off at the left edge
        assert (pixels[:, -1, :3] == 255).all(), number


def test_a_few_small_images_are_drawn_large_and_a_long_title_leaves_no_margin():
    image = np.zeros((3, 8, 8, 1))
    figure = plots.grids.grid_figure(image, 3, "A title of so many words that it would be much wider than the images")
    box = figure.axes[0].get_position()
    assert figure.get_figwidth() * box.width > 2.5
    assert box.width > 0.85
    title = figure.texts[0].get_window_extent(figure.canvas.get_renderer())
    assert title.x1 <= figure.bbox.x1
    assert title.y0 >= box.y1 * figure.bbox.height


def test_saving_is_whole_and_repeatable(vae, tmp_path):
    paths = [plots.save(plots.samples(vae, 4, seed=1), tmp_path / f"{i}.png") for i in range(2)]
    assert paths[0].read_bytes()[:4] == b"\x89PNG"
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_few_colours_are_a_smaller_file_of_the_same_picture(tmp_path):
    figure = plots.training_curves([{"epoch": n, "elbo": -1.0 / n, "val_elbo": -2.0 / n} for n in range(1, 9)])
    large, small = plots.save(figure, tmp_path / "large.png"), plots.save(figure, tmp_path / "small.png", colors=256)
    assert small.stat().st_size < 0.6 * large.stat().st_size
    pictures = [np.asarray(Image.open(path).convert("RGB"), "float64") for path in (large, small)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 1.0
    with pytest.raises(ValueError, match="colors=300"):
        plots.save(figure, tmp_path / "small.png", colors=300)


def test_curves_of_stages_follow_one_another():
    first = [{"epoch": n, "elbo": -10.0 + n, "val_elbo": -11.0 + n} for n in range(4)]
    last = [{"epoch": n, "elbo": -6.0 + n, "kl": 1.0} for n in range(3)]
    elbo, kl = plots.training_curves([first, last]).axes
    training, validation, border = elbo.lines
    np.testing.assert_array_equal(training.get_xdata(), np.arange(1, 8))
    np.testing.assert_array_equal(training.get_ydata(), [-10.0, -9.0, -8.0, -7.0, -6.0, -5.0, -4.0])
    np.testing.assert_array_equal(validation.get_ydata(), [-11.0, -10.0, -9.0, -8.0, *[np.nan] * 3])
    assert set(border.get_xdata()) == {4.5}
    np.testing.assert_array_equal(kl.lines[0].get_ydata(), [*[np.nan] * 4, 1.0, 1.0, 1.0])
    low, high = elbo.get_ylim()
    assert low < -11.0
    assert high > -4.0
    assert len(plots.training_curves(first).axes[0].lines) == 2, "one stage has no border"


def test_bad_input_is_named(vae):
    with pytest.raises(ValueError, match=r"shape \(0, 2, 2, 1\)"):
        plots.image_grid(np.zeros((0, 2, 2, 1)))
    with pytest.raises(ValueError, match="3 latents: a manifold picture needs a model with two"):
        plots.manifold(VAE((6, 6, 1), 3))
    with pytest.raises(ValueError, match="none of elbo"):
        plots.training_curves({"lr": [1]})
    with pytest.raises(ValueError, match="has nothing"):
        plots.training_curves([])


def _legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def _colours(figure):
    return [tuple(points.get_facecolor()[0, :3]) for points in figure.axes[0].collections]


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        (np.where(np.arange(6) % 2, 1, -1), ["-1", "1"]),
        (["odd", "ok"] * 3, ["odd", "ok"]),
        (np.arange(6) + 10.5, [str(n + 0.5) for n in range(10, 16)]),
    ],
)
def test_points_are_coloured_by_any_labels(vae, rng, labels, named):
    x = rng.uniform(size=(6, 6, 6, 1)).astype("float32")
    figure = plots.latent_scatter(vae, x, labels)
    assert _legend(figure) == named
    means = vae.encode(x).mean().numpy()
    for name, points in zip(named, figure.axes[0].collections, strict=True):
        np.testing.assert_allclose(points.get_offsets(), means[np.asarray(labels).astype(str) == name], atol=1e-6)


def test_many_labels_have_as_many_colours(vae, rng):
    x = rng.uniform(size=(24, 6, 6, 1)).astype("float32")
    assert len(set(_colours(plots.latent_scatter(vae, x, np.arange(24) % 12)))) == 12
    few, all_ten = (_colours(plots.latent_scatter(vae, x, np.arange(24) % n)) for n in (2, 10))
    assert all_ten[:2] == few
    assert len(set(all_ten)) == 10


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (None, "shape \\(\\)"),
        ([0, 1], "shape \\(2,\\)"),
        (np.zeros((3, 1), int), "shape \\(3, 1\\)"),
        ([0, None, 1], "cannot be told apart"),
        ([[0], [1, 2], 3], "cannot be told apart"),
    ],
)
def test_labels_that_are_not_one_per_image(vae, labels, says):
    with pytest.raises(ValueError, match=says):
        plots.latent_scatter(vae, np.zeros((3, 6, 6, 1), "float32"), labels)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda vae, cvae: plots.samples_by_class(cvae, 2, class_names=("a", "b")), "a list of 3 words"),
        (lambda vae, cvae: plots.samples_by_class(cvae, 2, class_names="abc"), "a list of 3 words"),
        (lambda vae, cvae: plots.samples_by_class(vae, 2), "has no classes"),
        (lambda vae, cvae: plots.manifold(vae, 3, label=1), "has no classes"),
        (lambda vae, cvae: plots.manifold(cvae, 3), "label=None: must be a whole number from 0 to 2"),
        (lambda vae, cvae: plots.manifold(cvae, 3, label=3), "label=3"),
        (lambda vae, cvae: plots.traversals(vae, np.zeros((6, 6, 1), "float32"), label=1), "has no classes"),
        (lambda vae, cvae: plots.grid_figure(np.zeros((4, 2, 2, 1)), 2, row_labels=["a"]), "a list of 2, one per row"),
        (lambda vae, cvae: plots.grid_figure(np.zeros((4, 2, 2, 1)), 0), "columns=0"),
        (lambda vae, cvae: plots.image_grid(np.zeros((4, 2, 2, 1)), padding=-1), "padding=-1"),
        (lambda vae, cvae: plots.image_grid(np.full((4, 2, 2, 1), np.nan)), "not a number"),
        (lambda vae, cvae: plots.image_grid(np.full((4, 2, 2, 1), 255, "uint8")), "Divide images of 8 bits by 255"),
        (lambda vae, cvae: plots.reconstructions(vae, np.zeros((2, 6, 6, 1), "float32"), columns=0), "columns=0"),
        (lambda vae, cvae: plots.comparison([], np.zeros((2, 6, 6, 1))), "models is empty"),
        (lambda vae, cvae: plots.training_curves({"elbo": []}), "one value per epoch"),
        (lambda vae, cvae: plots.training_curves({"elbo": [1.0, 2.0], "kl": [1.0]}), "one value per epoch"),
    ],
)
def test_a_wrong_argument_is_named_with_the_rule(vae, cvae, call, says):
    with pytest.raises(ValueError, match=says):
        call(vae, cvae)


def test_training_that_diverged_has_curves_too():
    plots.training_curves({"elbo": [np.nan, np.nan], "kl": [1.0, np.inf]})
