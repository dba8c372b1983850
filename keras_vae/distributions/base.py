"""What every distribution layer has in common."""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import keras, tf, tfd, tfp
from keras_vae._written import Written
from keras_vae.distributions.broadcasting import check_value
from keras_vae.lite import manifest


class DistributionLayer(Written, keras.layers.Layer, abc.ABC):
    """A Keras layer whose output is a `tfp.distributions.Distribution`.

    Args:
        event_shape: shape of one draw, without the batch; an int stands for a vector.
        **kwargs: `name`, `trainable` and the like, as in every Keras layer.
    """

    def __init__(self, event_shape: Any, **kwargs: Any):
        # Log-densities summed over hundreds of pixels do not survive half precision: float32 whatever the policy.
        kwargs.setdefault("dtype", "float32")
        _checks.keras_arguments(type(self), kwargs)
        super().__init__(**kwargs)
        self.event_shape = _checks.data_shape("event_shape", event_shape)
        # Weights are made in the constructor, so there is nothing to build, unless a class of a user's own makes some later.
        self.built = type(self).build is keras.layers.Layer.build

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> tuple[int | None, ...]:
        """The shape of draws of a batch: `(None,) + event_shape`."""
        return (None, *self.event_shape)

    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor that are this layer's own, as plain data (no event shape, no Keras ones)."""
        return {}

    def formula(self, given: str = "") -> str:
        """The distribution as a formula, for the model card; by default the call that makes the layer.

        Args:
            given: the arguments of the network whose outputs are the parameters, such as `"z, c"`; of a prior, the letter of its
                condition. "" for none.
        """
        return repr(self)

    def get_config(self) -> dict[str, Any]:
        """The configuration from which `from_config` builds the same layer."""
        return {**super().get_config(), "event_shape": list(self.event_shape), **self.settings()}


