"""Data of which few labels are shown."""

import dataclasses

import numpy as np

from keras_vae import _checks
from keras_vae.data.sources import Images


def choose_labelled(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Choose `count` examples to show with their labels, as many of each class as can be.

    Args:
        labels: int `(N,)`.
        count: number of examples; where it is no multiple of the number of classes, the first classes get one more.
        seed: of the choice.

    Returns:
        Indices `(count,)`, in ascending order.

    Raises:
        ValueError: if the labels are not whole numbers from 0 on, a class would be left empty, or has too few examples.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size:
        raise ValueError(
            f"labels of type {labels.dtype} and shape {labels.shape}: must be whole numbers (N,), one per example. A column (N, 1) "
            "becomes one by labels[:, 0], one-hot labels by labels.argmax(axis=1)."
        )
    if labels.min() < 0:
        raise ValueError(
            f"labels: hold {labels.min()}, of an example without a label. Choose among labelled examples only."
        )
    seed = _checks.positive_int("seed", seed, maximum=2**63 - 1, minimum=0)
    classes, sizes = np.unique(labels, return_counts=True)
    count = _checks.positive_int("count", count, maximum=len(labels))
    if count < len(classes):
        raise ValueError(
            f"count={count}: leaves a class empty, since there are {len(classes)}. Give at least as many labels."
        )
    wanted = np.full(len(classes), count // len(classes)) + (np.arange(len(classes)) < count % len(classes))
    if (short := np.flatnonzero(wanted > sizes)).size:
        c = short[0]
        raise ValueError(f"count={count}: class {classes[c]} has {sizes[c]} examples, and {wanted[c]} would be needed.")
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(labels == c))[:n] for c, n in zip(classes, wanted, strict=True)]
    return np.sort(np.concatenate(chosen))


def with_few_labels(data: Images, count: int, seed: int = 0) -> Images:
    """The same images, with -1 for all labels but `count` of them, as many of each class as can be.

    Arguments and errors as in `choose_labelled`.
    """
    hidden = np.full_like(data.labels, -1)
    chosen = choose_labelled(data.labels, count, seed)
    hidden[chosen] = data.labels[chosen]
    return dataclasses.replace(data, labels=hidden)
