"""An autoregressive distribution over a grid of numbers, such as the codes of a VQ-VAE."""

from collections.abc import Callable
from typing import Any

from keras_vae import _checks, _random
from keras_vae._backend import serializable, tf, tfd
from keras_vae.distributions.base import DistributionLayer
from keras_vae.distributions.broadcasting import to_batch
from keras_vae.distributions.pixel_cnn_steps import PixelCNNSteps
from keras_vae.networks import gated_pixel_cnn

_COLDEST = 1e-6
_MAX_LAYERS = 100


class AutoregressiveGrid(tfd.Distribution):
    """Numbers from 0 to K - 1 on a grid, each given those before it, row by row: event shape `(H, W)`, int32.

    A draw is a function of one uniform number an element, so it is the same eager, traced and compiled.

    Args:
        logits: from grids `(N, H, W)` to logits `(N, H, W, K)`, of which those of an element depend on elements before it alone;
            for a batch shape of `(B,)` N is a multiple of B.
        draw: from uniform noise `(N, H * W)` and a temperature above 0 to draws `(N, H, W)`.
        grid: `(H, W)`.
        temperature: the logits are divided by it.
        batch_size: B, or None for a batch shape of `()`.
    """

    def __init__(
        self,
        logits: Callable[[Any], Any],
        draw: Callable[[Any, float], Any],
        grid: tuple[int, ...],
        temperature: float = 1.0,
        batch_size: Any = None,
    ):
        self._logits, self._draw, self._grid, self._batch_size = logits, draw, grid, batch_size
        self._temperature = max(temperature, _COLDEST)
        super().__init__(
            dtype=tf.int32,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters={"logits": logits, "draw": draw, "grid": grid, "temperature": temperature},
            name="AutoregressiveGrid",
        )

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {}

    def _batch_shape(self) -> Any:
        return tf.TensorShape([] if self._batch_size is None else [tf.get_static_value(self._batch_size)])

    def _batch_shape_tensor(self, **_: Any) -> Any:
        return tf.constant([], tf.int32) if self._batch_size is None else tf.reshape(self._batch_size, (1,))

    def _event_shape(self) -> Any:
        return tf.TensorShape(self._grid)

    def _event_shape_tensor(self) -> Any:
        return tf.constant(self._grid)

    def _log_prob(self, value: Any) -> Any:
        value = to_batch(value, self)
        flat = tf.reshape(tf.cast(value, tf.int32), (-1, *self._grid))
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(flat, self.logits(flat))
        return tf.reshape(-tf.reduce_sum(each, axis=(1, 2)), tf.shape(value)[:-2])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        lead = tf.concat([[n], self.batch_shape_tensor()], axis=0)
        height, width = self._grid
        noise = _random.uniform(tf.concat([lead, [height * width]], axis=0), _random.as_seed(seed))
        return tf.reshape(self.draw(noise), tf.concat([lead, self._grid], axis=0))

    def logits(self, grid: Any) -> Any:
        """Of grids `(N, H, W)`, the logits `(N, H, W, K)` of each element given those before it; N is a multiple of the batch."""
        return self._logits(grid) / self._temperature

    def draw(self, noise: Any) -> Any:
        """Turn uniform noise `(..., H * W)` into grids `(..., H, W)`, one element after the other."""
        grid = self._draw(tf.reshape(noise, (-1, self._grid[0] * self._grid[1])), self._temperature)
        return tf.reshape(grid, tf.concat([tf.shape(noise)[:-1], self._grid], axis=0))


@serializable
class PixelCNN(DistributionLayer):
    """p(k|c) = prod_i p(k_i | k_<i, c) over a grid of numbers, by a gated PixelCNN: van den Oord et al. (2016), section 2.

    Two stacks of gated convolutions, one that sees the rows above and one that sees what is to the left, so that no element is out
    of sight. Output: batch shape `()`, or `(B,)` where a condition or features are given; event shape `(H, W)`.

    Args:
        event_shape: `(H, W)`.
        num_codes: K; elements are from 0 to K - 1.
        condition_size: length of condition vectors such as one-hot labels, 0 for none.
        num_features: channels of a map of features `(B, H, W, F)`, such as that of a level above; 0 for none.
        filters: channels.
        num_layers: gated layers.
        kernel_size: odd; each layer sees this many rows and columns less those that come later.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(
        self,
        event_shape: Any,
        num_codes: int = 512,
        condition_size: int = 0,
        num_features: int = 0,
        filters: int = 64,
        num_layers: int = 8,
        kernel_size: int = 5,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        if len(self.event_shape) != 2:
            raise ValueError(
                f"event_shape={self.event_shape}: the numbers are on a grid, so give its height and width."
            )
        self.num_codes = _checks.positive_int("num_codes", num_codes, minimum=2)
        self.condition_size = _checks.positive_int("condition_size", condition_size, minimum=0)
        self.num_features = _checks.positive_int("num_features", num_features, minimum=0)
        self.filters = _checks.positive_int("filters", filters)
        self.num_layers = _checks.positive_int("num_layers", num_layers, maximum=_MAX_LAYERS)
        self.kernel_size = _checks.positive_int("kernel_size", kernel_size, maximum=31)
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size={kernel_size}: must be odd, so that a layer sees as far to both sides.")
        self.network = gated_pixel_cnn.network(
            self.name,
            self.event_shape,
            self.num_codes,
            self.filters,
            self.num_layers,
            self.kernel_size,
            condition_size=self.condition_size,
            num_features=self.num_features,
        )
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        own = ("num_codes", "condition_size", "num_features", "filters", "num_layers", "kernel_size")
        return {name: getattr(self, name) for name in own}

    @property
    def noise_size(self) -> int:
        """How many numbers of noise make a draw: H * W."""
        return self.event_shape[0] * self.event_shape[1]

    def call(self, condition: Any = None, features: Any = None, temperature: float = 1.0) -> Any:
        """Return p(k|c).

        Args:
            condition: `(B, C)`, or None for a layer without.
            features: `(B, H, W, F)`, or None for a layer without.
            temperature: divides the logits; below 1 draws keep closer to what is likely.

        Raises:
            ValueError: if something is given that the layer was not made for, or is missing.
        """
        for name, given, size in (
            ("condition", condition, self.condition_size),
            ("features", features, self.num_features),
        ):
            if (given is None) == bool(size):
                made = f"was made for {size} numbers" if size else "was made without"
                raise ValueError(f"{name}={'None' if given is None else 'a tensor'}: this PixelCNN {made}.")
        extra = (condition, features)
        given = [tensor for tensor in extra if tensor is not None]

        def logits(grid: Any) -> Any:
            copies = [_copies(tensor, grid) for tensor in given]
            return self.network([grid, *copies] if copies else grid)

        def draw(noise: Any, temperature: float) -> Any:
            rows, maps = (None if tensor is None else _copies(tensor, noise) for tensor in extra)
            return PixelCNNSteps(self, rows, maps, temperature).draw(noise)

        batch_size = tf.shape(given[0])[0] if given else None
        return AutoregressiveGrid(logits, draw, self.event_shape, temperature, batch_size)

    def from_noise(self, noise: Any, condition: Any = None, features: Any = None) -> Any:
        """Turn standard normal noise `(B, H * W)` into draws `(B, H, W)`: what an exported model does."""
        return self(condition, features).draw(_random.uniform_of(noise))


def _copies(given: Any, draws: Any) -> Any:
    """What examples `(B, ...)` are given, for draws `(N, ...)` of them: those of each round lie beside each other."""
    return tf.tile(given, [tf.shape(draws)[0] // tf.shape(given)[0], *[1] * (len(given.shape) - 1)])
