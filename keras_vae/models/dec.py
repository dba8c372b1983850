"""Deep embedded clustering."""

from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._backend import keras, serializable, tf
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.clusters import STARTS, Clusters
from keras_vae.models.symbols import Symbol
from keras_vae.objectives import EmbeddedClustering


@serializable
class StudentAssignment(keras.layers.Layer):
    """Soft assignment of codes `(B, Z)` to K centres by Student's t of one degree of freedom: log-probabilities `(B, K)`.

    q_ij = (1 + |z_i - m_j|^2)^-1 / sum_k (1 + |z_i - m_k|^2)^-1: Xie et al. (2016), equation 1.

    Args:
        num_clusters: number of centres K.
        code_size: length Z of a code.
    """

    def __init__(self, num_clusters: int, code_size: int, **kwargs: Any):
        kwargs.setdefault("dtype", "float32")  # probabilities, whatever the policy
        super().__init__(**kwargs)
        self.num_clusters, self.code_size = num_clusters, code_size
        self.centres = self.add_weight(
            shape=(num_clusters, code_size), initializer=keras.initializers.RandomNormal(stddev=1.0), name="centres"
        )
        self.built = True

    def call(self, codes: Any) -> Any:
        """Return the log-probabilities."""
        distance = tf.reduce_sum(tf.square(codes[:, None] - tf.convert_to_tensor(self.centres)), axis=-1)
        return tf.nn.log_softmax(-tf.math.log1p(distance), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """`(B, K)`."""
        return (input_shape[0], self.num_clusters)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"num_clusters": self.num_clusters, "code_size": self.code_size}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, and Keras's."""
        return {**super().get_config(), **self.settings()}


@serializable
class DEC(Clusters, Autoencoder):
    """Deep embedded clustering: an autoencoder with clusters in its code, which learn with it and sharpen it.

    Xie et al. (2016), with the decoder kept as in Guo et al. (2017). First the code learns, then clusters start in it, then both
    learn on:

    >>> model = DEC((28, 28, 1), latent_size=10, num_clusters=10)
    >>> model.compile("adam", objectives.Reconstruction(corruption="random_affine"))
    >>> model.fit(images, epochs=50)
    >>> model.start_clusters(images)
    >>> model.compile("adam", objectives.EmbeddedClustering(corruption="random_affine"))
    >>> model.fit(images, epochs=20)
    >>> model.cluster(images)

    A recipe does the same with a table `[pretraining]`.

    Args:
        data_shape, latent_size, network, code_activation, likelihood: as in `Autoencoder`; by default the paper's dense layers of
            500, 500 and 2,000.
        num_clusters: number of clusters K.
        start: where clusters start: `"codes"`, k-means, or `"embedding"`: see `start_clusters`.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        num_clusters: int = 10,
        network: Any = None,
        code_activation: str = "linear",
        likelihood: Any = "bernoulli",
        start: str = "codes",
        **kwargs: Any,
    ):
        network = {"name": "mlp", "hidden_units": (500, 500, 2000)} if network is None else network
        self.num_clusters = _checks.positive_int("num_clusters", num_clusters, minimum=2, maximum=10_000)
        self.start = _checks.one_of("start", start, STARTS)
        super().__init__(data_shape, latent_size, network, code_activation, likelihood, **kwargs)
        self.assignment = StudentAssignment(self.num_clusters, self.latent_size, name="assignment")
        self.assignment.build((None, self.latent_size))

    @property
    def parts(self) -> dict[str, Any]:
        """The four parts by name; their variables are all that the model has."""
        return {**super().parts, "assignment": self.assignment}

    @property
    def cluster_weights(self) -> list[Any]:
        """The centres."""
        return list(self.assignment.weights)

    def default_objective(self) -> EmbeddedClustering:
        """Reconstruction and clusters."""
        return EmbeddedClustering()

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """As of an `Autoencoder`, and the clusters: see `EncoderDecoder.symbols`."""
        clusters = Symbol(
            "q(c | h)", "∝ (1 + |h - m_c|²)⁻¹, Student's t around each cluster's centre", "model.cluster(x)"
        )
        return [*super().symbols(objective, condition), clusters]

    def cluster_log_probs_of(self, code: Any) -> Any:
        """The log-probabilities of the clusters, `(B, K)`, of codes `(B, Z)`."""
        return self.assignment(code)

    def cluster_log_probs(self, x: Any) -> Any:
        """Return log q, `(B, K)`: see `StudentAssignment`. Arguments and errors as in `encode`."""
        return self.cluster_log_probs_of(self.encode(x))

    def codes_to_cluster(self, x: Any) -> Any:
        """The codes."""
        return self.encode(x)

    def _start(self, codes: np.ndarray, seed: int) -> None:
        with _checks.extra("eval", "Placing clusters"):
            from sklearn.cluster import KMeans

        self.assignment.centres.assign(
            KMeans(self.num_clusters, n_init=20, random_state=seed).fit(codes).cluster_centers_
        )

    def _start_from(self, codes: np.ndarray, groups: np.ndarray) -> None:
        self.assignment.centres.assign([codes[groups == k].mean(axis=0) for k in range(self.num_clusters)])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["assignment"]
        return {**config, "num_clusters": self.num_clusters, "start": self.start}
