"""What evaluation says of models that cluster, swap, or know few labels, and how their cards show it."""

import numpy as np
import pytest

from keras_vae import VAE, data, evaluation, models, zoo
from keras_vae._backend import keras
from keras_vae.zoo import judges

SHAPE = (28, 28, 1)
MLP = {"name": "mlp", "hidden_units": [32]}


def _evaluated(model, folder, name, **arguments):
    folder = zoo.save_to_preset(model, folder)
    zoo.write_metrics(folder, zoo.evaluate_preset(folder, source=name, **arguments))
    return zoo.read_metrics(folder)["figures"], (folder / "README.md").read_text()


@pytest.mark.parametrize("name", ["dec", "vade"])
def test_clusters_of_test_images_and_of_all(name, tmp_path):
    keras.utils.set_random_seed(0)
    x, y = data.arrays("digits", "train")
    if name == "dec":
        model, arguments = models.DEC(SHAPE, 4, network=MLP), {}
    else:
        model, arguments = models.VaDE(SHAPE, 4, hidden_units=(32,)), {"num_samples": 2}
    model.start_clusters(x)
    test, labels = data.arrays("digits", "test")
    figures, card = _evaluated(model, tmp_path / name, "digits", **arguments)
    from keras_vae.evaluation import clustering_accuracy

    assert figures["clustering_accuracy"] == pytest.approx(clustering_accuracy(labels, model.cluster(test)), abs=1e-5)
    everything = clustering_accuracy(np.concatenate([y, labels]), model.cluster(np.concatenate([x, test])))
    assert figures["clustering_accuracy_with_training_images"] == pytest.approx(everything, abs=1e-5)
    assert f"| clusters that meet the class, of test images | {figures['clustering_accuracy']:.2%} |" in card
    control = clustering_accuracy(labels, evaluation.cluster(test.reshape(len(test), -1), 10))
    assert figures["clustering_accuracy_of_pixels"] == pytest.approx(control, abs=1e-5)
    assert f"| clusters of k-means on the pixels that meet the class, of test images | {control:.2%} |" in card


def test_dequantised_images_have_bits_per_dimension_under_a_density(tmp_path):
    folder = zoo.save_to_preset(VAE(SHAPE, 2, hidden_units=(8,), likelihood="continuous_bernoulli"), tmp_path / "vae")
    found = {
        name: zoo.evaluate_preset(folder, source="digits", preprocessing=name, num_samples=2, images=20)["figures"]
        for name in ("dequantization", "scaling")
    }
    nll = found["dequantization"]["nll"]
    assert found["dequantization"]["bits_per_dim"] == pytest.approx(nll / np.log(2) / 784 + 8, abs=1e-4)
    assert "bits_per_dim" not in found["scaling"]


def test_the_error_of_a_models_own_classifier(tmp_path):
    model = models.SemiSupervisedVAE(SHAPE, 10, 4, network=MLP)
    figures, card = _evaluated(model, tmp_path / "m2", "digits", num_samples=2, images=50)
    x, y = data.arrays("digits", "test")
    assert figures["classification_error"] == pytest.approx(np.mean(model.classify(x[:50]) != y[:50]), abs=1e-5)
    assert f"| test error of the model's own classifier | {figures['classification_error']:.2%} |" in card


def test_the_classifier_of_the_labels_alone_is_its_control(tmp_path):
    keras.utils.set_random_seed(0)
    model = models.SemiSupervisedVAE(SHAPE, 10, 4, network=MLP, likelihood="continuous_bernoulli")
    folder = zoo.save_to_preset(model, tmp_path / "m2")
    recipe = """
[data]
name = "digits"
labels = 40
labels_per_batch = 20

[objective]
name = "semi_supervised_elbo"
corruption = "gaussian_noise"

[training]
epochs = 1
"""
    (folder / "preset.toml").write_text((folder / "preset.toml").read_text() + recipe)
    found = zoo.evaluate_preset(folder, num_samples=2)["figures"]["classification_error_of_labels_alone"]
    x, y = data.arrays("digits", "train")
    few = np.tile(data.choose_labelled(y, 40, 0), 320)
    control = evaluation.ClassifierRecipe(corruption="gaussian_noise")
    test = data.arrays("digits", "test")
    again = evaluation.error_of_labels_alone(model, (x[few], y[few]), test, control)
    assert found == pytest.approx(again, abs=1e-5)
    assert 0.02 < found < 0.4 < evaluation.error_rate(test[1], model.classify(test[0]))
    others = zoo.evaluate_preset(folder, source="digits_outlines", num_samples=2)["figures"]
    assert "classification_error_of_labels_alone" not in others


