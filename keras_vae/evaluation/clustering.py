"""Clusters of codes, and how well they meet classes that they were not told."""

from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.evaluation import inputs
from keras_vae.evaluation.metrics import Metric
from keras_vae.models import Clusters
from keras_vae.models.capabilities import require

METHODS = ("k_means", "gaussian_mixture", "spectral")

METRICS = (
    Metric("clustering_accuracy", "clusters that meet the class, of test images", "%", better="higher"),
    Metric("clustering_nmi", "normalised mutual information with the classes, of test images", "%", better="higher"),
    Metric(
        "clustering_accuracy_with_training_images",
        "clusters that meet the class, of training and test images together",
        "%",
        better="higher",
        label="clustering accuracy",
    ),
    Metric(
        "clustering_nmi_with_training_images",
        "normalised mutual information with the classes, of training and test images together",
        "%",
        better="higher",
    ),
    Metric(
        "clustering_accuracy_of_pixels", "clusters of k-means on the pixels that meet the class, of test images", "%"
    ),
)


def cluster(codes: np.ndarray, num_clusters: int, method: str = "k_means", seed: int = 0) -> np.ndarray:
    """Put codes into clusters, with scikit-learn's defaults.

    Args:
        codes: `(N, Z)`.
        num_clusters: number of clusters, at most N.
        method: `"k_means"` (best of 20 starts), `"gaussian_mixture"` (full covariances, best of 5 starts), or `"spectral"` (on the
            graph of the 10 nearest neighbours; time and memory grow faster than N).
        seed: of the starts.

    Returns:
        The number of each code's cluster, int `(N,)`.

    Raises:
        ValueError: if there are more clusters than codes, the method is unknown, or the codes are not finite numbers `(N, Z)`.
    """
    with _checks.extra("eval", "Clustering"):
        from sklearn.cluster import KMeans, SpectralClustering
        from sklearn.mixture import GaussianMixture

    codes = inputs.codes("codes", codes)
    num_clusters = _checks.positive_int("num_clusters", num_clusters)
    if num_clusters > len(codes):
        raise ValueError(f"num_clusters={num_clusters}: there are {len(codes)} codes, so some clusters would be empty.")
    made: dict[str, Any] = {
        "k_means": lambda: KMeans(num_clusters, n_init=20, random_state=seed),
        "gaussian_mixture": lambda: GaussianMixture(num_clusters, n_init=5, reg_covar=1e-4, random_state=seed),
        "spectral": lambda: SpectralClustering(num_clusters, affinity="nearest_neighbors", random_state=seed),
    }
    found = made[_checks.one_of("method", method, METHODS)]().fit_predict(codes)
    if method == "k_means" and len(np.unique(found)) < num_clusters:  # scikit-learn warns
        raise ValueError(
            f"num_clusters={num_clusters}: fewer of the codes are distinct, so some clusters would be empty."
        )
    return found


def clustering_report(
    model: Clusters, images: np.ndarray, labels: np.ndarray, training: tuple[np.ndarray, np.ndarray] | None = None
) -> dict[str, float]:
    """Compare a model's clusters with classes that it was not told.

    Args:
        model: such as a `DEC` or a `VaDE`, trained.
        images: `(N,) + data_shape`.
        labels: int `(N,)`.
        training: images and labels of the training set: published figures are of both together.

    Returns:
        `clustering_accuracy` and `clustering_nmi`, both from 0 to 1; the same with `_with_training_images` at the end, where those
        are given.

    Raises:
        ValueError: if the model has no clusters, or images and labels are not what it takes.
    """
    require("clustering_report", model, Clusters, "a model that clusters, such as a DEC or a VaDE")
    inputs.same_length(images=images, labels=inputs.labels("labels", labels))
    clusters = model.cluster(images)
    figures = _agreement(labels, clusters)
    if training is not None:
        x, y = training
        inputs.same_length(training_images=x, training_labels=inputs.labels("labels", y))
        both = _agreement(np.concatenate([y, labels]), np.concatenate([model.cluster(x), clusters]))
        figures |= {f"{key}_with_training_images": value for key, value in both.items()}
    return figures


def _agreement(labels: np.ndarray, clusters: np.ndarray) -> dict[str, float]:
    return {
        "clustering_accuracy": clustering_accuracy(labels, clusters),
        "clustering_nmi": normalized_mutual_information(labels, clusters),
    }


def _both(labels: Any, clusters: Any) -> tuple[np.ndarray, np.ndarray]:
    labels, clusters = inputs.labels("labels", labels), inputs.labels("clusters", clusters)
    inputs.same_length(labels=labels, clusters=clusters)
    return labels, clusters


def clustering_accuracy(labels: np.ndarray, clusters: np.ndarray) -> float:
    """Share of examples in the right cluster, under the best one-to-one map of clusters to classes (Hungarian method).

    Args:
        labels: int `(N,)`.
        clusters: int `(N,)`.

    Raises:
        ValueError: if they are of different lengths, or are no labels.
    """
    with _checks.extra("eval", "Clustering"):
        from scipy.optimize import linear_sum_assignment
        from sklearn.metrics.cluster import contingency_matrix

    labels, clusters = _both(labels, clusters)
    table = contingency_matrix(labels, clusters)
    return float(table[linear_sum_assignment(-table)].sum() / len(labels))


def normalized_mutual_information(labels: np.ndarray, clusters: np.ndarray) -> float:
    """I(labels; clusters) over the mean of their entropies, from 0 to 1 (scikit-learn's). Arguments and errors as in
    `clustering_accuracy`."""
    with _checks.extra("eval", "Clustering"):
        from sklearn.metrics import normalized_mutual_info_score

    labels, clusters = _both(labels, clusters)
    return float(normalized_mutual_info_score(labels, clusters))
