"""A kind of model that the library does not have goes through all of it, defined here and without a change to the package.

It is a Wasserstein autoencoder (Tolstikhin et al., 2018): an encoder without a posterior, a prior, and an objective of its own that
logs a term of its own.
"""

import json
from typing import NamedTuple

import numpy as np
import pytest

import keras_vae
from keras_vae import data, evaluation, export, lite, models, objectives, plots, training, zoo
from keras_vae._backend import keras, tf
from keras_vae.evaluation.report import figures
from keras_vae.export import signatures
from keras_vae.models import hierarchy

SHAPE = (28, 28, 1)
SIZE = 3


class Terms(NamedTuple):
    """What the objective gives and logs."""

    log_likelihood: tf.Tensor
    distance: tf.Tensor

    @property
    def loss(self):
        """What is minimised."""
        return 10.0 * self.distance - self.log_likelihood

    @classmethod
    def logged(cls):
        """What the logs show."""
        return ("loss", "log_likelihood", "distance")


@keras.saving.register_keras_serializable(package="mine")
class Distance(objectives.Objective):
    """log p(x | code), less ten times the discrepancy of the codes from the prior, of a Gaussian kernel."""

    terms_type = Terms

    def terms(self, model, x, condition, step, seed, training=False):
        """Compute the terms of a batch."""
        code = model.code_given(x, condition, training)
        prior = model.prior_given(condition).sample(tf.shape(code)[0], seed=seed)
        distance = _mean(code, code) + _mean(prior, prior) - 2.0 * _mean(code, prior)
        found = model.likelihood_given(code, condition, training)
        return Terms(found.log_prob(x), distance * tf.ones_like(code[:, 0]))

    def get_config(self):
        """There are no settings."""
        return {}


def _mean(x, y):
    return tf.reduce_mean(tf.exp(-tf.reduce_sum(tf.square(x[:, None] - y[None]), axis=-1) / SIZE))


