"""Probes, few labels and clusters, on codes whose answer is known."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from keras_vae import data, evaluation, models
from keras_vae._backend import tf


@pytest.fixture
def blobs(rng):
    """Three classes, well apart, of 60, 60 and 30 examples."""
    labels = np.repeat([0, 1, 2], [60, 60, 30])
    centres = np.array([[8.0, 0, 0], [0, 8.0, 0], [0, 0, 8.0]])
    return centres[labels] + rng.normal(size=(150, 3)), labels


def test_probes_find_what_is_linear_and_what_is_not(rng):
    angle = rng.uniform(0, 2 * math.pi, 600)
    labels = np.repeat([0, 1], 300)
    rings = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 + 2 * labels[:, None])
    half = np.arange(600) % 2 == 0
    linear, shallow = (
        evaluation.error_rate(labels[~half], fit(rings[half], labels[half], rings[~half], 0))
        for fit in (evaluation.linear_probe, evaluation.shallow_probe)
    )
    assert linear > 0.35
    assert shallow < 0.02
    apart = rings + 5 * labels[:, None]
    assert evaluation.error_rate(labels[~half], evaluation.linear_probe(apart[half], labels[half], apart[~half])) < 0.02


def test_a_linear_probe_is_the_penalised_regression(rng):
    """Against SciPy's minimiser of the same loss: the sum of cross-entropies and |w|^2 / 2C, codes divided by one number."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    codes = rng.exponential(size=(80, 3)) * (rng.random((80, 3)) < 0.4)
    labels = (codes @ [2.0, -1.0, 0.5] + rng.normal(0, 0.7, 80) > 0.4).astype(int)
    new, c = rng.exponential(size=(500, 3)), 0.05
    scaled = codes / codes.std()

    def loss(parameters):
        logits = scaled @ parameters[:3] + parameters[3]
        both = log_softmax(np.stack([np.zeros(80), logits], axis=1), axis=1)
        return -both[np.arange(80), labels].sum() + np.square(parameters[:3]).sum() / (2 * c)

    best = minimize(loss, np.zeros(4), tol=1e-10).x
    logits = new / codes.std() @ best[:3] + best[3]
    sure = np.abs(logits) > 1e-2
    found = evaluation.linear_probe(codes, labels, new, inverse_penalty=c, scaling="shared")
    np.testing.assert_array_equal(found[sure], (logits > 0)[sure])
    assert 0.05 < np.mean(found) < 0.95
    with pytest.raises(ValueError, match="scaling='none'"):
        evaluation.linear_probe(codes, labels, new, scaling="none")


def test_labels_are_chosen_evenly_by_class(blobs):
    _, labels = blobs
    chosen = data.choose_labelled(labels, 31, seed=3)
    assert np.bincount(labels[chosen]).tolist() == [11, 10, 10]
    assert len(set(chosen.tolist())) == 31
    assert chosen.tolist() == data.choose_labelled(labels, 31, seed=3).tolist()
    assert chosen.tolist() != data.choose_labelled(labels, 31, seed=4).tolist()


def test_few_labels_reports_the_spread_over_draws(blobs):
    codes, labels = blobs
    seen = []

    def fit(train, y, test, seed):
        seen.append((len(train), seed))
        return np.where(np.arange(len(test)) < 10 * (seed + 1), -1, labels)

    found = evaluation.few_labels(codes, labels, codes, labels, counts=(3, 30), draws=4, fit=fit)
    assert seen == [(3, 0), (3, 1), (3, 2), (3, 3), (30, 0), (30, 1), (30, 2), (30, 3)]
    values = [10 / 150, 20 / 150, 30 / 150, 40 / 150]
    assert found[30].values == pytest.approx(values)
    assert found[30].mean == pytest.approx(np.mean(values))
    assert found[30].stddev == pytest.approx(np.std(values, ddof=1))
    good = evaluation.few_labels(codes, labels, codes, labels, counts=(6,), draws=2)
    assert good[6].mean < 0.05


@pytest.mark.parametrize("method", ["k_means", "gaussian_mixture", "spectral"])
def test_clusters_are_those_of_the_blobs(blobs, method):
    codes, labels = blobs
    found = evaluation.cluster(codes, 3, method, seed=0)
    assert evaluation.clustering_accuracy(labels, found) == 1.0
    assert evaluation.normalized_mutual_information(labels, found) == pytest.approx(1.0)


