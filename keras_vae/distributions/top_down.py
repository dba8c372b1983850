"""Posterior and prior of a hierarchy of latents, from the top down.

The latents of all levels are one vector, the top level first, so that a hierarchy is a posterior and a prior like any other.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import keras, serializable, tf
from keras_vae.distributions.base import Posterior, Prior, independent_normal
from keras_vae.distributions.conditioners import applied, conditioner
from keras_vae.distributions.from_noise import NoiseDistribution
from keras_vae.distributions.posteriors import DiagonalGaussian

# From the latents above, `(..., A)`, to the diagonal Gaussian of a level, batch shape `(...)`.
Level = Callable[[Any], Any]


class TopDownDistribution(NoiseDistribution):
    """The distribution of the latents of all levels.

    Args:
        densities: from latents `(..., Z)` to the log-density of each level given those above it, a list of `(...)`.
        top: the distribution of the top level alone.
        **kwargs: as in `NoiseDistribution`.
    """

    def __init__(self, densities: Callable[[Any], list[Any]], top: Any, **kwargs: Any):
        self.densities, self.top = densities, top
        super().__init__(log_density=lambda z: sum(densities(z)), **kwargs)


class TopDownGaussians(TopDownDistribution):
    """Levels that are all Gaussian, so that the way of a draw down the levels gives its density too.

    Args:
        path: from noise `(..., Z)` to draws and their standard deviations, both `(..., Z)`.
        **kwargs: as in `TopDownDistribution`.
    """

    def __init__(self, path: Callable[[Any], tuple[Any, Any]], **kwargs: Any):
        self._path = path
        super().__init__(draw=lambda noise: path(noise)[0], **kwargs)

    def draws_with_log_prob(self, n: int, seed: Any) -> tuple[Any, Any]:
        """`n` draws, those of `sample(n, seed=seed)`, and their density, by one way through the networks."""
        shape = tf.concat([[n], self.batch_shape_tensor(), [self._noise_size]], axis=0)
        noise = _random.normal(shape, _random.as_seed(seed))
        z, stddev = self._path(noise)
        each = -0.5 * tf.square(noise) - tf.math.log(stddev) - 0.5 * math.log(2.0 * math.pi)
        return z, tf.reduce_sum(each, axis=-1)


@serializable
class TopDownPosterior(Posterior):
    """q(z|x) = prod_l q(z_l | z_<l, x), levels from the top down, each a diagonal Gaussian: Sonderby et al. (2016).

    Each level's parameters come from a network of its own, of the features of x and of all levels above; they are not merged with
    the prior's, weighted by precision, as in the ladder VAE of that paper. The mean and the standard deviation are those along the
    path of means.

    Input: features of x `(B, F)`. Output: batch shape `(B,)`, event shape `(Z,)`.

    Args:
        event_shape: number of latents Z, the sum of the levels.
        level_sizes: sizes of the levels, the top one first.
        num_features: number of features F.
        hidden_units: sizes of the hidden layers of each level's network.
        activation: name of a Keras activation.

    Raises:
        ValueError: if the levels do not add up to Z, or an argument is out of its range.
    """

    def __init__(
        self,
        event_shape: Any,
        level_sizes: Sequence[int],
        num_features: int = 256,
        hidden_units: Sequence[int] = (256,),
        activation: str = "silu",
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.level_sizes = _levels(level_sizes, self.event_shape[0])
        self.num_features = _checks.positive_int("num_features", num_features)
        self.hidden_units = _checks.sizes("hidden_units", hidden_units)
        self.activation = _checks.activation_name(activation)
        self.gaussians, self.networks = _levels_from(
            0, self.level_sizes, self.num_features, self.hidden_units, self.activation
        )
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {
            "level_sizes": list(self.level_sizes),
            "num_features": self.num_features,
            "hidden_units": list(self.hidden_units),
            "activation": self.activation,
        }

    @property
    def params_shape(self) -> tuple[int, ...]:
        """`(F,)`."""
        return (self.num_features,)

    def formula(self, given: str = "x") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"level by level from the top, N(μ_l, diag(s_l²)) of encoder({given}) and z₁…z_l₋₁"

    def distribution(self, params: Any) -> Any:
        """The distribution of features `(B, F)`."""
        return self._chain(params, frozen=False)

    def _chain(self, params: Any, frozen: bool) -> Any:
        def level(gaussian: Any, network: Any) -> Level:
            def given(above: Any) -> Any:
                return gaussian(applied(network, above, params, frozen))

            return given

        levels = [level(*pair) for pair in zip(self.gaussians, self.networks, strict=True)]
        zeros = tf.zeros_like(params[..., :1]) * tf.zeros(self.event_shape)
        return TopDownGaussians(
            path=lambda noise: _path(levels, noise, noise[..., :0]),
            densities=lambda z: _densities(levels, z),
            top=levels[0](params[..., :0]),
            noise_size=self.event_shape[0],
            event_size=self.event_shape[0],
            like=params,
            mean=lambda: _path(levels, zeros, zeros[..., :0])[0],
            stddev=lambda: _path(levels, zeros, zeros[..., :0])[1],
            without_gradient=lambda: self._chain(tf.stop_gradient(params), frozen=True),
            name="TopDownPosterior",
        )


@serializable
class TopDownPrior(Prior):
    """p(z) = p(z_1) prod_l p(z_l | z_<l), levels from the top down: Sonderby et al. (2016).

    The levels below the top are diagonal Gaussians, whose parameters come from networks of all levels above; the top has a
    prior of its own. Output: batch shape `()`, event shape `(Z,)`.

    Args:
        event_shape: number of latents Z, the sum of the levels.
        level_sizes: sizes of the levels, the top one first.
        top: the prior of the top level, without a condition.
        hidden_units: sizes of the hidden layers of each level's network.
        activation: name of a Keras activation.

    Raises:
        ValueError: if the levels do not add up to Z, or the top's prior is over vectors of another size.
    """

    def __init__(
        self,
        event_shape: Any,
        level_sizes: Sequence[int],
        top: Prior,
        hidden_units: Sequence[int] = (256,),
        activation: str = "silu",
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        self.level_sizes = _levels(level_sizes, self.event_shape[0])
        if not isinstance(top, Prior):
            raise ValueError(
                f"top={_checks.shown(top)}: must be a Prior, such as StandardNormal({self.level_sizes[0]})."
            )
        if top.event_shape != self.level_sizes[:1]:
            raise ValueError(
                f"The prior of the top is over events of shape {top.event_shape}: the top level has size {self.level_sizes[0]}."
            )
        self.top = top
        self.hidden_units = _checks.sizes("hidden_units", hidden_units)
        self.activation = _checks.activation_name(activation)
        self.gaussians, self.networks = _levels_from(1, self.level_sizes, 0, self.hidden_units, self.activation)
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {
            "level_sizes": list(self.level_sizes),
            "top": keras.saving.serialize_keras_object(self.top),
            "hidden_units": list(self.hidden_units),
            "activation": self.activation,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TopDownPrior":
        """Make the prior that `get_config` described."""
        return cls(**{**config, "top": keras.saving.deserialize_keras_object(config["top"])})

    def formula(self, given: str = "") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"z₁ ~ {self.top.formula(given)}, then z_l ~ N(m_l(z₁…z_l₋₁), diag(s_l²)), level by level"

    @property
    def noise_size(self) -> int:
        """That of the top, and one for each latent below it."""
        return self.top.noise_size + self.event_shape[0] - self.level_sizes[0]

    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return p(z); a condition changes nothing, and the temperature is that of all levels."""
        top, levels = self.top(None, temperature=temperature), self._levels_below(temperature)
        size = self.event_shape[0]

        def draw(noise: Any) -> Any:
            scaled = tf.concat([noise[..., :-size], noise[..., -size:] * temperature], axis=-1)
            return self.from_noise(scaled)

        split = self.level_sizes[0]
        return TopDownDistribution(
            densities=lambda z: [top.log_prob(z[..., :split]), *_densities(levels, z, split)],
            top=top,
            draw=draw,
            noise_size=self.noise_size,
            event_size=size,
            reparameterized=False,
            name="TopDownPrior",
        )

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """Draws `(B, Z)` of noise `(B, N)`: the top's, then one level after the other."""
        split = self.top.noise_size
        top = self.top.from_noise(noise[..., :split])
        return _path(self._levels_below(1.0), noise[..., split:], top)[0]

    def connect(self, posterior_of: Callable[[Any], Any]) -> None:
        """Pass the posterior's top level on to the prior of the top."""
        self.top.connect(lambda data: posterior_of(data).top)

    @property
    def starts_from_data(self) -> bool:
        """Whether the prior of the top does."""
        return self.top.starts_from_data

    def adapt(self, data: np.ndarray) -> None:
        """Pass examples on to the prior of the top."""
        self.top.adapt(data)

    def _levels_below(self, temperature: float) -> list[Level]:
        def level(gaussian: Any, network: Any) -> Level:
            def given(above: Any) -> Any:
                found = gaussian(applied(network, above))
                return independent_normal(found.mean(), found.stddev() * temperature, 1)

            return given

        return [level(*pair) for pair in zip(self.gaussians, self.networks, strict=True)]


