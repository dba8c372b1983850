"""Pictures of what a code's units stand for, and of what was restored or put together by a code."""

from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import tf
from keras_vae.plots.figure import Figure
from keras_vae.plots.grids import full_row, grid_figure


def features(model: Any, n: int = 100, images: Any = None) -> Figure:
    """Draw what units of the code add to a picture: the decoder at a code of that unit alone, less the decoder at zero.

    Grey is no change, white more, black less, each picture in its own scale; of a Bernoulli the difference is one of logits. Of one
    dense layer, these are its weights.

    Args:
        model: an autoencoder of images, whose decoder takes no condition.
        n: number of units at most, the first ones.
        images: `(N,) + data_shape`; if given, the units that these move most, in that order: a sparse code has others that
            never learned anything.
    """
    _refuse_conditional(model)
    n = min(_checks.positive_int("n", n, maximum=10_000), model.latent_size)
    chosen = np.arange(n)
    if images is not None:
        chosen = np.argsort(-np.asarray(model.code(images)).std(axis=0), kind="stable")[:n]
    codes = np.zeros((n + 1, model.latent_size), "float32")
    codes[np.arange(n), chosen] = 1.0
    found = np.asarray(model.decoder(codes))[..., : model.data_shape[-1]]
    change = found[:-1] - found[-1]
    largest = np.abs(change).max(axis=(1, 2, 3), keepdims=True)
    pictures = 0.5 + 0.5 * change / np.where(largest > 0, largest, 1.0)
    return grid_figure(pictures, title=f"What {n} of {model.latent_size} code units draw, {model.name}")


def restored(model: Any, images: Any, corruption: Any = None, seed: int = 0) -> Figure:
    """Draw images, what a corruption makes of them, and what the model makes of that.

    Args:
        model: such as a `DenoisingAutoencoder`.
        images: `(N,) + data_shape`, in the range of the likelihood.
        corruption: an `augment.Corruption`; by default the one that the model learned from.
        seed: of the corruption.

    Raises:
        ValueError: if there is no corruption, neither given nor the model's own.
    """
    _refuse_conditional(model)
    corruption = model.corruption if corruption is None else corruption
    if corruption is None:
        raise ValueError(f"{model.name} learned from no corruption: pass one, such as augment.MaskingNoise(0.5).")
    x = tf.constant(np.asarray(images), tf.float32)
    damaged = corruption(x, _random.as_seed(seed))
    support = model.likelihood.support
    damaged = damaged if support is None else tf.clip_by_value(damaged, *support)
    rows = np.concatenate([x, damaged, model.reconstruct(damaged)])
    return grid_figure(rows, len(x), f"Restored by {model.name}", ("clean", "damaged", "restored"))


def clusters(model: Any, images: Any, each: int = 10) -> Figure:
    """Draw the images that each cluster is surest of, a row a cluster.

    Args:
        model: a model that clusters, such as a `DEC` or a `VaDE`.
        images: `(N,) + data_shape`, a few thousand at most.
        each: images a row.
    """
    images = np.asarray(images)
    each = _checks.positive_int("each", each, maximum=len(images))
    log_probs = np.asarray(model.cluster_log_probs(images))
    own = log_probs.argmax(axis=-1)
    rows = []
    for cluster in range(model.num_clusters):
        members = np.flatnonzero(own == cluster)
        best = members[np.argsort(-log_probs[members, cluster], kind="stable")[:each]]
        rows.append(full_row(images[best], each))
    names = [str(cluster) for cluster in range(model.num_clusters)]
    return grid_figure(np.concatenate(rows), each, f"The surest of each cluster, {model.name}", names)


def _refuse_conditional(model: Any) -> None:
    if model.conditional:
        raise ValueError(f"{model.name} takes labels: this picture is for a model without a condition.")
