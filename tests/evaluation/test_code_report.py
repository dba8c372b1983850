"""What codes are worth, beside controls that did not have them."""

import dataclasses

import numpy as np
import pytest

from keras_vae import augment, data, evaluation, models, zoo
from keras_vae._backend import keras, tf
from keras_vae.evaluation import ClassifierRecipe, CodesRecipe
from keras_vae.zoo import Preset


@pytest.fixture(scope="module")
def digits():
    return data.arrays("digits", "train", "scaling"), data.arrays("digits", "test", "scaling")


@pytest.fixture(scope="module")
def trained(digits):
    keras.utils.set_random_seed(0)
    model = models.Autoencoder((28, 28, 1), 32, network={"name": "mlp", "hidden_units": (64,)})
    model.compile(keras.optimizers.Adam(3e-3), seed=0)
    model.fit(digits[0][0], epochs=30, batch_size=100, verbose=0)
    return model


def test_the_report_is_made_of_classifiers_and_their_controls(trained, digits):
    before, said = trained.get_weights(), []
    settings = ClassifierRecipe(epochs=3, min_steps=12, learning_rate=0.005)
    recipe = CodesRecipe(classifier=settings, labels=(30,), draws=2)
    found = evaluation.code_report(trained, *digits, recipe, said.append)
    assert found["probe_error"] < 0.15
    assert found["probe_error_of_pixels"] < 0.15
    (x, y), test = digits
    for key, pretrained in (("classifier_error", True), ("classifier_error_from_scratch", False)):
        errors = []
        for draw in range(2):
            few = data.choose_labelled(y, 30, draw)
            some = dataclasses.replace(settings, seed=draw)
            errors.append(evaluation.classifier_error(trained, (x[few], y[few]), test, some, pretrained=pretrained))
        assert found[f"{key}_30_labels"] == pytest.approx(np.mean(errors))
        assert found[f"{key}_30_labels_spread"] == pytest.approx(np.std(errors, ddof=1))
        assert found[key] < found[f"{key}_30_labels"] < 0.8
    assert found["classifier_error"] != found["classifier_error_from_scratch"]
    assert sum("30 labels, draw" in words for words in said) == 4
    for a, b in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_preset_says_what_its_codes_are_for_and_its_card_shows_it(trained, tmp_path):
    folder = zoo.save_to_preset(trained, tmp_path / "coder")
    text = (folder / "preset.toml").read_text()
    targets = 'targets = [{ figure = "classifier_error_30_labels", at_most = 1.0, source = "nobody" }]\n'
    table = "\n[codes]\nlabels = [30]\ndraws = 2\nclassifier = { epochs = 1, min_steps = 8 }\n"
    (folder / "preset.toml").write_text("[card]\n" + targets + text + table)
    assert Preset.read(folder).codes == CodesRecipe(
        classifier=ClassifierRecipe(epochs=1, min_steps=8), labels=(30,), draws=2
    )
    zoo.write_metrics(folder, zoo.evaluate_preset(folder, source="digits"))
    figures, card = zoo.read_metrics(folder)["figures"], (folder / "README.md").read_text()
    assert f"| peak signal-to-noise ratio | {figures['psnr']:.2f} dB |" in card
    assert f"from the encoder, 30 labels | {figures['classifier_error_30_labels']:.2%} ±" in card
    assert f"from fresh weights, 30 labels | {figures['classifier_error_from_scratch_30_labels']:.2%} ±" in card
    assert "| met | nobody |" in card


def test_a_probe_may_see_more_units_than_the_code_keeps(digits):
    x, y = (part[:200] for part in digits[0])
    model = models.SparseAutoencoder((28, 28, 1), 30, num_active=2)
    recipe = CodesRecipe(probe=evaluation.ProbeRecipe(inverse_penalty=0.5, scaling="shared", num_active=20))
    found = evaluation.code_report(model, (x, y), (x, y), recipe)["probe_error"]
    wide = model.code_of_largest(x, 20, 20).numpy()
    fitted = evaluation.linear_probe(wide, y, wide, inverse_penalty=0.5, scaling="shared")
    assert found == evaluation.error_rate(y, fitted)
    with pytest.raises(ValueError, match="num_active=31: .* at most its 30 units"):
        evaluation.code_report(model, (x, y), (x, y), CodesRecipe(probe=evaluation.ProbeRecipe(num_active=31)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"labels": [100]}, r"codes.labels=\[100\]: needs a table \[codes.classifier\]"),
        ({"probes": True}, r"\[codes\] has no setting 'probes'"),
        ({"probe": 1}, "codes.probe=1: must be a table"),
        ({"probe": {"scaling": "none"}}, "probe.scaling='none': must be one of"),
        ({"probe": {"c": 1}}, r"\[codes.probe\] has no setting 'c'"),
        ({"classifier": {"epoch": 3}}, r"\[codes.classifier\] has no setting 'epoch'.*Did you mean 'epochs'"),
        ({"classifier": {"epochs": 0}}, "classifier.epochs=0"),
        ({"classifier": {"dropout": 1.0}}, "classifier.dropout=1.0"),
        ({"classifier": {}, "labels": [0]}, r"codes.labels\[0\]=0"),
    ],
)
def test_bad_settings_name_the_key(table, message):
    with pytest.raises(ValueError, match=message):
        CodesRecipe.from_dict(table)


def test_a_classifier_learns_from_corrupted_data_drawn_anew_in_each_epoch():
    seen = []

    class Counted(augment.GaussianNoise):
        def __call__(self, x, seed):
            corrupted = super().__call__(x, seed)
            tf.py_function(lambda part: seen.append(part.numpy()), [corrupted], [])
            return corrupted

    keras.utils.set_random_seed(0)
    model = models.Autoencoder((3,), 4, network={"name": "mlp", "hidden_units": (8,)})
    x, y = np.zeros((10, 3), "float32"), np.arange(10) % 2
    recipe = ClassifierRecipe(epochs=2, batch_size=5, corruption=Counted(0.5))
    evaluation.classifier_error(model, (x, y), (x, y), recipe)
    epochs = np.concatenate(seen).reshape(2, 10, 3)
    assert np.std(epochs) == pytest.approx(0.5, rel=0.3)
    assert len(np.unique(epochs)) == epochs.size
    with pytest.raises(ValueError, match="classifier.corruption='random_elastik'"):
        ClassifierRecipe(corruption="random_elastik")