def _levels(level_sizes: Sequence[int], total: int) -> tuple[int, ...]:
    sizes = _checks.sizes("level_sizes", level_sizes, minimum_length=1)
    if sum(sizes) != total:
        raise ValueError(f"level_sizes={list(sizes)}: add up to {sum(sizes)}, and there are {total} latents.")
    return sizes


def _levels_from(
    first: int, sizes: Sequence[int], features: int, hidden: Sequence[int], activation: str
) -> tuple[list[Any], list[Any]]:
    """A layer and a network for each level from `first` on, of the features and of all levels above."""
    above = [0, *itertools.accumulate(sizes)]
    numbers = range(first, len(sizes))
    gaussians = [DiagonalGaussian(sizes[i], name=f"gaussian_{i}") for i in numbers]
    networks = [conditioner(features + above[i], hidden, activation, 2 * sizes[i], f"level_{i}") for i in numbers]
    return gaussians, networks


def _path(levels: Sequence[Level], noise: Any, above: Any) -> tuple[Any, Any]:
    """The latents `above` with those that the levels below make of noise, and the standard deviations of these."""
    z, stddev, start = above, [], 0
    for level in levels:
        q = level(z)
        end = start + q.event_shape[0]
        stddev.append(q.stddev())
        z = tf.concat([z, q.mean() + stddev[-1] * noise[..., start:end]], axis=-1)
        start = end
    return z, tf.concat(stddev, axis=-1) if stddev else None


def _densities(levels: Sequence[Level], z: Any, start: int = 0) -> list[Any]:
    """Log-density in nats of each of the levels, whose latents begin at `start`, given those above it."""
    found = []
    for level in levels:
        q = level(z[..., :start])
        end = start + q.event_shape[0]
        found.append(q.log_prob(z[..., start:end]))
        start = end
    return found
