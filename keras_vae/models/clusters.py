"""What models have that put data into clusters without being told any."""

import abc
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._backend import tf
from keras_vae._batches import in_batches

STARTS = ("codes", "embedding")
"""Where clusters start: see `Clusters.start_clusters`."""

# Codes that clusters start from: more change nothing and cost time.
_STARTED_FROM = {"codes": 20_000, "embedding": 10_000}


class Clusters(abc.ABC):
    """A model with clusters in its code. They start where codes lie, so `start_clusters` comes after the code has learned."""

    num_clusters: int
    start: str

    @abc.abstractmethod
    def cluster_log_probs(self, x: Any) -> Any:
        """Return log-probabilities of the clusters, `(B, K)`, of data `(B,) + data_shape`."""

    @abc.abstractmethod
    def cluster_log_probs_of(self, code: Any) -> Any:
        """The same of codes `(B, Z)`."""

    @abc.abstractmethod
    def codes_to_cluster(self, x: Any) -> Any:
        """The codes `(B, Z)` that clusters are made of, of data `(B,) + data_shape`."""

    @abc.abstractmethod
    def _start(self, codes: np.ndarray, seed: int) -> None:
        """Place the clusters by codes `(N, Z)`."""

    @abc.abstractmethod
    def _start_from(self, codes: np.ndarray, groups: np.ndarray) -> None:
        """Place the clusters by codes `(N, Z)` that are in groups `(N,)`, from 0 to K - 1, none of them empty."""

    def start_clusters(self, x: np.ndarray, seed: int = 0) -> None:
        """Place the clusters by the codes of data, with scikit-learn's best of several starts.

        By a model's `start`: `"codes"` takes groups of codes, as the model's paper does; `"embedding"` takes groups in a plane in
        which near codes are near (t-SNE), so that a group may be long or bent in the space of codes: McConville et al. (2020).

        Args:
            x: data `(N,) + data_shape`, as in training; 20,000 of them (10,000 for an embedding), drawn at random, are used if
                there are more.
            seed: of the draw and of the starts.

        Raises:
            ValueError: if there are more clusters than data (an embedding needs four data a cluster), or the data are wrong.
        """
        seed = _checks.positive_int("seed", seed, maximum=2**31 - 1, minimum=0)
        least = self.num_clusters * (4 if self.start == "embedding" else 1)
        if len(x) < least:
            raise ValueError(f"There are {len(x)} data for {self.num_clusters} clusters: give at least {least}.")
        chosen = np.sort(np.random.default_rng(seed).permutation(len(x))[: _STARTED_FROM[self.start]])
        codes = in_batches(self.codes_to_cluster, x[chosen])
        if self.start == "embedding":
            self._start_from(codes, _groups_in_a_plane(codes, self.num_clusters, seed))
        else:
            self._start(codes, seed)

    def cluster(self, x: np.ndarray) -> np.ndarray:
        """Return the number of each example's cluster, int64 `(N,)`, of data `(N,) + data_shape` of any length.

        Raises:
            ValueError: if there are no data, or they are wrong.
        """
        return in_batches(lambda batch: tf.argmax(self.cluster_log_probs(batch), axis=-1), x)


def _groups_in_a_plane(codes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The group of each code, `(N,)`: a mixture of Gaussians in the plane of t-SNE."""
    with _checks.extra("eval", "Placing clusters"):
        from sklearn.manifold import TSNE
        from sklearn.mixture import GaussianMixture

    perplexity = min(30.0, (len(codes) - 1) / 3)
    plane = TSNE(2, init="pca", perplexity=perplexity, random_state=seed).fit_transform(codes)
    groups = GaussianMixture(count, n_init=10, random_state=seed).fit_predict(plane)
    if len(np.unique(groups)) < count:
        raise ValueError(
            f"In the plane of the codes there are fewer than {count} groups: train longer before, or ask for fewer clusters."
        )
    return groups
