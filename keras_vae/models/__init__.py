"""Autoencoders as `keras.Model` subclasses."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.models.attribute_conditional_vae import AttributeConditionalVAE
    from keras_vae.models.autoencoder import Autoencoder
    from keras_vae.models.base import EncoderDecoder
    from keras_vae.models.capabilities import (
        Classifies,
        Denoises,
        DeterministicCode,
        DiscreteCodes,
        HasObjective,
        HasPosterior,
        ImageConditions,
        Reconstructs,
        Samples,
        SparseCode,
        TranslatesDomains,
    )
    from keras_vae.models.classifier import Classifier
    from keras_vae.models.classifier_on import classifier_on
    from keras_vae.models.clusters import Clusters
    from keras_vae.models.conditional_vae import ConditionalVAE
    from keras_vae.models.contractive_autoencoder import ContractiveAutoencoder
    from keras_vae.models.conv_vae import ConvVAE
    from keras_vae.models.dec import DEC
    from keras_vae.models.denoising_autoencoder import DenoisingAutoencoder
    from keras_vae.models.fine_tuning import copy_of, freeze, unfreeze, with_classes
    from keras_vae.models.hierarchical_vae import HierarchicalVAE
    from keras_vae.models.hierarchy import register
    from keras_vae.models.image_conditional_vae import ImageConditionalVAE
    from keras_vae.models.latent_layers import LatentMean, LatentSample
    from keras_vae.models.latent_prior import LatentPrior
    from keras_vae.models.latent_variable import LatentVariableModel
    from keras_vae.models.semi_supervised_vae import SemiSupervisedVAE
    from keras_vae.models.sparse_autoencoder import SparseAutoencoder
    from keras_vae.models.stacked_autoencoder import StackedAutoencoder
    from keras_vae.models.swap_autoencoder import SwapAutoencoder
    from keras_vae.models.vade import VaDE
    from keras_vae.models.vae import VAE
    from keras_vae.models.vq_vae import VQVAE
    from keras_vae.models.wae import WAE

__all__ = [
    "DEC",
    "VAE",
    "VQVAE",
    "WAE",
    "AttributeConditionalVAE",
    "Autoencoder",
    "Classifier",
    "Classifies",
    "Clusters",
    "ConditionalVAE",
    "ContractiveAutoencoder",
    "ConvVAE",
    "Denoises",
    "DenoisingAutoencoder",
    "DeterministicCode",
    "DiscreteCodes",
    "EncoderDecoder",
    "HasObjective",
    "HasPosterior",
    "HierarchicalVAE",
    "ImageConditionalVAE",
    "ImageConditions",
    "LatentMean",
    "LatentPrior",
    "LatentSample",
    "LatentVariableModel",
    "Reconstructs",
    "Samples",
    "SemiSupervisedVAE",
    "SparseAutoencoder",
    "SparseCode",
    "StackedAutoencoder",
    "SwapAutoencoder",
    "TranslatesDomains",
    "VaDE",
    "classifier_on",
    "copy_of",
    "freeze",
    "register",
    "unfreeze",
    "with_classes",
]

_lazy.attach(__name__)
