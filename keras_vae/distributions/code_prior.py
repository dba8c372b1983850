"""A prior over the codes of one level or several, each a grid."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _layers, _random
from keras_vae._backend import keras, serializable, tf, tfd
from keras_vae.distributions.base import DistributionLayer
from keras_vae.distributions.broadcasting import to_batch
from keras_vae.distributions.pixel_cnn import PixelCNN


class _CodesDistribution(tfd.Distribution):
    """The numbers of all levels as one vector, event shape `(N,)`; batch shape `()`, or `(B,)` with a condition."""

    def __init__(self, prior: "CodePrior", condition: Any, temperature: float):
        self._prior, self._condition, self._temperature = prior, condition, temperature
        super().__init__(
            dtype=tf.int32,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters={"condition": condition, "temperature": temperature},
            name="CodePrior",
        )

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {}

    def _batch_shape(self) -> Any:
        return tf.TensorShape([] if self._condition is None else self._condition.shape[:1])

    def _batch_shape_tensor(self, **_: Any) -> Any:
        return tf.constant([], tf.int32) if self._condition is None else tf.shape(self._condition)[:1]

    def _event_shape(self) -> Any:
        return tf.TensorShape(self._prior.event_shape)

    def _event_shape_tensor(self) -> Any:
        return tf.constant(self._prior.event_shape)

    def _log_prob(self, value: Any) -> Any:
        value = to_batch(value, self)
        lead = tf.shape(value)[:-1]
        flat = tf.reshape(tf.cast(value, tf.int32), (-1, self._prior.event_shape[0]))
        levels = self._prior.split(flat)
        condition = self._copies(tf.shape(flat)[0])
        found = [
            self._prior.level(i, levels[:i], condition, self._temperature).log_prob(grid)
            for i, grid in enumerate(levels)
        ]
        return tf.reshape(tf.add_n(found), lead)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        lead = tf.concat([[n], self.batch_shape_tensor()], axis=0)
        size = self._prior.event_shape[0]
        noise = _random.uniform((tf.reduce_prod(lead), size), _random.as_seed(seed))
        return tf.reshape(self.draw(noise), tf.concat([lead, [size]], axis=0))

    def draw(self, noise: Any) -> Any:
        """Turn uniform noise `(M, N)` into codes `(M, N)`, level after level; M is a multiple of the batch."""
        condition = self._copies(tf.shape(noise)[0])
        levels: list[Any] = []
        for i, part in enumerate(tf.split(noise, [math.prod(grid) for grid in self._prior.grids], axis=1)):
            levels.append(self._prior.level(i, levels, condition, self._temperature).draw(part))
        return tf.concat([tf.reshape(level, (-1, math.prod(level.shape[1:]))) for level in levels], axis=1)

    def _copies(self, count: Any) -> Any:
        if self._condition is None:
            return None
        return tf.tile(self._condition, [count // tf.shape(self._condition)[0], 1])


_GRIDS = "a list of grids, such as [(8, 8), (16, 16)]"


@serializable
class CodePrior(DistributionLayer):
    """p(k|c) = prod_l p(k_l | k_<l, c) over the codes of all levels, the smallest grid first, each level a `PixelCNN`.

    Razavi et al. (2019), section 3.2: a level below the top is also given features of the levels above, grown to its size.
    The codes of all levels are one vector of whole numbers, as in `models.VQVAE`. Output: batch shape `()`, or `(B,)` given a
    condition.

    Args:
        event_shape: number of codes N, the sum over the grids.
        grids: `(height, width)` of each level, the smallest first; each a multiple of the one before.
        num_codes: K.
        condition_size: length of condition vectors such as one-hot labels, 0 for none.
        filters, num_layers, kernel_size: as in `PixelCNN`, the same for each level.

    Raises:
        ValueError: if the grids do not fit, or an argument is out of its range.
    """

    def __init__(
        self,
        event_shape: Any,
        grids: Sequence[Sequence[int]],
        num_codes: int = 512,
        condition_size: int = 0,
        filters: int = 64,
        num_layers: int = 8,
        kernel_size: int = 5,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.grids = [
            _checks.data_shape(f"grids[{i}]", grid, rank=2)
            for i, grid in enumerate(_checks.listed("grids", grids, _GRIDS))
        ]
        if sum(math.prod(grid) for grid in self.grids) != self.event_shape[0]:
            raise ValueError(f"grids={self.grids}: do not add up to the {self.event_shape[0]} codes.")
        for above, below in itertools.pairwise(self.grids):
            if below[0] % above[0] or below[1] % above[1]:
                raise ValueError(f"grids={self.grids}: {below} is no multiple of {above}.")
        self.num_codes = _checks.positive_int("num_codes", num_codes, minimum=2)
        self.condition_size = _checks.positive_int("condition_size", condition_size, minimum=0)
        self.filters = _checks.positive_int("filters", filters)
        self.num_layers = _checks.positive_int("num_layers", num_layers)
        self.kernel_size = _checks.positive_int("kernel_size", kernel_size)
        self.levels = [
            PixelCNN(
                grid,
                num_codes,
                condition_size,
                num_features=self.filters if i else 0,
                filters=filters,
                num_layers=num_layers,
                kernel_size=kernel_size,
                name=f"level_{i}",
            )
            for i, grid in enumerate(self.grids)
        ]
        self.contexts = [self._context(i) for i in range(1, len(self.grids))]
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        own = ("num_codes", "condition_size", "filters", "num_layers", "kernel_size")
        return {"grids": [list(grid) for grid in self.grids], **{name: getattr(self, name) for name in own}}

    @property
    def noise_size(self) -> int:
        """How many numbers of noise make a draw: one a code."""
        return self.event_shape[0]

    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return p(k|c).

        Args:
            condition: `(B, C)`, or None for a prior without one.
            temperature: divides the logits; below 1 draws keep closer to what is likely.

        Raises:
            ValueError: if a condition is given to a prior without one, or is missing.
        """
        if (condition is None) == bool(self.condition_size):
            made = f"with one of {self.condition_size} numbers" if self.condition_size else "without one"
            raise ValueError(f"condition={'None' if condition is None else 'a tensor'}: this prior was made {made}.")
        return _CodesDistribution(self, condition, temperature)

    def formula(self, given: str = "") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"Π p(kᵢ | k₁…kᵢ₋₁{f', {given}' if given else ''}), a gated pixel CNN"

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """Turn standard normal noise `(B, N)` into codes `(B, N)`: what an exported model does."""
        return self(condition).draw(_random.uniform_of(noise))

    def logits(self, codes: Any, condition: Any = None) -> Any:
        """Of codes `(B, N)`, the logits `(B, N, K)` of each given those before it: what draws them one by one elsewhere."""
        levels = self.split(codes)
        found = [self.level(i, levels[:i], condition, 1.0).logits(grid) for i, grid in enumerate(levels)]
        flat = [
            tf.reshape(part, (-1, math.prod(grid), self.num_codes))
            for part, grid in zip(found, self.grids, strict=True)
        ]
        return tf.concat(flat, axis=1)

    def split(self, codes: Any) -> list[Any]:
        """The grids `(B, H, W)` of codes `(B, N)`."""
        parts = tf.split(codes, [math.prod(grid) for grid in self.grids], axis=1)
        return [tf.reshape(part, (-1, *grid)) for part, grid in zip(parts, self.grids, strict=True)]

    def level(self, i: int, above: list[Any], condition: Any, temperature: float) -> Any:
        """The distribution of a level's grid, given the grids `(B, H, W)` above it."""
        if not i:
            return self.levels[0](condition, temperature=temperature)
        context = self.contexts[i - 1]
        return self.levels[i](condition, context(above if i > 1 else above[0]), temperature=temperature)

    def _context(self, i: int) -> keras.Model:
        """A network from the grids above level i to features `(B, H, W, filters)` of its size."""
        layers, (height, width) = keras.layers, self.grids[i]
        inputs = [keras.Input(grid, dtype="int32", name=f"grid_{j}") for j, grid in enumerate(self.grids[:i])]
        grown = []
        for j, (grid, given) in enumerate(zip(self.grids, inputs, strict=False)):
            h = layers.Embedding(self.num_codes, self.filters, dtype="float32", name=f"context_{i}_embedding_{j}")(
                given
            )
            h = _layers.Conv2D(
                self.filters, 3, padding="same", activation="relu", dtype="float32", name=f"context_{i}_conv_{j}"
            )(h)
            grown.append(_layers.UpSampling2D((height // grid[0], width // grid[1]), dtype="float32")(h))
        h = layers.Concatenate(dtype="float32")(grown) if len(grown) > 1 else grown[0]
        out = _layers.Conv2D(
            self.filters, 3, padding="same", activation="relu", dtype="float32", name=f"context_{i}_features"
        )(h)
        return keras.Model(inputs if len(inputs) > 1 else inputs[0], out, name=f"context_{i}")