def test_accuracy_is_the_best_over_all_maps(rng):
    labels, clusters = rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    best = max(np.mean(np.array(order)[clusters] == labels) for order in itertools.permutations(range(4)))
    assert evaluation.clustering_accuracy(labels, clusters) == pytest.approx(best)


def test_information_is_that_of_the_table(rng):
    labels, clusters = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    table = np.array([[np.mean((labels == a) & (clusters == b)) for b in range(3)] for a in range(3)])
    entropies = [stats.entropy(table.sum(axis=axis)) for axis in (0, 1)]
    expected = (sum(entropies) - stats.entropy(table.ravel())) / np.mean(entropies)
    assert evaluation.normalized_mutual_information(labels, clusters) == pytest.approx(expected)


def test_the_reconstruction_of_a_denoising_model_is_of_the_clean_image(rng):
    x = rng.uniform(size=(700, 4, 4, 1)).astype("float32")
    model = models.DenoisingAutoencoder((4, 4, 1), 3, corruption={"name": "masking_noise", "rate": 0.6})
    report = evaluation.reconstruction_report(model, x, seed=2)
    plain = models.Autoencoder.from_config({k: v for k, v in model.get_config().items() if k != "corruption"})
    plain.set_weights(model.get_weights())
    clean = evaluation.reconstruction_report(plain, x)
    error = np.mean((plain.reconstruct(x) - x) ** 2)
    assert clean["squared_error"] == pytest.approx(error, rel=1e-5)
    assert clean["psnr"] == pytest.approx(-10 * math.log10(error), rel=1e-5)
    assert clean["log_likelihood"] == pytest.approx(float(np.mean(plain.decode(plain.encode(x)).log_prob(x))), rel=1e-5)
    assert report["squared_error"] != clean["squared_error"]
    # Of a dropped pixel all is lost, and of the others nothing.
    assert report["psnr_corrupted"] == pytest.approx(-10 * math.log10(0.6 * np.mean(x**2)), abs=0.2)
    assert "psnr_corrupted" not in clean
    assert report == evaluation.reconstruction_report(model, x, seed=2)
    perfect = models.Autoencoder((1,), 1, network={"name": "mlp", "hidden_units": ()}, likelihood="gaussian")
    for layer in (perfect.encoder.get_layer("output"), perfect.decoder.get_layer("pixels")):
        layer.kernel.assign(tf.ones((1, 1)))
    assert evaluation.reconstruction_report(perfect, x.reshape(-1, 1))["psnr"] == pytest.approx(120.0)


def test_the_reconstruction_of_a_noisy_code_is_scored_without_the_noise(rng):
    x, domains = rng.uniform(size=(60, 4, 4, 1)).astype("float32"), np.arange(60) % 2
    model = models.MultiDomainAutoencoder((4, 4, 1), 3, 2)
    error = np.mean((model.reconstruct(x, domains) - x) ** 2)
    assert evaluation.reconstruction_report(model, x, domains)["squared_error"] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.choose_labelled(np.arange(10), 5), "count=5: leaves a class empty, since there are 10"),
        (
            lambda: data.choose_labelled(np.array([0, 0, 0, 1]), 4),
            "class 1 has 1 examples, and 2 would be needed",
        ),
        (lambda: data.choose_labelled(np.array([0, 1]), 3), "count=3: must be a whole number from 1 to 2"),
        (lambda: evaluation.cluster(np.zeros((3, 2)), 4), "num_clusters=4: there are 3 codes"),
        (lambda: evaluation.cluster(np.zeros((3, 2)), 2, "dbscan"), "method='dbscan': must be one of"),
        pytest.param(
            lambda: evaluation.cluster(np.ones((9, 2)), 3),
            "num_clusters=3: fewer of the codes are distinct",
            marks=pytest.mark.filterwarnings("ignore:Number of distinct clusters"),
        ),
        (lambda: evaluation.clustering_accuracy([0, 1], [0]), "2 labels and 1 clusters"),
        (lambda: evaluation.few_labels(None, None, None, None, draws=0), "draws=0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
