"""Autoencoders as `keras.Model` subclasses."""

from keras_vae.models.classifier import Classifier
from keras_vae.models.conditional_vae import ConditionalVAE
from keras_vae.models.conv_vae import ConvVAE
from keras_vae.models.fine_tuning import copy_of, freeze, unfreeze, with_classes
from keras_vae.models.hierarchical_vae import HierarchicalVAE
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.models.vae import VAE

__all__ = [
    "VAE",
    "Classifier",
    "ConditionalVAE",
    "ConvVAE",
    "HierarchicalVAE",
    "LatentVariableModel",
    "copy_of",
    "freeze",
    "unfreeze",
    "with_classes",
]
