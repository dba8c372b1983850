"""What models have that put data into clusters without being told any."""

import abc
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._backend import tf
from keras_vae._batches import in_batches

# Codes that clusters start from: more change nothing and cost time.
_STARTED_FROM = 20_000


class Clusters(abc.ABC):
    """A model with clusters in its code. They start where codes lie, so `start_clusters` comes after the code has learned."""

    num_clusters: int

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

    def start_clusters(self, x: np.ndarray, seed: int = 0) -> None:
        """Place the clusters by the codes of data, with scikit-learn's best of several starts.

        Args:
            x: data `(N,) + data_shape`, as in training; 20,000 of them, drawn at random, are used if there are more.
            seed: of the draw and of the starts.

        Raises:
            ValueError: if there are more clusters than data, or the data are wrong.
        """
        seed = _checks.positive_int("seed", seed, maximum=2**31 - 1, minimum=0)
        if len(x) < self.num_clusters:
            raise ValueError(f"There are {len(x)} data for {self.num_clusters} clusters: give at least as many.")
        chosen = np.sort(np.random.default_rng(seed).permutation(len(x))[:_STARTED_FROM])
        self._start(in_batches(self.codes_to_cluster, x[chosen]), seed)

    def cluster(self, x: np.ndarray) -> np.ndarray:
        """Return the number of each example's cluster, int64 `(N,)`, of data `(N,) + data_shape` of any length.

        Raises:
            ValueError: if there are no data, or they are wrong.
        """
        return in_batches(lambda batch: tf.argmax(self.cluster_log_probs(batch), axis=-1), x)
