"""Images are (H, W, C), whatever a machine's keras.json says."""

import keras
import numpy as np
import pytest

from keras_vae import models
from tests.contract.cases import CASES, QUANTIZED, SHAPE

X = (np.random.default_rng(0).uniform(size=(2, *SHAPE)) < 0.5).astype("float32")


def _classifier():
    return models.Classifier(SHAPE, 3, filters=(4,), dense_units=8)


MADE = {
    **{name: CASES[name] for name in ("vae", "conv_vae", "conditional_conv", "image_conditional_completes")},
    **{name: QUANTIZED[name] for name in ("vq_vae", "vq_vae_2_classes")},
    "classifier": _classifier,
}


def _outputs(model):
    if isinstance(model, models.Classifier):
        return model(X).numpy()
    if isinstance(model, models.VQVAE):
        codes = model.encode(X)
        condition = model._condition(None if model.num_classes is None else np.zeros(2, int), 2)
        return np.concatenate([np.ravel(model.reconstruct(X)), np.ravel(model.prior_given(condition).log_prob(codes))])
    labels = None
    if model.conditional:
        labels = (
            np.zeros((2, *model.condition_shape), "float32") if hasattr(model, "condition_shape") else np.zeros(2, int)
        )
    return np.array(model.reconstruct(X, labels))


@pytest.mark.parametrize("name", MADE)
def test_a_model_is_the_same_where_keras_puts_channels_first(name):
    keras.utils.set_random_seed(0)
    model = MADE[name]()
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        other = MADE[name]()
        other.set_weights(model.get_weights())
        found = _outputs(other)
    finally:
        keras.config.set_image_data_format(before)
    np.testing.assert_array_equal(found, _outputs(model))
