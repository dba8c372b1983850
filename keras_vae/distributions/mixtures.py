"""Priors that are mixtures of diagonal Gaussians."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import keras, serializable, tf, tfd
from keras_vae.distributions.base import Prior, inverse_positive, positive
from keras_vae.distributions.from_noise import NoiseDistribution

_SCALE_FLOOR = 1e-3
_MAX_COMPONENTS = 10_000


class _Mixture(Prior):
    """A prior whose components are all there is to say about it. Its noise has one number more, which chooses the component."""

    def _components(self) -> tuple[Any, Any, Any]:
        """Log-weights `(K,)`, which need not be normalised, means and standard deviations `(K, Z)`."""
        raise NotImplementedError

    @property
    def noise_size(self) -> int:
        """Z + 1."""
        return self.event_shape[0] + 1

    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return the mixture, each component's standard deviation times `temperature`; a condition changes nothing."""
        logits, loc, scale = self._components()
        log_weights, scale = tf.nn.log_softmax(logits), scale * temperature
        return NoiseDistribution(
            lambda noise: _draw(log_weights, loc, scale, noise),
            lambda z: _log_density(log_weights, loc, scale, z),
            noise_size=self.noise_size,
            event_size=self.event_shape[0],
            mean=lambda: tf.linalg.matvec(loc, tf.exp(log_weights), transpose_a=True),
            reparameterized=False,
            name=type(self).__name__,
        )

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """Draws `(B, Z)` of noise `(B, Z + 1)`: the first number chooses the component."""
        logits, loc, scale = self._components()
        return _draw(tf.nn.log_softmax(logits), loc, scale, noise)


def _draw(log_weights: Any, loc: Any, scale: Any, noise: Any) -> Any:
    # Standard normal noise is below ndtri(p) with probability p.
    steps = tf.math.ndtri(tf.clip_by_value(tf.cumsum(tf.exp(log_weights))[:-1], 0.0, 1.0))
    chosen = tf.reduce_sum(tf.cast(noise[..., :1] > steps, tf.int32), axis=-1)
    return tf.gather(loc, chosen) + tf.gather(scale, chosen) * noise[..., 1:]


def _log_density(log_weights: Any, loc: Any, scale: Any, z: Any) -> Any:
    """log sum_k w_k N(z; m_k, diag(s_k^2)) in nats."""
    return tf.reduce_logsumexp(_joint_log_density(log_weights, loc, scale, z), axis=-1)


def _joint_log_density(log_weights: Any, loc: Any, scale: Any, z: Any) -> Any:
    """log w_k + log N(z; m_k, diag(s_k^2)) in nats, shape `z.shape[:-1] + (K,)`.

    The squares are expanded, so that matrix products do the work and nothing of size S x B x K x Z is held; in double
    precision, since with the narrow components of a VampPrior the terms are far larger than what is left of them.
    """
    exact = tf.float64
    flat = tf.cast(tf.reshape(z, (-1, loc.shape[-1])), exact)
    loc, inverse = tf.cast(loc, exact), tf.cast(scale, exact) ** -2
    square = tf.matmul(flat**2, inverse, transpose_b=True)
    cross = tf.matmul(flat, loc * inverse, transpose_b=True)
    distance = tf.nn.relu(square - 2.0 * cross + tf.reduce_sum(loc**2 * inverse, axis=-1))
    constant = log_weights - tf.reduce_sum(tf.math.log(scale), axis=-1) - 0.5 * loc.shape[-1] * math.log(2.0 * math.pi)
    density = constant - 0.5 * tf.cast(distance, tf.float32)
    shape = tf.concat([tf.shape(z)[:-1], [loc.shape[0]]], 0)
    return tf.ensure_shape(tf.reshape(density, shape), (*z.shape[:-1], loc.shape[0]))


