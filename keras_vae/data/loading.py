"""One call from the name of a data set to what `fit` takes."""

import math
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.augment.preprocessing import preprocessing_named
from keras_vae.data.domains import outlined
from keras_vae.data.pipeline import batches, prepared
from keras_vae.data.sources import Images, Source, read

# Largest array of floats that is made of a folder: 1 GiB.
_ARRAY_BYTES = 2**30


def load(
    name: str | Source,
    split: str = "train",
    preprocessing: Any = "scaling",
    batch_size: int = 128,
    shuffle: bool | None = None,
    seed: int = 0,
    data_dir: str | None = None,
) -> Any:
    """Load a data set as `tf.data` of `(image, label)` batches: float32 `(B, H, W, C)` in [0, 1], int64 `(B,)`.

    Goes straight into `fit` and `evaluate` of every model.

    Args:
        name: `"mnist"`, `"cifar10"`, `"frey_faces"` (through TensorFlow Datasets) or `"digits"` (scikit-learn's, always there);
            `"mnist_outlines"` and `"digits_outlines"` have every second digit in outline, and domains as labels; `"shapes"` is
            drawn from known factors: see `Shapes`; `"mnist_quadrants"` and `"digits_quadrants"` have pictures for labels,
            float32 `(B, H, W, 2)`: see `quadrants`; how many are given is drawn anew where the data are shuffled. Or a data set
            of your own: see `ImageFolder`.
        split: `"train"`, `"test"`, or a slice such as `"train[-5000:]"`.
        preprocessing: `"scaling"`, `"dynamic_binarization"`, `"fixed_binarization"`, `"dequantization"`, or a `Preprocessing`.
        batch_size: images a batch.
        shuffle: whether each epoch has a new order and new noise, as training needs, or all have the same, as validation and
            test need. By default True for training splits.
        seed: of order and noise.
        data_dir: folder of TensorFlow Datasets.

    Raises:
        ValueError: if a name, the split or the batch size is out of its range.
        DataUnavailableError: if the data set is not there and cannot be downloaded.
    """
    step = preprocessing_named(preprocessing)
    images = read(name, split, data_dir)
    shuffle = split.startswith("train") if shuffle is None else shuffle
    return batches(images, step, batch_size, shuffle=shuffle, seed=seed)


def arrays(
    name: str | Source, split: str = "test", preprocessing: Any = "scaling", seed: int = 0, data_dir: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Load a data set as NumPy arrays, float32 `(N, H, W, C)` in [0, 1] and int64 `(N,)`; noise is drawn once.

    Arguments and errors as in `load`.

    Raises:
        ValueError: if a folder of images would become more than 1 GiB of floats, also.
    """
    raw = read(name, split, data_dir)
    most = _most(raw)
    if most < len(raw.labels):
        size = 4e-9 * math.prod(raw.images.shape)
        raise ValueError(
            f"{getattr(name, 'name', name)} {split}: {len(raw.labels):,} images would be {size:.1f} GB of floats. Take at "
            f"most {most:,}, such as {_first('train', most)!r}, or go through all of them with data.load(...)."
        )
    images = prepared(raw, preprocessing_named(preprocessing), seed)
    labels = raw.conditions(images, raw.labels, None).numpy() if raw.conditions else raw.labels
    return images.numpy(), labels


def split_for_arrays(name: str | Source, split: str = "test", data_dir: str | None = None) -> str:
    """The split itself, if `arrays` takes it; of a folder with too many images, the slice of as many first ones as it takes.

    Args:
        name, data_dir: as in `load`.
        split: `"train"` or `"test"`.

    Raises:
        ValueError: if there is no such data set or split.
        DataUnavailableError: if the data set is not there and cannot be downloaded.
    """
    if isinstance(name, str):
        return split
    raw = read(name, split, data_dir)
    most = _most(raw)
    return split if len(raw.labels) <= most else _first(split, most)


def _most(raw: Images) -> int:
    """How many images become an array of floats: as many as there are, or of a folder those that fit."""
    if not raw.by_image:
        return len(raw.labels)
    return max(1, _ARRAY_BYTES // (4 * math.prod(raw.images.shape[1:])))


def _first(split: str, count: int) -> str:
    return f"{split}[:{count}]"


def pairs(name: str, split: str = "test", data_dir: str | None = None) -> tuple[list[np.ndarray], np.ndarray]:
    """Load every digit of a split in every domain, for scoring what training sees in one domain alone.

    Args:
        name: `"mnist_outlines"` or `"digits_outlines"`.
        split: as in `load`.
        data_dir: folder of TensorFlow Datasets.

    Returns:
        Float32 images from 0 to 1, `(N, H, W, C)`, by domain; the digit that each shows, int64 `(N,)`.

    Raises:
        ValueError: if there are no such domains.
        DataUnavailableError: if the data set is not there and cannot be downloaded.
    """
    base = _checks.one_of("name", name, ("mnist_outlines", "digits_outlines")).removesuffix("_outlines")
    images, labels = read(base, split, data_dir)
    return [(drawn / 255.0).astype("float32") for drawn in (images, outlined(images))], labels
