import numpy as np
import pytest

from keras_vae import VAE, ConditionalVAE, evaluation
from keras_vae._backend import tf
from keras_vae.evaluation.likelihood import in_bits
from keras_vae.models import VQVAE, Autoencoder, HierarchicalVAE, ImageConditionalVAE


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


def test_a_classifier_that_does_not_know_all_classes_is_refused():
    model = ConditionalVAE((2, 2, 1), 4, 2)
    with pytest.raises(ValueError, match=r"shape \(8, 3\) for 8 images, and the model has 4 classes"):
        evaluation.class_accuracy(model, lambda images: np.eye(3)[np.arange(len(images)) % 3], num_samples=8)
    with pytest.raises(ValueError, match="classifier=None"):
        evaluation.class_accuracy(model, None)
    # One that knows more is right or wrong as any other.
    assert evaluation.class_accuracy(model, lambda images: np.eye(6)[np.arange(len(images)) % 4], num_samples=8) == 1.0


@pytest.mark.parametrize("levels", [2, 256])
def test_bits_per_dimension_of_dequantised_data_are_those_of_the_whole_numbers(levels):
    """A density that is constant in each cell [k / L, (k + 1) / L): its bits are those of the probabilities of k, exactly."""
    probabilities = np.random.default_rng(0).dirichlet(np.ones(levels))
    nats_of_a_density = -np.sum(probabilities * np.log(probabilities * levels))
    model = VAE((4, 4, 1), 3, hidden_units=(8,), likelihood="continuous_bernoulli")
    found = in_bits(model, 16 * nats_of_a_density, levels)["bits_per_dim"]
    assert found == pytest.approx(-np.sum(probabilities * np.log2(probabilities)))
    assert in_bits(model, 1.0) == {}
    assert in_bits(VAE((4, 4, 1), 3), 16 * np.log(2.0), levels) == {"bits_per_dim": pytest.approx(1.0)}
    with pytest.raises(ValueError, match="dequantized_levels=1"):
        in_bits(model, 1.0, 1)


def test_the_report_of_dequantised_images_has_bits(rng):
    model = VAE((4, 4, 1), 3, hidden_units=(8,), likelihood="gaussian")
    x = ((rng.integers(0, 256, (10, 4, 4, 1)) + rng.uniform(size=(10, 4, 4, 1))) / 256).astype("float32")
    report = evaluation.likelihood_report(model, x, num_samples=4, dequantized_levels=256)
    assert report["bits_per_dim"] == pytest.approx(report["nll"] / np.log(2) / 16 + 8)
    assert "bits_per_dim" not in evaluation.likelihood_report(model, x, num_samples=4)


X = (np.random.default_rng(1).uniform(size=(6, 4, 4, 1)) < 0.5).astype("float32")
WRONG = {
    "0..255": X * 255,
    "uint8": (X * 255).astype("uint8"),
    "NaN": np.where(X > 0, np.nan, X),
    "slightly above": X * 1.0001,
    "channels first": X.transpose(0, 3, 1, 2),
    "two channels": np.repeat(X, 2, axis=-1),
    "no batch axis": X[0],
    "none": X[:0],
    "words": X.astype(str),
    "None": None,
}


@pytest.fixture(scope="module")
def scored():
    """Every function that scores a model on images, with a model that it takes."""
    vae, network = VAE((4, 4, 1), 2, hidden_units=(4,)), {"name": "mlp", "hidden_units": (4,)}
    small = {"filters": 2, "residual_filters": 2, "residual_blocks": 1}
    codes = VQVAE(
        (4, 4, 1),
        num_codes=3,
        code_size=2,
        downsampling=(2,),
        network=small,
        prior={"filters": 2, "num_layers": 1, "kernel_size": 3},
        likelihood="bernoulli",
    )
    completing = ImageConditionalVAE((4, 4, 1), (4, 4, 2), 2, num_features=3, network=network, completes=True)
    return {
        "likelihood_report": lambda x: evaluation.likelihood_report(vae, x, num_samples=2),
        "active_units": lambda x: evaluation.active_units(vae, x),
        "prior_log_prob": lambda x: evaluation.prior_log_prob(vae, x, num_samples=2),
        "annealed": lambda x: evaluation.annealed_importance_estimate(
            vae, x, num_steps=1, num_chains=2, num_leapfrog=1
        ),
        "reconstruction_report": lambda x: evaluation.reconstruction_report(
            Autoencoder((4, 4, 1), 2, network=network), x
        ),
        "codebook_report": lambda x: evaluation.codebook_report(codes, x),
        "completion_report": lambda x: evaluation.completion_report(
            completing, x, num_samples=1, prior_samples=(1, 1, 1)
        ),
    }


NAMES = ["likelihood_report", "active_units", "prior_log_prob", "annealed", "reconstruction_report", "codebook_report"]


@pytest.mark.parametrize("function", [*NAMES, "completion_report"])
def test_images_that_are_not_what_a_model_takes_are_refused(function, scored):
    for what, x in WRONG.items():
        with pytest.raises(ValueError, match=r"The data (have|hold)|number of images=0"):
            raise AssertionError(f"{function} of {what}: {scored[function](x)}")
    scored[function](X.astype("float64")[:2])  # as NumPy makes them


