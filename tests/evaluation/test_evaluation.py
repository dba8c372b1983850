import numpy as np
import pytest

from keras_vae import VAE, ConditionalVAE, evaluation
from keras_vae._backend import tf
from keras_vae.models import HierarchicalVAE


@pytest.fixture
def model():
    return VAE((4, 4, 1), 3, hidden_units=(8,))


def test_the_report_is_made_of_the_models_own_figures(model, rng):
    x = (rng.uniform(size=(130, 4, 4, 1)) < 0.5).astype("float32")
    done = []
    report = evaluation.likelihood_report(model, x, num_samples=300, seed=1, progress=lambda *a: done.append(a))
    direct = -model.log_prob(x, num_samples=300, seed=5).numpy()
    assert report["nll"] == pytest.approx(direct.mean(), abs=0.05)
    assert report["nll_standard_error"] == pytest.approx(direct.std(ddof=1) / np.sqrt(130), rel=0.2)
    assert report["elbo"] == pytest.approx(report["log_likelihood"] - report["kl"], abs=1e-5)
    assert -report["nll"] >= report["elbo"] - 0.1
    assert report["bits_per_dim"] == pytest.approx(report["nll"] / np.log(2) / 16)
    assert done == [(100, 130), (130, 130)]


def test_the_monte_carlo_error_is_the_spread_over_seeds(model, rng):
    # A posterior wider than the true one: the weights differ, and are bounded, so the delta method holds.
    model.encoder.get_layer("output").bias.assign_add([0.2, -0.2, 0.2, 1.0, 1.0, 1.0])
    x = np.repeat((rng.uniform(size=(1, 4, 4, 1)) < 0.5).astype("float32"), 500, axis=0)
    result = model.importance_estimate(x, num_samples=400, seed=0)
    assert float(np.std(result.log_prob)) == pytest.approx(float(np.mean(result.standard_error)), rel=0.3)
    assert 1 <= float(np.min(result.effective_samples)) <= float(np.max(result.effective_samples)) <= 400.1


def test_active_units_are_those_that_the_data_move(model, rng):
    x = (rng.uniform(size=(300, 4, 4, 1)) < 0.5).astype("float32")
    head = model.encoder.get_layer("output")
    kernel = np.zeros(head.kernel.shape, "float32")
    kernel[:, 1] = 3.0  # only the second latent's mean sees the data
    head.kernel.assign(kernel)
    assert evaluation.active_units(model, x).tolist() == [False, True, False]
    assert evaluation.likelihood_report(model, x, num_samples=2)["active_units"] == 1


def test_the_rate_of_a_hierarchy_is_split_by_level(rng):
    hierarchy = HierarchicalVAE((4, 4, 1), (2, 3), network={"name": "mlp", "hidden_units": (8,)}, num_features=8)
    for network in hierarchy.posterior.networks:
        network.layers[-1].kernel.assign(4.0 * network.layers[-1].kernel)
    head = hierarchy.encoder.get_layer("output")
    head.kernel.assign(4.0 * head.kernel)
    x = np.repeat((rng.uniform(size=(1, 4, 4, 1)) < 0.5).astype("float32"), 1000, axis=0)
    report = evaluation.likelihood_report(hierarchy, x, num_samples=2)
    # The top level is Gaussian against N(0, I): a closed form. One image 400 times, so the draws average.
    top = hierarchy.encode(x[:1]).top
    mean, stddev = top.mean().numpy(), top.stddev().numpy()
    exact = (0.5 * (stddev**2 + mean**2 - 1) - np.log(stddev)).sum()
    assert exact > 0.5
    assert report["kl_by_level"][0] == pytest.approx(exact, rel=0.1)
    assert sum(report["kl_by_level"]) == pytest.approx(report["kl"], rel=0.1)
    assert report["active_units_by_level"] == [0, 0]
    varied = (rng.uniform(size=(300, 4, 4, 1)) < 0.5).astype("float32")
    report = evaluation.likelihood_report(hierarchy, varied, num_samples=2)
    assert (
        report["active_units_by_level"]
        == np.add.reduceat(evaluation.active_units(hierarchy, varied).astype(int), [0, 2]).tolist()
    )
    assert report["active_units"] == sum(report["active_units_by_level"]) > 0


def test_class_accuracy_counts_what_the_classifier_sees():
    model = ConditionalVAE((2, 2, 1), 4, 2)
    # A decoder that lights the pixel of its label, and a classifier that reads it, wrong about class 3.
    for v in model.decoder.trainable_variables:
        v.assign(tf.zeros_like(v))
    hidden = model.decoder.get_layer("hidden_0")
    kernel = np.zeros(hidden.kernel.shape, "float32")
    kernel[2:6, :4] = np.eye(4)
    hidden.kernel.assign(kernel)
    pixels = model.decoder.get_layer("pixels")
    kernel = np.zeros(pixels.kernel.shape, "float32")
    kernel[:4, :4] = 20 * np.eye(4)
    pixels.kernel.assign(kernel)

    def classifier(images):
        logits = tf.reshape(images, (-1, 4)).numpy()
        logits[:, 3] = -1
        return logits

    assert evaluation.class_accuracy(model, classifier, num_samples=4000) == 0.75


def test_bad_input(model):
    with pytest.raises(ValueError, match="VAE draws no class"):
        evaluation.class_accuracy(model, None)
    with pytest.raises(ValueError, match="number of images=0"):
        evaluation.likelihood_report(model, np.zeros((0, 4, 4, 1), "float32"))
