"""Exported models on LiteRT and NumPy alone: nothing here imports TensorFlow or Keras.

>>> from keras_vae import lite
>>> digits = lite.load("mnist_cvae").sample(labels=[3, 1, 4], seed=0)

On a device: `pip install --no-deps keras-vae` and `pip install numpy ai-edge-litert`.
"""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.lite.build import Build
    from keras_vae.lite.folders import BuildError, build_folder, list_builds, read_proof
    from keras_vae.lite.manifest import MANIFEST, Manifest
    from keras_vae.lite.model import Encoding, LiteModel, load

__all__ = [
    "MANIFEST",
    "Build",
    "BuildError",
    "Encoding",
    "LiteModel",
    "Manifest",
    "build_folder",
    "list_builds",
    "load",
    "read_proof",
]

_lazy.attach(__name__)
