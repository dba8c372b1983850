"""The command `keras-vae`."""

# Each module adds its commands; `--help` shows them in this order.
from keras_vae.cli import catalogue, fetch, pictures, new, making, diagnose  # isort: skip
from keras_vae.cli.app import app

__all__ = ["app", "catalogue", "diagnose", "fetch", "making", "new", "pictures"]
