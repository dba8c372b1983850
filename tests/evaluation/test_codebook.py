"""What is said of discrete codes is what they do."""

import numpy as np
import pytest

from keras_vae import _batches, evaluation
from keras_vae._backend import keras
from tests.contract.cases import QUANTIZED, SHAPE


@pytest.fixture(params=QUANTIZED)
def model(request):
    keras.utils.set_random_seed(0)
    return QUANTIZED[request.param]()


def test_the_figures_are_those_of_the_models_methods(model, rng):
    x, y = rng.uniform(size=(300, *SHAPE)).astype("float32"), rng.integers(0, 3, 300)
    found = evaluation.codebook_report(model, x, y)
    codes = model.encode(x)
    error = np.square(x - model.reconstruct(x).numpy()).mean()
    assert found["squared_error"] == pytest.approx(error, rel=1e-4)
    assert found["squared_error_of_variance"] == pytest.approx(error / x.var(), rel=1e-4)
    for grid, used, perplexity in zip(model.grids(codes), found["codes_used"], found["perplexity"], strict=True):
        _, counts = np.unique(grid, return_counts=True)
        share = counts / counts.sum()
        assert used == len(counts)
        assert perplexity == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-6)
    assert found["code_bits"] == pytest.approx(3 * model.latent_size)  # eight codes
    labels = {"labels": y} if model.conditional else {}
    assert found["elbo"] == pytest.approx(float(np.mean(model.elbo(x, **labels))), rel=1e-4)
    assert found["elbo"] == pytest.approx(found["log_likelihood"] - found["kl"], rel=1e-6)
    assert ("bits_per_dim" in found) == model.likelihood.discrete
    if model.likelihood.discrete:
        assert found["bits_per_dim"] == pytest.approx(-found["elbo"] / np.log(2) / 64, rel=1e-6)


def test_where_a_prior_says_much_of_an_image_batches_are_small_and_the_figures_the_same(model, rng, monkeypatch):
    x, y = rng.uniform(size=(30, *SHAPE)).astype("float32"), rng.integers(0, 3, 30)
    whole, encode, sizes = evaluation.codebook_report(model, x, y), model.encode, []
    monkeypatch.setattr(_batches, "_ELEMENTS", 7 * model.latent_size * model.num_codes)
    monkeypatch.setattr(model, "encode", lambda part: sizes.append(len(part)) or encode(part))
    assert evaluation.codebook_report(model, x, y) == pytest.approx(whole, rel=1e-5)
    assert sizes == [7, 7, 7, 7, 2]
    assert _batches.batch_size(10**12, 100) == 1


def test_no_images(model):
    with pytest.raises(ValueError, match="number of images"):
        evaluation.codebook_report(model, np.zeros((0, *SHAPE), "float32"))
