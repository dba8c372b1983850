"""What evaluation says of models that cluster, swap, or know few labels, and how their cards show it."""

import numpy as np
import pytest

from keras_vae import data, models, zoo
from keras_vae._backend import keras

SHAPE = (28, 28, 1)
MLP = {"name": "mlp", "hidden_units": [32]}


def _evaluated(model, folder, name, **arguments):
    folder = zoo.save_to_preset(model, folder)
    zoo.write_metrics(folder, zoo.evaluate_preset(folder, data_name=name, **arguments))
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


def test_the_error_of_a_models_own_classifier(tmp_path):
    model = models.SemiSupervisedVAE(SHAPE, 10, 4, network=MLP)
    figures, card = _evaluated(model, tmp_path / "m2", "digits", num_samples=2, images=50)
    x, y = data.arrays("digits", "test")
    assert figures["classification_error"] == pytest.approx(np.mean(model.classify(x[:50]) != y[:50]), abs=1e-5)
    assert f"| test error of its own classifier | {figures['classification_error']:.2%} |" in card


def test_swaps_are_judged_by_what_learned_from_each_domain(tmp_path):
    model = models.SwapAutoencoder(SHAPE, 8, 2, network=MLP)
    figures, card = _evaluated(model, tmp_path / "swap", "digits_outlines", images=100)
    (first, second), _ = data.pairs("digits_outlines", "test")
    expected = -10 * np.log10(np.mean((first[:100] - second[:100]) ** 2))
    assert figures["psnr_identity_there"] == pytest.approx(expected, abs=1e-4)
    # A model that has learned nothing draws grey: the judges see neither its digits nor its domain.
    assert figures["label_kept_there"] < 0.5
    assert figures["psnr_there"] < figures["psnr_neighbour_there"]
    assert f"| swaps that keep their label | {figures['label_kept_there']:.2%} |" in card
