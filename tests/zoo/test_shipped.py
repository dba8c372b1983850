"""The presets that are shipped: what their cards say is what their bytes do."""

import numpy as np
import pytest

from keras_vae import zoo
from keras_vae._backend import keras
from keras_vae.evaluation import codebook_report, reconstruction_report
from keras_vae.models import VQVAE, Autoencoder, Classifier, LatentVariableModel, plain_data

SHIPPED = zoo.list_presets()
CLASSES = {name: plain_data.classes()[zoo.Preset.read(zoo.preset_folder(name)).model["class"]] for name in SHIPPED}
GENERATIVE = [name for name, cls in CLASSES.items() if issubclass(cls, LatentVariableModel)]
QUANTIZED = [name for name, cls in CLASSES.items() if issubclass(cls, VQVAE)]
CLASSIFIERS = [name for name, cls in CLASSES.items() if issubclass(cls, Classifier)]
AUTOENCODERS = [name for name, cls in CLASSES.items() if issubclass(cls, Autoencoder)]


def test_there_are_presets():
    assert "mnist_cvae" in SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_is_generated_from_the_files(name):
    folder = zoo.preset_folder(name)
    assert (folder / "README.md").read_text(encoding="utf-8") == zoo.card(folder)
    assert zoo.read_metrics(name)["weights_sha256"] == zoo.manifest(folder)["sha256"]
    assert zoo.load(name).count_params() == zoo.manifest(folder)["parameters"]


@pytest.mark.parametrize("name", GENERATIVE)
def test_saves_reloads_and_draws_the_same(name, tmp_path, request):
    model = zoo.load(name)
    given = {"labels": np.arange(10)} if model.conditional else {"n": 10}
    if hasattr(model, "condition_shape"):
        given = {"labels": request.getfixturevalue("test_images")(name)[1][:10]}
    images = model.sample(**given, seed=3)
    if name.startswith("mnist"):
        assert 0.05 < float(np.mean(images)) < 0.3  # ink on a digit
        assert np.abs(images[0] - images[1]).max() > 0.5
    assert np.abs(images[0] - images[1]).max() > 0.1
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras").sample(**given, seed=3), images)


@pytest.mark.parametrize("name", GENERATIVE)
def test_the_cards_figures_are_reproduced(name, test_images):
    images, labels = test_images(name)
    model, figures = zoo.load(name), zoo.read_metrics(name)["figures"]
    given = (labels,) if model.conditional else ()
    # Other noise than the card's.
    bound = np.concatenate(
        [
            model.elbo(images[i : i + 1000], *(y[i : i + 1000] for y in given), seed=9)
            for i in range(0, len(images), 1000)
        ]
    )
    assert bound.mean() == pytest.approx(figures["elbo"], abs=3 * figures["elbo_standard_error"])
    if "nll" not in figures:
        assert model.non_binary_bernoulli(images)
        return
    first = slice(100)
    result = model.importance_estimate(images[first], *(y[first] for y in given), num_samples=5000, seed=9)
    error = float(np.sqrt((result.standard_error.numpy() ** 2).sum()) / 100)
    # The errors are too small where hardly a draw carries weight, as under the sharp densities of the Frey faces.
    allowed = max(3 * np.hypot(error, figures["nll_first_100_error"]), 1e-3 * abs(figures["nll_first_100"]))
    assert -float(np.mean(result.log_prob)) == pytest.approx(figures["nll_first_100"], abs=allowed)


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_an_autoencoders_error_is_reproduced(name, test_images):
    images, labels = test_images(name)
    figures = zoo.read_metrics(name)["figures"]
    found = reconstruction_report(zoo.load(name), images, labels, seed=9)
    for key in ("squared_error", "log_likelihood"):
        assert found[key] == pytest.approx(figures[key], rel=0.02)


@pytest.mark.parametrize("name", QUANTIZED)
def test_what_discrete_codes_keep_and_draw_is_reproduced(name, test_images):
    images, labels = test_images(name)
    model, figures = zoo.load(name), zoo.read_metrics(name)["figures"]
    found = codebook_report(model, images, labels)
    for key in ("elbo", "squared_error", "perplexity"):
        assert found[key] == pytest.approx(figures[key], rel=1e-3, abs=5e-6)  # kept to five places
    drawn = model.sample(labels=np.arange(10), seed=3)
    assert np.abs(drawn[0] - drawn[1]).max() > 0.3
    np.testing.assert_array_equal(drawn, zoo.load(name).sample(labels=np.arange(10), seed=3))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifiers_card_is_reproduced(name, test_images):
    test_images(name)
    found = zoo.evaluate_preset(name)["figures"]["accuracy"]
    assert found == pytest.approx(zoo.read_metrics(name)["figures"]["accuracy"], abs=5e-4)