class Transport(models.LatentPrior, models.Autoencoder):
    """An encoder without a posterior, and a prior."""

    terms_type = Terms

    def __init__(self, data_shape, latent_size, network="mlp", prior="standard_normal", **kwargs):
        super().__init__(data_shape, latent_size, network, **kwargs)
        self.prior = self.prior_named(prior)

    @property
    def parts(self):
        """The parts by name."""
        return {**super().parts, "prior": self.prior}

    def default_objective(self):
        """The one above."""
        return Distance()


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The class is known in these tests alone."""
    monkeypatch.setattr(hierarchy, "_OWN", {})
    models.register(keras.saving.register_keras_serializable(package="mine")(Transport))


@pytest.fixture(scope="module")
def images():
    return data.arrays("digits", "train", "scaling")[0][:200]


@pytest.fixture(scope="module")
def fitted(images):
    keras.utils.set_random_seed(0)
    model = Transport(SHAPE, SIZE, network={"name": "mlp", "hidden_units": (16,)})
    model.compile(keras.optimizers.Adam(1e-2))
    history = model.fit(images, epochs=10, batch_size=50, verbose=0).history
    return model, history


def test_it_learns_and_logs_its_own_term(fitted):
    model, history = fitted
    assert set(history) == {"loss", "log_likelihood", "distance"}
    assert history["loss"][-1] < history["loss"][0]
    expected = np.subtract(np.multiply(10.0, history["distance"]), history["log_likelihood"])
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-4)
    assert model.sample(5, seed=0).shape == (5, *SHAPE)


def test_it_has_the_methods_of_every_model(fitted, images):
    model, _ = fitted
    np.testing.assert_array_equal(model.code(images), model.encode(images))
    np.testing.assert_allclose(model.reconstruct(images), model.decode(model.code(images)).mean())
    with pytest.raises(ValueError, match="Transport has no condition"):
        model.encode(images, labels=np.zeros(len(images), int))


def test_a_keras_file_keeps_it(fitted, images, tmp_path):
    model, _ = fitted
    model.save(tmp_path / "own.keras")
    again = keras.saving.load_model(tmp_path / "own.keras")
    np.testing.assert_array_equal(again.reconstruct(images[:4]), model.reconstruct(images[:4]))
    assert isinstance(again.objective, Distance)
    again.fit(images, epochs=1, verbose=0)  # with the state of its optimizer


def test_a_preset_keeps_it_and_has_figures_and_a_card(fitted, images, tmp_path, monkeypatch):
    model, _ = fitted
    monkeypatch.setattr(figures, "_functions", dict(figures._functions))
    monkeypatch.setattr(evaluation.metrics, "_registered", {})
    figures.register(Transport, lambda model, test: {"code_spread": float(np.std(model.code(test.images)))})
    evaluation.register_metric(evaluation.Metric("code_spread", "standard deviation of the codes", precision=3))
    folder = zoo.save_to_preset(model, tmp_path / "own")
    assert zoo.Preset.read(folder).model["class"] == "Transport"
    np.testing.assert_array_equal(keras_vae.load(folder).sample(3, seed=1), model.sample(3, seed=1))
    metrics = zoo.evaluate_preset(folder, source="digits", images=50)
    x, _ = data.arrays("digits", "test", "scaling", seed=0)
    expected = float(np.mean((model.reconstruct(x[:50]) - x[:50]) ** 2))
    assert metrics["figures"]["squared_error"] == pytest.approx(expected, abs=1e-5)
    assert metrics["protocol"]["images"] == 50
    zoo.write_metrics(folder, metrics)
    text = (folder / "README.md").read_text()
    assert "keras_vae.load" in text
    assert f"{metrics['figures']['psnr']:.2f} dB" in text
    assert f"| standard deviation of the codes | {np.std(model.code(x[:50])):.3f} |" in text
    assert "the loss" in text


def test_without_registering_a_preset_is_refused_by_name(fitted, tmp_path, monkeypatch):
    folder = zoo.save_to_preset(fitted[0], tmp_path / "own")
    monkeypatch.setattr(hierarchy, "_OWN", {})
    with pytest.raises(ValueError, match=r"model class='?\"?Transport"):
        keras_vae.load(folder)
    with pytest.raises(ValueError, match=r"Register the class with keras_vae\.models\.register"):
        zoo.save_to_preset(fitted[0], tmp_path / "again")


@pytest.mark.parametrize(
    ("cls", "message"),
    [(int, "takes a class of models"), ("Transport", "takes a class of models"), (models.VAE, "has a class VAE")],
)
def test_what_cannot_be_registered_is_refused(cls, message):
    with pytest.raises(ValueError, match=message):
        models.register(cls)


def test_figures_of_its_own_stand_beside_those_of_every_such_model(fitted, images, monkeypatch):
    monkeypatch.setattr(figures, "_functions", dict(figures._functions))
    test = evaluation.TestSet(images, np.zeros(len(images), int), "digits")
    before = evaluation.report(fitted[0], test)["figures"]
    figures.register(Transport, lambda model, test: {"spread": 1.0, "psnr": None})
    after = evaluation.report(fitted[0], test)["figures"]
    assert set(before) == {"squared_error", "psnr", "log_likelihood"}
    assert after == {
        "squared_error": before["squared_error"],
        "log_likelihood": before["log_likelihood"],
        "spread": 1.0,
    }
    with pytest.raises(TypeError, match=r"figures knows nothing of a Sequential\. Register a function for the class"):
        evaluation.report(keras.Sequential(), test)


def test_a_recipe_trains_it(tmp_path):
    recipe = training.Recipe.from_dict(
        {
            "model": {"class": "Transport", "data_shape": list(SHAPE), "latent_size": 2},
            "data": {"name": "digits", "validation": 100},
            "training": {"epochs": 2, "batch_size": 100},
        }
    )
    model = training.train(recipe, tmp_path / "run", verbose=0)
    assert isinstance(model, Transport)
    assert "val_distance" in json.loads((tmp_path / "run" / "history.json").read_text())[-1]
    assert training.steps_in(recipe, 0.1) >= 1


def test_a_server_gets_it(fitted, images, tmp_path):
    model, _ = fitted
    folder = export.saved_model(model, tmp_path / "served")  # with examples that it samples itself
    served = tf.saved_model.load(str(folder)).signatures
    assert set(served) - {"serving_default"} == {"reconstruct", "encode", "decode", "sample"}
    np.testing.assert_allclose(served["encode"](data=images[:4])["code"], model.code(images[:4]), atol=1e-5)
    noise = np.random.default_rng(0).normal(size=(4, SIZE)).astype("float32")
    expected = model.decode(noise).mean()  # the prior is N(0, I)
    np.testing.assert_allclose(served["sample"](noise=noise)["data"], expected, atol=1e-5)


def test_endpoints_of_its_own_are_registered(fitted, monkeypatch):
    monkeypatch.setattr(signatures.for_server, "_functions", dict(signatures.for_server._functions))

    def norm(model):
        def function(data):
            return {"norm": tf.norm(model.code(data), axis=-1)}

        return {"norm": signatures.Endpoint(function, {"data": tf.TensorSpec((None, *SHAPE), tf.float32, name="data")})}

    signatures.for_server.register(Transport, norm)
    assert list(signatures.for_server(fitted[0])) == ["reconstruct", "encode", "decode", "sample", "norm"]


@pytest.mark.parametrize(("target", "format"), [("cpu", "float32"), ("edge", "int8")])
def test_a_device_gets_it(fitted, images, tmp_path, target, format):
    model, _ = fitted
    proof = export.tflite(model, tmp_path / "build", target, format=format, examples=images)
    assert (proof.class_name, proof.posterior, proof.prior) == ("Transport", "none", "standard_normal")
    assert proof.parity.score_name == "log_likelihood"
    built = lite.load(tmp_path / "build")
    tolerance = 1e-4 if format == "float32" else 0.1
    np.testing.assert_allclose(built.sample(3, seed=2), model.sample(3, seed=2), atol=tolerance)
    np.testing.assert_allclose(built.reconstruct(images[:4]), model.reconstruct(images[:4]), atol=10 * tolerance)


def test_it_is_drawn(fitted, images, tmp_path):
    model, labels = fitted[0], np.arange(20) % 10
    sheets = plots.TrainingSheets(tmp_path, images[:8])
    sheets.set_model(model)
    assert sheets.write("Now").stat().st_size > 1000
    titles = [
        figure.texts[0].get_text() if figure.texts else figure.axes[0].get_title()
        for figure in (
            plots.portrait(model, images[:20], labels),
            plots.interpolations(model, images[:2], images[2:4]),
            plots.latent_scatter(model, images[:20], labels),
        )
    ]
    assert titles[0].startswith("64 samples of")
    assert "From one image to another" in titles[1]
    with pytest.raises(ValueError, match="has no posterior"):
        plots.traversals(model, images[0])


def test_a_portrait_of_its_own_is_registered(fitted, images, monkeypatch):
    wanted = plots.samples(fitted[0], 4)
    # singledispatch has no way back, so the class is one of this test.
    own = type("Drawn", (Transport,), {})
    model = own(SHAPE, SIZE)
    plots.portrait_of.register(own, lambda model, images, labels, class_names=(): wanted)
    assert plots.portrait(model, images, np.zeros(len(images), int)) is wanted
