"""A prior of a code that is a vector and a feature map."""

import math
from typing import Any

from keras_vae import _checks, _layers
from keras_vae._backend import keras, serializable, tf
from keras_vae.distributions.base import Prior, independent_normal, positive
from keras_vae.distributions.from_noise import NoiseDistribution

_SCALE_FLOOR = 0.01
_HIDDEN = 256


@serializable
class SpatialPrior(Prior):
    """p(z|c) = N(v; 0, I) N(m; mu(v, c), diag(sigma(v, c)^2)) of z = (v, m), a vector v and a feature map m.

    Two levels of a top-down hierarchy (Sonderby et al., 2016), of which the lower is a map: mu and sigma come from a convolutional
    network, so that neighbouring places of a sample fit together. Use it with `networks.SpatialConvNet`, whose latents have this
    order, and with any posterior. It starts as N(0, I). Output: batch shape `()`, or `(B,)` with a condition; event shape `(Z,)`.

    Args:
        event_shape: number of latents Z, of v and m together.
        map_shape: `(h, w, channels)` of m, stored row by row.
        condition_size: length C of the condition vectors; 0 for none.
        filters: channels of the network.
        residual_blocks: blocks of two 3x3 convolutions.
        activation: name of a Keras activation.

    Raises:
        ValueError: if the map is larger than Z leaves room for, or an argument is out of its range.
    """

    def __init__(
        self,
        event_shape: Any,
        map_shape: Any,
        condition_size: int = 0,
        filters: int = 64,
        residual_blocks: int = 2,
        activation: str = "silu",
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.map_shape = _checks.data_shape("map_shape", map_shape, rank=3)
        self.condition_size = _checks.positive_int("condition_size", condition_size, minimum=0)
        self.filters = _checks.positive_int("filters", filters)
        self.residual_blocks = _checks.positive_int("residual_blocks", residual_blocks, _checks.MAX_LAYERS, minimum=0)
        self.activation = _checks.activation_name(activation)
        self.vector_size = self.event_shape[0] - math.prod(self.map_shape)
        if self.vector_size < 1:
            raise ValueError(
                f"map_shape={self.map_shape}: a map of {math.prod(self.map_shape)} latents leaves none of {self.event_shape[0]} "
                "for the vector that it is predicted from."
            )
        self.network = self._network()
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {
            "map_shape": list(self.map_shape),
            "condition_size": self.condition_size,
            "filters": self.filters,
            "residual_blocks": self.residual_blocks,
            "activation": self.activation,
        }

    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return p(z|c); the temperature is that of the vector and the map.

        Raises:
            ValueError: if there is a condition and should be none, or the other way round, or it has another size.
        """
        found = 0 if condition is None else condition.shape[-1]
        if found != self.condition_size:
            raise ValueError(
                f"The condition has {found} numbers: this SpatialPrior was built for condition_size={self.condition_size}."
            )

        def log_density(z: Any) -> Any:
            vector, code = z[..., : self.vector_size], z[..., self.vector_size :]
            normal = independent_normal(tf.zeros(self.vector_size), 1.0, 1)
            return normal.log_prob(vector) + self.map_given(vector, condition).log_prob(code)

        return NoiseDistribution(
            draw=lambda noise: self._drawn(noise * temperature, condition),
            log_density=log_density,
            noise_size=self.noise_size,
            event_size=self.event_shape[0],
            like=None if condition is None else condition[..., :1],
            name="SpatialPrior",
        )

    def formula(self, given: str = "") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        v = f"v, {given}" if self.condition_size else "v"
        return f"N(v; 0, I) N(m; μ({v}), diag(s({v})²)), z = [v, m], μ and s learned, m a map of {self.map_shape}"

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """The vector is the first noise; the map is mu + sigma times the rest."""
        return self._drawn(noise, condition)

    def map_given(self, vector: Any, condition: Any = None) -> Any:
        """p(m|v, c) for vectors `(..., V)` and conditions `(B, C)`: batch shape `(...)`, event shape `(h * w * channels,)`."""
        lead, size = tf.shape(vector)[:-1], math.prod(self.map_shape)
        if condition is not None:
            condition = tf.broadcast_to(
                tf.cast(condition, tf.float32), tf.concat([lead, [self.condition_size]], axis=0)
            )
            vector = tf.concat([vector, condition], axis=-1)
        out = self.network(tf.reshape(vector, (-1, self.vector_size + self.condition_size)))
        shape = tf.concat([lead, [size]], axis=0)
        loc, raw = (tf.reshape(part, shape) for part in tf.split(out, 2, axis=-1))
        return independent_normal(loc, positive(raw, _SCALE_FLOOR), 1)

    def _drawn(self, noise: Any, condition: Any) -> Any:
        vector = noise[..., : self.vector_size]
        found = self.map_given(vector, condition)
        return tf.concat([vector, found.mean() + found.stddev() * noise[..., self.vector_size :]], axis=-1)

    def _network(self) -> keras.Model:
        given = keras.Input((self.vector_size + self.condition_size,), name="given")
        height, width, channels = self.map_shape
        grid = (height, width, self.filters)
        h = keras.layers.Dense(_HIDDEN, self.activation, dtype="float32", name="hidden")(given)
        h = keras.layers.Dense(math.prod(grid), dtype="float32", name="to_map")(h)
        h = keras.layers.Reshape(grid, dtype="float32", name="as_map")(h)
        h = _layers.residual_blocks(h, self.residual_blocks, self.activation, dtype="float32")
        # Zero at first: N(0, I), whatever the vector.
        out = _layers.Conv2D(
            2 * channels, 3, padding="same", kernel_initializer="zeros", dtype="float32", name="output"
        )(h)
        return keras.Model(given, out, name="network")
