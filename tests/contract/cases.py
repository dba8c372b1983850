"""Small instances of every model class: a class without one fails the suite."""

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae import VAE, ConditionalVAE, ConvVAE, zoo
from keras_vae.models import (
    DEC,
    VQVAE,
    WAE,
    AttributeConditionalVAE,
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    HierarchicalVAE,
    ImageConditionalVAE,
    SemiSupervisedVAE,
    SparseAutoencoder,
    StackedAutoencoder,
    SwapAutoencoder,
    VaDE,
)

SHAPE = (8, 8, 1)
SPATIAL = {"name": "spatial_conv_net", "filters": (4, 8), "code_channels": 2, "residual_blocks": 1, "dense_units": 8}
MAP_PRIOR = {"name": "spatial_prior", "map_shape": (2, 2, 2), "filters": 4, "residual_blocks": 1}
CONV = {"filters": (4, 8), "dense_units": (16,)}

ATTRIBUTES = {"colour": ["red", "green", "blue"], "age": {"mean": 40.0, "std": 12.5}, "height": "number"}

CASES: dict[str, Callable[[], Any]] = {
    "vae": lambda: VAE(SHAPE, 3, hidden_units=(16,)),
    "vae_full_covariance": lambda: VAE(SHAPE, 3, hidden_units=(16,), posterior="full_covariance_gaussian"),
    "vae_continuous_bernoulli": lambda: VAE(SHAPE, 3, hidden_units=(16,), likelihood="continuous_bernoulli"),
    "vae_gaussian_learned": lambda: VAE(
        SHAPE, 3, hidden_units=(16,), likelihood={"name": "gaussian", "scale": "learned"}
    ),
    "vae_gaussian_per_element": lambda: VAE(
        SHAPE, 3, hidden_units=(16,), likelihood={"name": "gaussian", "scale": "per_element"}
    ),
    "vae_discretized_logistic": lambda: VAE(SHAPE, 3, hidden_units=(16,), likelihood="discretized_logistic"),
    "conv_vae": lambda: ConvVAE(SHAPE, 3, **CONV),
    "conditional_dense": lambda: ConditionalVAE(SHAPE, 4, 3, network={"name": "mlp", "hidden_units": (16,)}),
    "conditional_conv": lambda: ConditionalVAE(SHAPE, 4, 3, network={"name": "conv_net", **CONV}),
    "conditional_learned_prior": lambda: ConditionalVAE(
        SHAPE, 4, 3, network={"name": "mlp", "hidden_units": (16,)}, prior="conditional_gaussian"
    ),
    "vae_mixture": lambda: VAE(
        SHAPE, 3, hidden_units=(16,), prior={"name": "mixture_of_gaussians", "num_components": 4}
    ),
    "vae_vamp_prior": lambda: VAE(SHAPE, 3, hidden_units=(16,), prior={"name": "vamp_prior", "num_components": 4}),
    "vae_flow": lambda: VAE(SHAPE, 3, hidden_units=(16,), prior={"name": "real_nvp", "hidden_units": (8,)}),
    "conditional_flow": lambda: ConditionalVAE(
        SHAPE, 4, 3, network={"name": "mlp", "hidden_units": (16,)}, prior={"name": "real_nvp", "hidden_units": (8,)}
    ),
    "vae_spatial": lambda: VAE(
        SHAPE, 11, network={**SPATIAL, "vector_size": 3}, prior=MAP_PRIOR, likelihood="gaussian"
    ),
    "conditional_spatial": lambda: ConditionalVAE(SHAPE, 4, 11, network={**SPATIAL, "vector_size": 3}, prior=MAP_PRIOR),
    "semi_supervised": lambda: SemiSupervisedVAE(
        SHAPE, 4, 3, network={"name": "mlp", "hidden_units": (16,)}, classifier={"name": "conv_net", **CONV}
    ),
    "image_conditional": lambda: ImageConditionalVAE(
        SHAPE, (4, 6, 2), 3, num_features=5, network={"name": "mlp", "hidden_units": (16,)}
    ),
    "image_conditional_completes": lambda: ImageConditionalVAE(
        SHAPE, (8, 8, 2), 3, num_features=5, network={"name": "conv_net", **CONV}, completes=True
    ),
    "attributes": lambda: AttributeConditionalVAE(
        SHAPE, ATTRIBUTES, 3, network={"name": "mlp", "hidden_units": (16,)}, prior="conditional_gaussian"
    ),
    "attributes_conv": lambda: AttributeConditionalVAE(SHAPE, ATTRIBUTES, 3, network={"name": "conv_net", **CONV}),
    "vade": lambda: VaDE(SHAPE, 3, num_clusters=4, hidden_units=(16,)),
    "hierarchical": lambda: HierarchicalVAE(
        SHAPE, (2, 3), network={"name": "mlp", "hidden_units": (16,)}, num_features=8, level_units=(8,)
    ),
    "hierarchical_conv_vamp_prior": lambda: HierarchicalVAE(
        SHAPE,
        (2, 2, 2),
        network={"name": "conv_net", **CONV},
        num_features=8,
        level_units=(8,),
        prior={"name": "vamp_prior", "num_components": 4},
    ),
}


