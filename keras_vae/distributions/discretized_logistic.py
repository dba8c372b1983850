"""The discretised logistic distribution, as a tfp distribution."""

from typing import Any

import numpy as np

from keras_vae import _random
from keras_vae._backend import tf, tfd, tfp


class DiscretizedLogisticDistribution(tfd.Distribution):
    """A logistic distribution rounded to `levels` equally spaced values in [0, 1]: Kingma et al. (2016), appendix.

    P(x) = F((x + h - loc) / scale) - F((x - h - loc) / scale), h = half a step, F the logistic function; the lowest
    and highest values take the tails, so the masses of all `levels` values add up to 1.

    Args:
        loc: location, any shape.
        scale: scale > 0, broadcastable with `loc`.
        levels: number of values; 256 for images of 8 bits.
        validate_args, allow_nan_stats, name: as in every tfp distribution.
    """

    def __init__(
        self,
        loc: Any,
        scale: Any,
        levels: int = 256,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "DiscretizedLogistic",
    ):
        parameters = dict(locals())
        self.loc = tf.convert_to_tensor(loc, tf.float32)
        self.scale = tf.convert_to_tensor(scale, tf.float32)
        self.levels = levels
        super().__init__(
            dtype=tf.float32,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            name=name,
        )

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {
            "loc": tfp.util.ParameterProperties(),
            "scale": tfp.util.ParameterProperties(),
            "levels": tfp.util.ParameterProperties(event_ndims=None, is_preferred=False),
        }

    def _batch_shape_tensor(self, **_: Any) -> Any:
        return tf.broadcast_dynamic_shape(tf.shape(self.loc), tf.shape(self.scale))

    def _batch_shape(self) -> Any:
        return tf.broadcast_static_shape(self.loc.shape, self.scale.shape)

    def _event_shape_tensor(self) -> Any:
        return tf.constant([], dtype=tf.int32)

    def _event_shape(self) -> Any:
        return tf.TensorShape([])

    def _log_prob(self, x: Any) -> Any:
        half = 0.5 / (self.levels - 1)
        upper = (x + half - self.loc) / self.scale
        lower = (x - half - self.loc) / self.scale
        # F(u) - F(l) = F(u) F(-l) (1 - exp(l - u)): a product of positive terms, so nothing cancels in the far tails.
        log_mass = tf.math.log_sigmoid(upper) + tf.math.log_sigmoid(-lower) + tfp.math.log1mexp(2.0 * half / self.scale)
        log_mass = tf.where(x < half, tf.math.log_sigmoid(upper), log_mass)
        return tf.where(x > 1.0 - half, tf.math.log_sigmoid(-lower), log_mass)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        shape = tf.concat([[n], self.batch_shape_tensor()], axis=0)
        uniform = _random.uniform(shape, _random.as_seed(seed))
        logistic = tf.math.log(uniform) - tf.math.log1p(-uniform)
        return tf.clip_by_value(self._nearest_level(self.loc + self.scale * logistic), 0.0, 1.0)

    def _nearest_level(self, x: Any) -> Any:
        return tf.round(x * (self.levels - 1)) / (self.levels - 1)

    def _mean(self) -> Any:
        # E[x] = step * sum over the levels k >= 1 of P(x >= k * step), exact; a loop keeps memory at one image.
        step = np.float32(1.0 / (self.levels - 1))

        def add(k: Any, total: Any) -> Any:
            threshold = (tf.cast(k, tf.float32) - 0.5) * step
            return k + 1, total + tf.sigmoid((self.loc - threshold) / self.scale)

        start = tf.zeros(self.batch_shape_tensor())
        total = tf.while_loop(lambda k, _: k < self.levels, add, (tf.constant(1), start))[1]
        return tf.ensure_shape(total * step, self.batch_shape)

    def _mode(self) -> Any:
        # A fat tail can make an end value the likeliest of all, so the candidates are compared.
        ends = tf.zeros_like(self.loc + self.scale)
        inner = tf.clip_by_value(self._nearest_level(self.loc + ends), 0.0, 1.0)
        candidates = tf.stack([inner, ends, ends + 1.0])
        best = tf.math.argmax(self._log_prob(candidates), axis=0, output_type=tf.int32)
        return tf.where(best == 0, inner, tf.cast(best - 1, tf.float32))

    def _default_event_space_bijector(self) -> None:
        return None
