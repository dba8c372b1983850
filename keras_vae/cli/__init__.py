"""The command `keras-vae`."""

from keras_vae.cli.main import app

__all__ = ["app"]
