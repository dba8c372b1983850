"""Models of mixed precision, exported from the float32 weights that they have."""

from keras_vae._backend import keras
from keras_vae.models import EncoderDecoder


def in_float32(model: EncoderDecoder) -> EncoderDecoder:
    """The model itself if it computes in float32, else one of the same configuration and weights that does.

    Mixed precision is for training: its casts have no counterpart in LiteRT, and the format of a build says what a device
    computes in. A preset that is loaded while a policy is set for all of Keras has that policy too.
    """
    if model.dtype_policy.compute_dtype == model.dtype_policy.variable_dtype == "float32":
        return model
    twin = type(model).from_config({**model.get_config(), "dtype": "float32"})
    twin.set_weights(model.get_weights())
    return twin


def not_float32(network: keras.Model) -> list[str]:
    """Names of the layers of a network that compute in anything else: those that were given a precision of their own."""
    return [layer.name for layer in network.layers if layer.compute_dtype not in (None, "float32")]