@pytest.mark.parametrize("function", ["likelihood_report", "active_units", "prior_log_prob", "annealed"])
def test_there_is_one_label_for_each_image(function):
    model = ConditionalVAE((4, 4, 1), 3, 2, network={"name": "mlp", "hidden_units": (4,)})
    call = {
        "likelihood_report": lambda y: evaluation.likelihood_report(model, X, y, num_samples=2),
        "active_units": lambda y: evaluation.active_units(model, X, y),
        "prior_log_prob": lambda y: evaluation.prior_log_prob(model, X, y, num_samples=2),
        "annealed": lambda y: evaluation.annealed_importance_estimate(model, X, y, num_steps=1, num_chains=2),
    }[function]
    for count in (5, 12):
        with pytest.raises(ValueError, match=f"6 images and {count} labels"):
            call(np.arange(count) % 3)
    with pytest.raises(ValueError, match="This model is conditional"):
        call(None)


def test_a_model_of_another_kind_is_refused():
    vae, auto = VAE((4, 4, 1), 2, hidden_units=(4,)), Autoencoder((4, 4, 1), 2)
    for call, wanted in (
        (
            lambda: evaluation.likelihood_report(auto, X),
            "a model with a posterior, such as a VAE, and the model is a Autoencoder",
        ),
        (lambda: evaluation.active_units(auto, X), "active_units takes a model with a posterior"),
        (lambda: evaluation.prior_log_prob(auto, X), "prior_log_prob takes a model with a posterior"),
        (lambda: evaluation.annealed_importance_estimate(auto, X), "a model with a posterior"),
        (
            lambda: evaluation.reconstruction_report(vae, X),
            "such as an Autoencoder, and the model is a VAE",
        ),
        (
            lambda: evaluation.codebook_report(vae, X),
            "a model with discrete codes, such as a VQVAE, and the model is a VAE",
        ),
        (
            lambda: evaluation.clustering_report(vae, X, np.arange(6)),
            "such as a DEC or a VaDE, and the model is a VAE",
        ),
    ):
        with pytest.raises(ValueError, match=wanted):
            call()


Y = np.arange(9) % 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evaluation.error_rate(Y, Y[:, None]), r"predicted have shape \(9, 1\).*Pass predicted\[:, 0\]"),
        (lambda: evaluation.error_rate(Y[:, None], Y), r"labels have shape \(9, 1\).*Pass labels\[:, 0\]"),
        (lambda: evaluation.error_rate(Y, np.eye(3)[Y]), r"predicted\.argmax"),
        (lambda: evaluation.error_rate([1, 2], [1]), "2 labels and 1 predicted"),
        (lambda: evaluation.error_rate([], []), r"shape \(0,\)"),
        (lambda: evaluation.error_rate(Y, 1), r"shape \(\)"),
        (lambda: evaluation.error_rate(Y, None), r"shape \(\)"),
        (lambda: evaluation.error_rate(Y, Y.astype(str)), "words never equal numbers"),
        (lambda: evaluation.error_rate(Y, Y + 0.5), "dtype float64.*whole numbers or words"),
        (lambda: evaluation.clustering_accuracy(Y, Y * np.nan), "clusters have dtype float64"),
        (lambda: evaluation.clustering_accuracy(Y, Y[:, None]), r"clusters\[:, 0\]"),
        (lambda: evaluation.normalized_mutual_information(Y, Y[:5]), "9 labels and 5 clusters"),
        (lambda: evaluation.normalized_mutual_information([], []), r"shape \(0,\)"),
        (lambda: evaluation.psnr(X, X[:1]), r"shape \(6, 4, 4, 1\) and truth \(1, 4, 4, 1\)"),
        (lambda: evaluation.psnr(X[:0], X[:0]), "one value or more"),
        (lambda: evaluation.psnr(X * 255, X * 255), "truth is from 0 to 255"),
        (lambda: evaluation.psnr(WRONG["uint8"], WRONG["uint8"]), "dtype uint8"),
        (lambda: evaluation.psnr(WRONG["NaN"], X), "finite floats"),
        (lambda: evaluation.spread([]), r"values=\[\]"),
        (lambda: evaluation.spread([0.5, np.nan]), "finite"),
        (lambda: evaluation.cluster(np.zeros(5), 2), r"codes have shape \(5,\)"),
        (lambda: evaluation.cluster(np.full((5, 2), np.inf), 2), "infinite or NaN"),
        (lambda: evaluation.linear_probe(np.eye(3), [0, 1], np.eye(3)), "3 codes and 2 labels"),
        (lambda: evaluation.linear_probe(np.eye(3), [1, 1, 1], np.eye(3)), "All labels are 1"),
        (lambda: evaluation.shallow_probe(np.eye(3), [0, 1, 1], np.eye(2)), "3 numbers per example and test_codes 2"),
        (lambda: evaluation.few_labels(np.eye(3), [0, 1, 1], np.eye(3), [[0], [1], [1]]), "test_labels have shape"),
        (lambda: evaluation.trained_judge(X, Y), "6 images and 9 labels"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(call, message):
    """NumPy broadcasts (N,) against (N, 1) to all pairs, and 1 % of errors becomes 90 %."""
    with pytest.raises(ValueError, match=message):
        call()


def test_labels_may_be_words():
    words = np.array(["cat", "dog", "cat"])
    assert evaluation.error_rate(words, words.astype(object)) == 0.0
    assert evaluation.clustering_accuracy(words, [1, 0, 1]) == 1.0


def test_bad_input(model):
    with pytest.raises(ValueError, match="VAE draws no class"):
        evaluation.class_accuracy(model, None)
    with pytest.raises(ValueError, match="number of images=0"):
        evaluation.likelihood_report(model, np.zeros((0, 4, 4, 1), "float32"))
