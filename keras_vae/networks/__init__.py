"""Encoder and decoder bodies, in matching pairs. They know no loss and no distribution."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.networks.base import Architecture, OutputBias
    from keras_vae.networks.conv_net import ConvNet
    from keras_vae.networks.mlp import MLP
    from keras_vae.networks.residual_net import ResidualNet
    from keras_vae.networks.spatial_conv_net import SpatialConvNet
    from keras_vae.networks.tied_mlp import TiedMLP, TransposedDense
    from keras_vae.networks.vector_quantizer import Quantized, VectorQuantizer, perplexity

__all__ = [
    "MLP",
    "Architecture",
    "ConvNet",
    "OutputBias",
    "Quantized",
    "ResidualNet",
    "SpatialConvNet",
    "TiedMLP",
    "TransposedDense",
    "VectorQuantizer",
    "perplexity",
]

_lazy.attach(__name__)
