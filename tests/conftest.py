"""Shared fixtures: small data, and whether the large data sets are on this machine."""

import contextlib
import functools
import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
from scipy import stats

import keras_vae
from keras_vae import zoo
from keras_vae._backend import keras, tfb
from keras_vae.distributions.base import inverse_positive


def pytest_collection_finish(session):
    """Leave what is imported out of every garbage collection: TensorFlow is millions of objects, a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def digits():
    """A few binarised digits, 28x28, with labels."""
    images, labels = keras_vae.data.arrays("digits", "test", "dynamic_binarization")
    return images[:64], labels[:64]


def is_prepared(name: str) -> bool:
    """Whether a TensorFlow data set is on this machine, without trying to download it."""
    import tensorflow_datasets as tfds

    return tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR")).is_prepared()


@pytest.fixture(scope="session")
def test_images():
    """From a preset's name to the test images and labels of its data, as its card says; skips where they are not there."""

    @functools.cache
    def images(preset):
        recipe = zoo.Preset.read(zoo.preset_folder(preset)).recipe.data
        if recipe.name == "mnist" and not is_prepared("mnist"):
            pytest.skip("MNIST is not on this machine: set TFDS_DATA_DIR to a folder where TFDS has prepared it")
        try:
            return keras_vae.data.arrays(recipe.name, "test", recipe.preprocessing, seed=0)
        except keras_vae.data.DataUnavailableError as error:
            pytest.skip(str(error))

    return images


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A stand-in for the Hugging Face hub, in place of the real one."""
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    from tests.zoo.stand_in_hub import StandInHub

    stand_in = StandInHub()
    monkeypatch.setattr(constants, "ENDPOINT", stand_in.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", stand_in.address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_stand_in")
    yield stand_in
    stand_in.close()


@pytest.fixture
def full_disk():
    """A block in which no file can grow beyond so many bytes: the system's own error, from Python and from C++ alike."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")

    @contextlib.contextmanager
    def limited(size=1000):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture
def rng():
    return np.random.default_rng(0)


D, Z, S = 5, 2, 0.7


@pytest.fixture
def linear_gaussian(rng):
    """A VAE that is affine all through, its posterior the true one, and its exact log p(x)."""
    model = keras_vae.VAE(
        (D,), Z, hidden_units=(), posterior="full_covariance_gaussian", likelihood={"name": "gaussian", "scale": S}
    )
    w, b = rng.normal(size=(D, Z)), rng.normal(size=D)
    model.decoder.get_layer("pixels").kernel.assign(w.T)
    model.decoder.get_layer("output").bias.assign(b)
    # p(z|x) = N(C W^T (x - b) / s^2, C), C = (I + W^T W / s^2)^-1.
    c = np.linalg.inv(np.eye(Z) + w.T @ w / S**2)
    gain, lower = c @ w.T / S**2, np.linalg.cholesky(c)
    raw = lower.copy()
    np.fill_diagonal(raw, inverse_positive(np.diag(lower), 1e-5))
    head = model.encoder.get_layer("output")
    # TFP fills triangles in its own order; ask it for the vector of our matrix.
    fill = tfb.FillTriangular().inverse(raw.astype("float32")).numpy()
    head.kernel.assign(np.concatenate([gain, np.zeros((len(fill), D))]).T)
    head.bias.assign(np.concatenate([-gain @ b, fill]))
    x = rng.normal(size=(64, Z)) @ w.T + b + S * rng.normal(size=(64, D))
    exact = stats.multivariate_normal(b, w @ w.T + S**2 * np.eye(D)).logpdf(x)
    return model, x.astype("float32"), exact
