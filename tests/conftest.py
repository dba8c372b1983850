"""Shared fixtures: small data, and whether the large data sets are on this machine."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

import keras_vae
from keras_vae._backend import keras


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
def mnist_test():
    """MNIST's test images, binarised as the cards say, with labels; skips where MNIST is not there."""
    if not is_prepared("mnist"):
        pytest.skip("MNIST is not on this machine: set TFDS_DATA_DIR to a folder where TFDS has prepared it")
    return keras_vae.data.arrays("mnist", "test", "dynamic_binarization", seed=0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