@serializable
class MixtureOfGaussians(_Mixture):
    """p(z) = sum_k w_k N(z; m_k, diag(s_k^2)), everything learned. Output: batch shape `()`, event shape `(Z,)`.

    The means start as draws from N(0, I), the standard deviations at 1, the weights equal.

    Args:
        event_shape: number of latents Z.
        num_components: number of components K.
    """

    def __init__(self, event_shape: Any, num_components: int = 10, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        self.num_components = _checks.positive_int("num_components", num_components, maximum=_MAX_COMPONENTS)
        shape = (self.num_components, self.event_shape[0])
        self.logits = self.add_weight(shape=shape[:1], initializer="zeros", name="logits")
        self.loc = self.add_weight(shape=shape, initializer=keras.initializers.RandomNormal(stddev=1.0), name="loc")
        self.raw_scale = self.add_weight(shape=shape, initializer="zeros", name="raw_scale")
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {"num_components": self.num_components}

    def formula(self, given: str = "") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"Σₖ wₖ N(mₖ, diag(sₖ²)), {self.num_components} components, learned"

    def start(self, weights: np.ndarray, means: np.ndarray, scales: np.ndarray) -> None:
        """Set weights `(K,)`, means `(K, Z)` and standard deviations `(K, Z)`, such as those of a mixture fitted to codes.

        Raises:
            ValueError: if a shape is wrong, or a weight or a standard deviation is not positive.
        """
        wanted = {"weights": (weights, self.logits), "means": (means, self.loc), "scales": (scales, self.raw_scale)}
        for name, (values, variable) in wanted.items():
            if np.shape(values) != tuple(variable.shape):
                raise ValueError(f"{name} have shape {np.shape(values)}: must have {tuple(variable.shape)}.")
            if name != "means" and not (np.asarray(values) > 0).all():
                raise ValueError(f"{name} hold {np.min(values)}: must be positive.")
        self.logits.assign(np.log(weights))
        self.loc.assign(means)
        self.raw_scale.assign(inverse_positive(np.maximum(scales, 2.0 * _SCALE_FLOOR), _SCALE_FLOOR))

    def joint_log_prob(self, z: Any) -> Any:
        """log w_k + log N(z; m_k, diag(s_k^2)) in nats of each component: `(B, K)` for latents `(B, Z)`.

        Its softmax over the components is p(k|z).
        """
        logits, loc, scale = self._components()
        off = (tf.convert_to_tensor(z)[:, None, :] - loc) / scale  # (B, K, Z)
        constant = tf.reduce_sum(tf.math.log(scale), axis=-1) + 0.5 * loc.shape[-1] * math.log(2.0 * math.pi)
        return tf.nn.log_softmax(logits) - constant - 0.5 * tf.reduce_sum(tf.square(off), axis=-1)

    def sample_component(self, component: int, n: int, seed: Any = None) -> Any:
        """Draw from one component: `(n, Z)`."""
        _, loc, scale = self._components()
        return loc[component] + scale[component] * _random.normal((n, self.event_shape[0]), _random.as_seed(seed))

    def _components(self) -> tuple[Any, Any, Any]:
        return (
            tf.convert_to_tensor(self.logits),
            tf.convert_to_tensor(self.loc),
            positive(tf.convert_to_tensor(self.raw_scale), _SCALE_FLOOR),
        )


def _range(support: Any) -> tuple[float, float] | None:
    """A range of data as two floats, or None where both ends are infinite.

    Raises:
        ValueError: if it is no range.
    """
    if support is None:
        return None
    try:
        low, high = (float(end) for end in _checks.listed("support", support, "ends of a range"))
        good = low < high  # not true of a NaN
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise ValueError(
            f"support={_checks.shown(support)}: must be the smallest and the largest value of the data, or None."
        )
    return None if math.isinf(low) and math.isinf(high) else (low, high)


@serializable
class VampPrior(_Mixture):
    """p(z) = 1/K sum_k q(z|u_k), with K learned pseudo-inputs u_k: Tomczak & Welling (2018), equation 9.

    Output: batch shape `()`, event shape `(Z,)`. Inside a VAE of this library it finds the posterior by itself; in a model of
    your own, tell it how data become a posterior:

    >>> prior = VampPrior(20, data_shape=(28, 28, 1), num_components=500)
    >>> prior.connect(lambda u: posterior(encoder(u)))
    >>> prior.adapt(images)

    Args:
        event_shape: number of latents Z.
        data_shape: shape of one example, and so of one pseudo-input.
        num_components: number of pseudo-inputs K.
        support: range of the data that pseudo-inputs are kept in, or None where data may be any number. An end may be infinite, as
            in `(0, inf)`: then they are kept on the right side of the other one.

    Raises:
        ValueError: if an argument is out of its range, or there is a condition.
    """

    def __init__(
        self,
        event_shape: Any,
        data_shape: Any,
        num_components: int = 500,
        support: Sequence[float] | None = (0.0, 1.0),
        condition_size: int = 0,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        if _checks.positive_int("condition_size", condition_size, minimum=0):
            raise ValueError(
                "VampPrior is a prior p(z) without a condition, and this model has one: use 'conditional_gaussian' or 'real_nvp'."
            )
        self.data_shape = _checks.data_shape("data_shape", data_shape)
        self.num_components = _checks.positive_int("num_components", num_components, maximum=_MAX_COMPONENTS)
        self.support = _range(support)
        self.raw_inputs = self.add_weight(
            shape=(self.num_components, *self.data_shape),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="raw_inputs",
        )
        self._posterior_of: Callable[[Any], Any] | None = None
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {
            "data_shape": list(self.data_shape),
            "num_components": self.num_components,
            "support": None if self.support is None else list(self.support),
        }

    def formula(self, given: str = "") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"1/K Σₖ q(z | uₖ), {self.num_components} pseudo-inputs uₖ, learned"

    def connect(self, posterior_of: Callable[[Any], Any]) -> None:
        """Say how pseudo-inputs `(K,) + data_shape` become q(z|u), a diagonal Gaussian."""
        self._posterior_of = posterior_of

    @property
    def starts_from_data(self) -> bool:
        """True: pseudo-inputs start as examples."""
        return True

    def adapt(self, data: np.ndarray) -> None:
        """Start the pseudo-inputs as examples drawn from data `(N,) + data_shape`.

        Raises:
            ValueError: if the data have another shape.
        """
        if data.ndim != len(self.data_shape) + 1 or data.shape[1:] != self.data_shape or not len(data):
            raise ValueError(f"The data have shape {data.shape}: must be {('examples', *self.data_shape)}.")
        chosen = np.random.default_rng(0).choice(
            len(data), self.num_components, replace=len(data) < self.num_components
        )
        values = np.asarray(data[chosen], dtype="float64")
        self.raw_inputs.assign(self._raw(values).astype("float32"))

    @property
    def pseudo_inputs(self) -> Any:
        """The pseudo-inputs u_k, `(K,) + data_shape`."""
        raw = tf.convert_to_tensor(self.raw_inputs)
        if self.support is None:
            return raw
        low, high = self.support
        if math.isinf(high):
            return low + tf.nn.softplus(raw)
        if math.isinf(low):
            return high - tf.nn.softplus(raw)
        return low + (high - low) * tf.sigmoid(raw)

    def _raw(self, values: np.ndarray) -> np.ndarray:
        """The unconstrained values that become the pseudo-inputs `values`: not nearer to an end than where the gradient is lost."""
        if self.support is None:
            return values
        low, high = self.support
        if math.isinf(high) or math.isinf(low):
            distance = np.maximum(values - low if math.isinf(high) else high - values, 0.05)
            return distance + np.log(-np.expm1(-distance))  # the inverse of softplus, without an overflow
        share = np.clip((values - low) / (high - low), 0.05, 0.95)
        return np.log(share) - np.log1p(-share)

    def _components(self) -> tuple[Any, Any, Any]:
        if self._posterior_of is None:
            raise ValueError(
                "This VampPrior does not know the posterior yet: call prior.connect(lambda u: posterior(encoder(u))) first."
            )
        q = self._posterior_of(self.pseudo_inputs)
        if not (isinstance(q, tfd.Independent) and isinstance(q.distribution, tfd.Normal)):
            raise ValueError(
                f"VampPrior is a mixture of diagonal Gaussians, and the posterior is {type(q).__name__}: use the posterior "
                "'diagonal_gaussian'."
            )
        return tf.zeros((self.num_components,)), q.distribution.loc, q.distribution.scale