class _FromParameters(DistributionLayer):
    """A distribution layer fed with a tensor of unconstrained parameters."""

    @property
    @abc.abstractmethod
    def params_shape(self) -> tuple[int, ...]:
        """Shape of the parameters of one example, without the batch axis."""

    @abc.abstractmethod
    def distribution(self, params: Any) -> Any:
        """Make the distribution of parameters `(B,) + params_shape`: batch shape `(B,)`, event shape `event_shape`."""

    def __call__(self, params: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the distribution: see `call`. Keras's own errors of what is no tensor do not say what would be right."""
        if not (hasattr(params, "shape") and hasattr(params, "dtype")):
            params = np.asarray(params)
        wrong = not tf.as_dtype(params.dtype).is_floating
        if wrong or (isinstance(params, np.ndarray) and not np.isfinite(params).all()):
            raise ValueError(
                f"{type(self).__name__} got parameters "
                + (f"of dtype {tf.as_dtype(params.dtype).name}" if wrong else "that are infinite or NaN")
                + f": it takes finite floats of shape {('batch', *self.params_shape)}, as the layer before it puts out."
            )
        return super().__call__(params, *args, **kwargs)

    def call(self, params: Any) -> Any:
        """Return the distribution that `params`, shape `(B,) + params_shape`, stand for.

        More leading axes than one, `(S, B) + params_shape`, give a batch shape of as many axes, `(S, B)`.

        Raises:
            ValueError: if the parameters have another shape.
        """
        given = tuple(params.shape[-len(self.params_shape) :])
        if len(given) != len(self.params_shape) or any(
            a not in (None, b) for a, b in zip(given, self.params_shape, strict=True)
        ):
            raise ValueError(
                f"{type(self).__name__} got parameters of shape {tuple(params.shape)}: it takes {('batch', *self.params_shape)} "
                f"for events of shape {self.event_shape}. Give the layer before it {self.params_shape[-1]} outputs "
                "(see params_shape) and no activation."
            )
        return self.distribution(params)


class Posterior(_FromParameters):
    """An approximate posterior q(z|x): a distribution over latent vectors, event shape `(Z,)`."""

    def __init__(self, event_shape: Any, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        if len(self.event_shape) != 1:
            raise ValueError(f"event_shape={self.event_shape}: a posterior is over vectors, so give one size.")


class Likelihood(_FromParameters):
    """A likelihood p(x|z): a distribution over data, with the event shape of one example.

    Parameters have the event's shape with the last axis (the channels) `params_per_channel` times as long.
    """

    params_per_channel = 1
    """Parameters an element of the event takes."""

    discrete = False
    """Whether p(x|z) is a probability of discrete data, and not a density."""

    support: tuple[float, float] | None = (0.0, 1.0)
    """Range of the data, both ends included, or None where every real number has a density."""

    @property
    def params_shape(self) -> tuple[int, ...]:
        """Shape of the parameters of one example, without the batch axis."""
        return (*self.event_shape[:-1], self.event_shape[-1] * self.params_per_channel)

    def initial_params(self, mean: np.ndarray) -> np.ndarray:
        """Parameters `params_shape` of a distribution with about the given `mean` (`event_shape`): a network's first bias.

        Zeros, with which a network starts anyway, for a likelihood that does not say it.
        """
        return np.zeros(self.params_shape)


class Prior(DistributionLayer):
    """A prior p(z), or p(z|c) where it is conditional: a distribution over latent vectors, event shape `(Z,)`."""

    condition_rows = "last"
    """Where, in a weight with one row per input, the rows of the condition stand: `"first"` or `"last"`."""

    def __init__(self, event_shape: Any, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        if len(self.event_shape) != 1:
            raise ValueError(f"event_shape={self.event_shape}: a prior is over vectors, so give one size.")

    @abc.abstractmethod
    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return p(z) with batch shape `()`, or p(z|c) with batch shape `(B,)`.

        Args:
            condition: `(B, C)`, or None for a prior without one.
            temperature: factor on the standard deviation; below 1 draws keep closer to the mode.
        """

    @property
    def noise_size(self) -> int:
        """How many numbers of noise make a draw, N. The last Z of them are those that a temperature scales."""
        return self.event_shape[0]

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """Turn standard normal noise `(B, N)` into draws `(B, Z)`: what an exported model does, which draws nothing itself.

        Raises:
            NotImplementedError: if the prior has no such map.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not say how noise becomes a draw: define its from_noise(noise, condition), or "
            "export a model with another prior."
        )

    def connect(self, posterior_of: Callable[[Any], Any]) -> None:
        """Take in how data become q(z|x), for priors that are made of posteriors; a model calls it. Others do not care.

        Args:
            posterior_of: from data `(K,) + data_shape` to a distribution of batch shape `(K,)`.
        """

    @property
    def starts_from_data(self) -> bool:
        """Whether `adapt` changes anything."""
        return False

    def adapt(self, data: np.ndarray) -> None:
        """Take in examples `(N,) + data_shape` before training begins, for priors that start from data. Others do not care."""


class _Normal(tfd.Normal):
    """`tfd.Normal` whose draws are the same eager, traced and compiled."""

    def __init__(self, loc: Any, scale: Any, name: str = "Normal"):
        parameters = {"loc": loc, "scale": scale, "name": name}
        super().__init__(loc, scale, name=name)
        self._parameters = parameters

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {"loc": tfp.util.ParameterProperties(), "scale": tfp.util.ParameterProperties()}

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        shape = tf.concat([[n], self.batch_shape_tensor()], axis=0)
        return self.loc + self.scale * _random.normal(shape, _random.as_seed(seed))


class Event(tfd.Independent):
    """Independent elements that make one event; its density refuses what is no event, which TFP would broadcast or score."""

    support: tuple[float, float] | None = None

    def _log_prob(self, value: Any, **kwargs: Any) -> Any:
        check_value(value, self, self.support)
        return super()._log_prob(value, **kwargs)


class UnitEvent(Event):
    """The same of elements from 0 to 1."""

    support = (0.0, 1.0)


def independent_normal(loc: Any, scale: Any, event_rank: int) -> Any:
    """Normal distributions whose last `event_rank` axes make one event."""
    return Event(_Normal(loc, scale), reinterpreted_batch_ndims=event_rank)


# softplus(x + SOFTPLUS_SHIFT) is 1 at x = 0, so that an untrained layer starts at unit scale.
SOFTPLUS_SHIFT = manifest.SOFTPLUS_SHIFT


def positive(raw: Any, floor: float) -> Any:
    """Map unconstrained values to (floor, inf): 1 + floor at 0, linear (not exponential) growth upwards."""
    return tf.nn.softplus(raw + SOFTPLUS_SHIFT) + floor


def inverse_positive(value: np.ndarray | float, floor: float) -> np.ndarray:
    """The unconstrained value that `positive` maps to `value`."""
    return np.log(np.expm1(np.asarray(value, dtype="float64") - floor)) - SOFTPLUS_SHIFT
