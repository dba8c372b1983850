"""A distribution that is known by how it turns noise into draws."""

from collections.abc import Callable
from typing import Any

from keras_vae import _random
from keras_vae._backend import tf, tfd
from keras_vae.distributions.broadcasting import to_batch


def sample_and_log_prob(distribution: Any, n: int, seed: Any) -> tuple[Any, Any]:
    """`n` draws, the same as `distribution.sample(n, seed=seed)`, and their log-density.

    A distribution that knows both at once has a method `sample_and_log_prob(n, seed)`. (TFP's own method for that,
    `experimental_sample_and_log_prob`, draws other noise, which is not the same compiled by XLA.)
    """
    if hasattr(distribution, "sample_and_log_prob"):
        return distribution.sample_and_log_prob(n, seed)
    z = distribution.sample(n, seed=seed)
    return z, distribution.log_prob(z)


class NoiseDistribution(tfd.Distribution):
    """A distribution over vectors: a map from standard normal noise to draws, and a log-density.

    What a draw is for a seed is decided by the noise alone, so it is the same eager, traced, compiled, and in an exported model,
    which is given the noise.

    Args:
        draw: from noise `(..., N)` to vectors `(..., Z)`; the leading axes end with the batch shape.
        log_density: from vectors `(..., Z)` to nats `(...)`.
        noise_size: N.
        event_size: Z.
        like: a tensor whose shape is the batch shape and one more axis, or None for a batch shape of `()`.
        mean, stddev: give these moments, `batch_shape + (Z,)`, where they are known.
        without_gradient: makes the same distribution with parameters that take no gradient: see `detached`.
        reparameterized: whether gradients flow from draws to the parameters.
        name: as in every tfp distribution.
    """

    def __init__(
        self,
        draw: Callable[[Any], Any],
        log_density: Callable[[Any], Any],
        *,
        noise_size: int,
        event_size: int,
        like: Any = None,
        mean: Callable[[], Any] | None = None,
        stddev: Callable[[], Any] | None = None,
        without_gradient: Callable[[], "NoiseDistribution"] | None = None,
        reparameterized: bool = True,
        name: str = "NoiseDistribution",
    ):
        self._draw, self._log_density = draw, log_density
        self._noise_size, self._size, self._like = noise_size, event_size, like
        self._mean_of, self._stddev_of, self._without_gradient = mean, stddev, without_gradient
        super().__init__(
            dtype=tf.float32,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED if reparameterized else tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters={"draw": draw, "log_density": log_density},
            name=name,
        )

    def detached(self) -> "NoiseDistribution":
        """The same distribution, through whose parameters no gradient flows.

        Raises:
            NotImplementedError: if it was made without.
        """
        if self._without_gradient is None:
            raise NotImplementedError(f"{self.name} cannot be detached: use a gradient that needs none, 'standard'.")
        return self._without_gradient()

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {}

    def _batch_shape(self) -> Any:
        return tf.TensorShape([]) if self._like is None else self._like.shape[:-1]

    def _batch_shape_tensor(self, **_: Any) -> Any:
        return tf.constant([], tf.int32) if self._like is None else tf.shape(self._like)[:-1]

    def _event_shape(self) -> Any:
        return tf.TensorShape([self._size])

    def _event_shape_tensor(self) -> Any:
        return tf.constant([self._size])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        shape = tf.concat([[n], self.batch_shape_tensor(), [self._noise_size]], axis=0)
        noise = _random.normal(shape, _random.as_seed(seed))
        return self._draw(noise)

    def _log_prob(self, value: Any) -> Any:
        return self._log_density(to_batch(value, self))

    def _mean(self) -> Any:
        return self._moment(self._mean_of, "mean")

    def _stddev(self) -> Any:
        return self._moment(self._stddev_of, "standard deviation")

    def _moment(self, compute: Callable[[], Any] | None, what: str) -> Any:
        if compute is None:
            raise NotImplementedError(f"The {what} of {self.name} is not known in closed form: average draws.")
        return compute()
