"""Models of mixed precision are exported from their float32 weights."""

import numpy as np
import pytest

import keras_vae
from keras_vae import VAE, ConditionalVAE, export, lite
from keras_vae._backend import keras, tf
from keras_vae.export.precision import in_float32
from keras_vae.models.base import policy
from keras_vae.networks import MLP


@pytest.fixture
def x(rng):
    return (rng.uniform(size=(16, 6, 6, 1)) < 0.5).astype("float32")


def _twin(model):
    """The same weights in a model that was float32 from the start."""
    twin = type(model)((6, 6, 1), 2, **({"num_classes": 3} if model.conditional else {}), hidden_units=(8,))
    twin.set_weights(model.get_weights())
    return twin


@pytest.mark.parametrize("precision", ["mixed_float16", "float16"])
def test_builds_compute_what_the_float32_weights_do(precision, x, tmp_path):
    model = VAE((6, 6, 1), 2, hidden_units=(8,), dtype=precision)
    if precision != "float16":
        model.compile("adam")
        model.fit(x, epochs=2, verbose=0)
    before = model.dtype_policy.name
    proof = export.tflite(model, tmp_path / "b", format="float32", examples=x)
    assert max(error.maximum for error in proof.parity.errors.values()) < 1e-5
    np.testing.assert_allclose(lite.load(tmp_path / "b").reconstruct(x), _twin(model).reconstruct(x), atol=1e-5)
    assert model.dtype_policy.name == before, "the model itself is left alone"
    assert keras.config.dtype_policy().name == "float32"


def test_weights_are_rounded_in_float32_too(x, tmp_path):
    model = VAE((6, 6, 1), 2, hidden_units=(8,), dtype="mixed_float16")
    for target in ("cpu", "edge"):
        export.tflite(model, tmp_path / target, target, examples=np.repeat(x, 10, axis=0))
        found = lite.load(tmp_path / target).reconstruct(x)
        np.testing.assert_allclose(found, _twin(model).reconstruct(x), atol=0.05)


def test_a_saved_model_computes_what_the_float32_weights_do(x, tmp_path):
    model = VAE((6, 6, 1), 2, hidden_units=(8,), dtype="mixed_bfloat16")
    served = tf.saved_model.load(str(export.saved_model(model, tmp_path / "served", examples=x)))
    found = served.signatures["reconstruct"](data=tf.constant(x))["data"]
    np.testing.assert_allclose(found, _twin(model).reconstruct(x), atol=1e-5)


def test_a_preset_loaded_under_a_policy_for_all_of_keras(tmp_path):
    with policy("mixed_float16"):
        model = keras_vae.load("mnist_vae_2d")
        export.tflite(model, tmp_path / "b", format="float32")
    found, shipped = lite.load(tmp_path / "b"), keras_vae.load("mnist_vae_2d")
    np.testing.assert_allclose(found.sample(3, seed=1), shipped.sample(3, seed=1), atol=1e-5)


def test_a_float32_model_is_exported_itself():
    model = ConditionalVAE((6, 6, 1), 3, 2)
    assert in_float32(model) is model


class _OfItsOwn(MLP):
    """Networks that were given a precision by hand."""

    def decoder(self, *args, **kwargs):
        with policy("mixed_float16"):
            return super().decoder(*args, **kwargs)


def test_a_layer_with_a_precision_of_its_own_is_named(x, tmp_path):
    model = VAE((6, 6, 1), 2, hidden_units=(8,))
    model.decoder = _OfItsOwn((8,)).decoder(2, (6, 6, 1))
    with pytest.raises(export.ExportError, match=r"The layers .* compute in a precision of their own"):
        export.tflite(model, tmp_path / "b", format="float32", examples=x)
