"""Deployment: SavedModels for servers, TFLite builds for devices, each with the proof that it computes what the model does."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.export.errors import ExportError
    from keras_vae.export.serving import saved_model
    from keras_vae.export.targets import TARGETS, Target
    from keras_vae.export.tflite import tflite

__all__ = ["TARGETS", "ExportError", "Target", "saved_model", "tflite"]

_lazy.attach(__name__)