def conditions(model: Any, numbers: np.ndarray) -> np.ndarray:
    """What a conditional model is told where others are told `numbers`: those, or an image or attributes for each."""
    if isinstance(model, AttributeConditionalVAE):
        return model.random_vectors(10)[numbers]
    if not hasattr(model, "condition_shape"):
        return numbers
    pictures = np.random.default_rng(0).uniform(size=(10, *model.condition_shape))
    return pictures[numbers].astype("float32")


_ONE_LAYER = {"name": "mlp", "hidden_units": ()}

# Deterministic autoencoders have a suite of their own: a code and no posterior.
AUTOENCODERS: dict[str, Callable[[], Any]] = {
    "autoencoder": lambda: Autoencoder(SHAPE, 3, network={"name": "mlp", "hidden_units": (16, 8)}),
    "spatial_autoencoder": lambda: Autoencoder(SHAPE, 8, network=SPATIAL, likelihood="gaussian"),
    "conv_autoencoder": lambda: Autoencoder(SHAPE, 3, network={"name": "conv_net", **CONV}, likelihood="gaussian"),
    "sparse_l1": lambda: SparseAutoencoder(SHAPE, 80, sparsity="l1"),
    "sparse_rate": lambda: SparseAutoencoder(SHAPE, 80, sparsity="activation_rate", code_activation="sigmoid"),
    "k_sparse": lambda: SparseAutoencoder(SHAPE, 80, num_active=5),
    "denoising": lambda: DenoisingAutoencoder(SHAPE, 16, network=_ONE_LAYER, code_activation="sigmoid"),
    "denoising_gaussian": lambda: DenoisingAutoencoder(
        SHAPE, 3, network={"name": "mlp", "hidden_units": (16,)}, corruption={"name": "gaussian_noise", "stddev": 0.3}
    ),
    "contractive": lambda: ContractiveAutoencoder(SHAPE, 16),
    "contractive_deep": lambda: ContractiveAutoencoder(SHAPE, 3, network={"name": "mlp", "hidden_units": (16,)}),
    "stacked": lambda: StackedAutoencoder(SHAPE, (16, 8), corruption={"name": "dropped_pixels", "rate": 0.2}),
    "stacked_relu": lambda: StackedAutoencoder(SHAPE, (16, 12, 8), activation="relu"),
    "stacked_tied": lambda: StackedAutoencoder(SHAPE, (16, 12, 8), tied=True),
    "k_sparse_tied": lambda: SparseAutoencoder(SHAPE, 80, {"name": "tied_mlp"}, num_active=5),
    "contractive_tied": lambda: ContractiveAutoencoder(SHAPE, 16, {"name": "tied_mlp"}),
    "tied_deep": lambda: Autoencoder(SHAPE, 3, network={"name": "tied_mlp", "hidden_units": (16, 8)}),
    "dec": lambda: DEC(SHAPE, 3, num_clusters=4, network={"name": "mlp", "hidden_units": (16,)}),
    "wae": lambda: WAE(SHAPE, 3, network={"name": "mlp", "hidden_units": (16,)}),
    "wae_flow": lambda: WAE(
        SHAPE,
        3,
        network={"name": "conv_net", **CONV},
        likelihood="bernoulli",
        prior={"name": "real_nvp", "hidden_units": (8,)},
    ),
    "swap": lambda: SwapAutoencoder(SHAPE, 3, 2, network={"name": "mlp", "hidden_units": (16,)}),
    "swap_conv": lambda: SwapAutoencoder(SHAPE, 3, 2, network={"name": "conv_net", **CONV}, own_layers=1),
}

_SMALL_NET = {"filters": 8, "residual_filters": 4, "residual_blocks": 1}
_SMALL_PRIOR = {"filters": 8, "num_layers": 2, "kernel_size": 3}


def _quantized(**settings: Any) -> Any:
    return VQVAE(SHAPE, num_codes=8, code_size=6, network=_SMALL_NET, prior=_SMALL_PRIOR, **settings)


# Models with discrete codes: whole numbers and a prior over them.
QUANTIZED: dict[str, Callable[[], Any]] = {
    "vq_vae": lambda: _quantized(downsampling=(4,)),
    "vq_vae_gradient_classes": lambda: _quantized(
        num_classes=3, downsampling=(4,), quantizer={"update": "gradient"}, likelihood="bernoulli"
    ),
    "vq_vae_2_classes": lambda: _quantized(num_classes=3, downsampling=(2, 2), likelihood="discretized_logistic"),
}

CLASSES = {name: type(build()) for name, build in {**CASES, **AUTOENCODERS, **QUANTIZED}.items()}


def one_of_each_class(cases: dict[str, Callable[[], Any]]) -> dict[str, Callable[[], Any]]:
    """The first case of each class, for what does not hang on a model's distributions."""
    first = {CLASSES[name]: name for name in reversed(cases)}
    return {name: cases[name] for name in cases if name in first.values()}


def _shipped(cases: dict[str, Callable[[], Any]]) -> dict[str, Callable[[], Any]]:
    """Every preset that is shipped passes the suite of its class."""
    classes = {CLASSES[name].__name__ for name in cases}
    return {
        name: (lambda name=name: zoo.load(name))
        for name in zoo.list_presets()
        if zoo.Preset.read(zoo.preset_folder(name)).model["class"] in classes
    }


PRESETS, AUTOENCODER_PRESETS, QUANTIZED_PRESETS = (_shipped(cases) for cases in (CASES, AUTOENCODERS, QUANTIZED))