def test_swaps_are_judged_by_what_learned_from_each_domain(tmp_path):
    model = models.SwapAutoencoder(SHAPE, 8, 2, network=MLP)
    figures, card = _evaluated(model, tmp_path / "swap", "digits_outlines", images=100)
    (first, second), _ = data.pairs("digits_outlines", "test")
    expected = -10 * np.log10(np.mean((first[:100] - second[:100]) ** 2))
    assert figures["psnr_identity_there"] == pytest.approx(expected, abs=1e-4)
    # A model that has learned nothing draws grey: the judges see neither its digits nor its domain.
    assert figures["label_kept_there"] < 0.5
    assert figures["psnr_there"] < figures["psnr_neighbour_there"]
    assert f"| label preserved after translation to the second domain | {figures['label_kept_there']:.2%} |" in card


def test_discrete_codes(tmp_path):
    keras.utils.set_random_seed(0)
    model = models.VQVAE((28, 28, 1), 16, 4, (4,), network={"filters": 4}, prior={"filters": 4, "num_layers": 1})
    zoo.save_to_preset(model, tmp_path / "mine")
    found = zoo.evaluate_preset(tmp_path / "mine", source="digits", images=50)["figures"]
    x, _ = data.arrays("digits", "test")
    expected = np.square(x[:50] - model.reconstruct(x[:50]).numpy()).mean()
    assert found["squared_error"] == pytest.approx(expected, rel=1e-3)
    assert found["code_bits"] == 49 * 4
    assert len(found["perplexity"]) == 1


def test_codes_of_pictures_of_known_factors_are_measured(tmp_path, monkeypatch):
    keras.utils.set_random_seed(0)
    model = VAE((64, 64, 1), 3, hidden_units=(8,), likelihood="continuous_bernoulli")
    zoo.save_to_preset(model, tmp_path / "mine")
    monkeypatch.setattr(data.sources, "_SOURCES", {**data.sources._SOURCES, "shapes": lambda split, folder: _few()})
    monkeypatch.setattr(evaluation.disentanglement, "factor_vae_score", lambda encode, shapes, seed: 0.5)
    found = zoo.evaluate_preset(tmp_path / "mine", source="shapes", images=20, num_samples=2)["figures"]
    codes = model.encode(data.Shapes().images(data.Shapes().factors(10_000, seed=0)) / np.float32(255)).mean()
    expected = evaluation.mutual_information_gap(codes, data.Shapes().factors(10_000, seed=0))
    assert found["mig"] == pytest.approx(expected, abs=1e-3)
    assert {"sap", "dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae_score"} <= set(found)


def test_completed_pictures_are_scored_by_draws_of_the_prior(tmp_path, monkeypatch):
    keras.utils.set_random_seed(0)
    monkeypatch.setattr(evaluation, "trained_completer", lambda batches: lambda c: np.full(c[..., :-1].shape, 0.5))
    model = models.ImageConditionalVAE(SHAPE, (28, 28, 2), 2, num_features=3, network=MLP, completes=True)
    source, how = "digits_quadrants", {"preprocessing": "dynamic_binarization", "num_samples": 10, "images": 20}
    figures, card = _evaluated(model, tmp_path / "mine", source, **how)
    x, _ = data.arrays(source, "test", "dynamic_binarization", seed=0)
    expected = evaluation.completion_report(model, x[:20], prior_samples=(20, 5, 2))
    for given in (1, 2, 3):
        key = f"completion_nll_monte_carlo_{given}"
        assert figures[key] == pytest.approx(expected[key], rel=1e-4)
    assert "20, 5 and 2 draws of the prior an image with one, two and three quadrants given" in card


def test_grey_values_under_a_bernoulli_get_no_likelihood(tmp_path):
    keras.utils.set_random_seed(0)
    zoo.save_to_preset(VAE((28, 28, 1), 3, hidden_units=(8,)), tmp_path / "mine")
    said = []
    grey = zoo.evaluate_preset(tmp_path / "mine", source="digits", images=20, num_samples=2, say=said.append)
    assert "nll" not in grey["figures"]
    assert "importance_samples" not in grey["protocol"]
    assert grey["figures"]["elbo"] == pytest.approx(grey["figures"]["log_likelihood"] - grey["figures"]["kl"], abs=1e-4)
    assert "no likelihood" in said[0]
    binary = zoo.evaluate_preset(
        tmp_path / "mine", source="digits", images=20, num_samples=2, preprocessing="fixed_binarization"
    )
    assert binary["figures"]["nll"] > 0
    assert binary["protocol"]["importance_samples"] == 2


