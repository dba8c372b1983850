"""The one place where Keras, TensorFlow and TFP are brought together."""

import os

# TensorFlow's C++ notices about CPU instructions tell a user of this library nothing; its errors still show.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def _require_tensorflow(backend: str) -> None:
    if backend != "tensorflow":
        raise ImportError(
            f"keras_vae needs Keras on TensorFlow, but the Keras backend is {backend!r}. Set the environment variable "
            "KERAS_BACKEND=tensorflow before Python starts (TensorFlow Probability's distributions are TensorFlow objects)."
        )


# Asked before Keras is imported, since that fails by itself where the other backend is not installed, and after, since
# Keras's configuration file can name a backend too.
_require_tensorflow(os.environ.get("KERAS_BACKEND", "tensorflow"))

import keras
import tensorflow as tf

_require_tensorflow(keras.backend.backend())

import tensorflow_probability as tfp

tfd = tfp.distributions
tfb = tfp.bijectors

serializable = keras.saving.register_keras_serializable("keras_vae")

__all__ = ["keras", "serializable", "tf", "tfb", "tfd", "tfp"]
