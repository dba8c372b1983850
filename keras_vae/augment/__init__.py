"""Random maps of a batch: preprocessing, from 8-bit pixels to floats, and corruptions, which a denoising model learns to undo."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.augment.base import Augmentation
    from keras_vae.augment.corruptions import Corruption, GaussianNoise, MaskingNoise, SaltAndPepper
    from keras_vae.augment.geometric import RandomAffine, RandomElastic
    from keras_vae.augment.preprocessing import (
        Dequantization,
        DynamicBinarization,
        FixedBinarization,
        Preprocessing,
        RandomResizedCrop,
        RandomShift,
        Scaling,
        preprocessing_named,
    )

__all__ = [
    "Augmentation",
    "Corruption",
    "Dequantization",
    "DynamicBinarization",
    "FixedBinarization",
    "GaussianNoise",
    "MaskingNoise",
    "Preprocessing",
    "RandomAffine",
    "RandomElastic",
    "RandomResizedCrop",
    "RandomShift",
    "SaltAndPepper",
    "Scaling",
    "preprocessing_named",
]

_lazy.attach(__name__)