def _few():
    factors = data.Shapes().factors(30, seed=1)
    return data.Images(data.Shapes().images(factors), factors[:, 0])


class _Classes:
    """Black images of the class 0, white ones of the class 1, and so on, with words for them."""

    name = "mine"

    def __init__(self, class_names):
        if class_names is not None:
            self.class_names = class_names
        self.count = len(class_names or "ab")

    def __call__(self, split):
        labels = np.arange(12) % self.count
        return data.Images(np.tile((80 * labels).astype("uint8")[:, None, None, None], (1, 4, 4, 1)), labels)


@pytest.fixture
def pets(tmp_path):
    model = models.ConditionalVAE((4, 4, 1), 2, 2, network={"name": "mlp", "hidden_units": [4]}, likelihood="gaussian")
    return model, zoo.save_to_preset(model, tmp_path / "pets", class_names=("dogs", "cats"))


def test_classes_of_other_numbers_are_renumbered_by_their_names(pets):
    model, folder = pets
    found = zoo.numbered_as(folder, model, _Classes(("cats", "dogs")))
    assert (found.name, found.class_names) == ("mine", ("dogs", "cats"))
    raw = data.read(_Classes(("cats", "dogs")), "test[2:]")
    np.testing.assert_array_equal(data.read(found, "test[2:]").labels, 1 - raw.labels)
    np.testing.assert_array_equal(data.read(found, "test[2:]").images, raw.images)
    score = {"num_samples": 2, "preprocessing": "scaling"}
    by_name = zoo.evaluate_preset(folder, source=_Classes(("cats", "dogs")), **score)
    unnamed = zoo.evaluate_preset(folder, source=found, **score)
    assert by_name["figures"]["elbo"] == unnamed["figures"]["elbo"]
    assert by_name["protocol"]["data"] == "mine test"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("dogs",), "mine has the class 'dogs': .*pets has the 2 classes 'dogs', 'cats', and classes are matched"),
        (("ants", "bees"), "mine has the 2 classes 'ants', 'bees': "),
        (("cats", "dogs", "owls"), "the 3 classes"),
        (("",), "mine has no class folders"),
    ],
)
def test_other_classes_are_refused(pets, names, message):
    with pytest.raises(ValueError, match=message):
        zoo.evaluate_preset(pets[1], source=_Classes(names), num_samples=2)


def test_classes_without_names_are_matched_by_their_numbers(pets, tmp_path):
    model, folder = pets
    for source in (_Classes(None), _Classes(("dogs", "cats")), "digits"):  # the last has no words for its labels
        assert zoo.numbered_as(folder, model, source) is source
    with pytest.raises(ValueError, match="digits_outlines has the 2 classes 'plain', 'outlined'"):
        zoo.numbered_as(folder, model, "digits_outlines")
    plain = VAE((4, 4, 1), 2, hidden_units=(4,))
    zoo.save_to_preset(plain, tmp_path / "plain")
    dogs = _Classes(("dogs",))
    assert zoo.numbered_as(tmp_path / "plain", plain, dogs) is dogs  # labels are not used
    zoo.save_to_preset(model, tmp_path / "unnamed")
    two = _Classes(("ants", "bees"))
    assert zoo.numbered_as(tmp_path / "unnamed", model, two) is two
    with pytest.raises(ValueError, match="mine has the class 'dogs': .*unnamed has 2, without names"):
        zoo.numbered_as(tmp_path / "unnamed", model, dogs)


@pytest.mark.parametrize(
    "bad", [{"images": -5}, {"images": 0}, {"images": 2.0}, {"num_samples": 0}, {"num_samples": "3"}]
)
def test_numbers_out_of_range_are_refused_before_anything_is_computed(bad):
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=f"{name}={value!r}: must be a whole number from 1"):
        zoo.evaluate_preset("mnist_vae", source="digits", **bad)


def test_a_data_set_has_the_judge_that_the_zoo_names(tmp_path, monkeypatch):
    assert str(judges.judge_of("mnist")) == "mnist_classifier"
    assert judges.judge_of("digits") is None
    monkeypatch.setattr(judges, "presets_home", lambda: tmp_path)
    assert judges.judge_of("mnist") is None
    (tmp_path / "judges.toml").write_text("mnist = 3\ndigits = 'nothing'\n")
    with pytest.raises(ValueError, match="judges.toml: mnist=3: must be the name of a preset"):
        judges.judge_of("mnist")
    with pytest.raises(ValueError, match="There is no preset 'nothing'"):
        judges.judge_of("digits")
