"""Penalties on the code of an autoencoder."""

import abc
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import keras, serializable, tf
from keras_vae._written import Fixed
from keras_vae.objectives import schedules
from keras_vae.objectives.schedules import Schedule

# Least share of a unit's time on, or off, in the logarithm: far below the 1e-7 of a sigmoid that is as good as off.
_FROM_ZERO = 1e-20


class Penalty(Fixed):
    """A penalty of each example of a batch, in the nats that the reconstruction is counted in."""

    @abc.abstractmethod
    def __call__(self, model: Any, x: Any, code: Any, condition: Any, seed: Any, training: bool, step: Any = 0) -> Any:
        """Compute the penalties `(B,)`.

        Args:
            model: the autoencoder: see `objectives.reconstruction.Coder`.
            x: the encoder's input, `(B,) + data_shape`.
            code: its output, `(B, Z)`.
            condition: `(B, C)` or None.
            seed: stateless seed, int32 of shape `(2,)`.
            training: whether this is a training step.
            step: number of optimizer steps taken, for schedules.
        """

    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain data."""

    def get_config(self) -> dict[str, Any]:
        """The configuration from which `from_config` makes the same penalty."""
        return self.settings()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Penalty":
        """Make the penalty that `get_config` described."""
        return cls(**config)


@serializable
class L1(Penalty):
    """weight * sum_j |h_j|, which moves most units of an overcomplete code to zero.

    Args:
        weight: nats a unit of activation, a number from 0 or a `Schedule`.
    """

    def __init__(self, weight: float | Schedule = 0.1):
        self.weight = schedules.number("weight", weight)

    def __call__(self, model: Any, x: Any, code: Any, condition: Any, seed: Any, training: bool, step: Any = 0) -> Any:
        """Compute the penalties: see `Penalty`."""
        return schedules.at(self.weight, step) * tf.reduce_sum(tf.abs(code), axis=-1)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"weight": schedules.plain(self.weight)}


@serializable
class ActivationRate(Penalty):
    """weight * sum_j KL(Bernoulli(rate) || Bernoulli(mean of h_j over the batch)): Ng (2011), Sparse autoencoder.

    For codes from 0 to 1, as a sigmoid gives them. The same value for every example of the batch, since it is of their mean. A unit
    that is off (or on) in the whole batch has a gradient that brings it back, as long as its sigmoid has one in float32.

    Args:
        rate: the mean activation that each unit is to have, between 0 and 1.
        weight: nats an example, a number from 0 or a `Schedule`.
    """

    def __init__(self, rate: float = 0.05, weight: float | Schedule = 1.0):
        self.rate = _checks.finite_float("rate", rate, minimum=1e-4, maximum=1.0 - 1e-4)
        self.weight = schedules.number("weight", weight)

    def __call__(self, model: Any, x: Any, code: Any, condition: Any, seed: Any, training: bool, step: Any = 0) -> Any:
        """Compute the penalties: see `Penalty`.

        Raises:
            ValueError: if the code is not that of a sigmoid.
        """
        self.check(model.code_activation)
        # The share off is a mean of its own: 1 - (a mean near 1) keeps nothing of a few examples that are not quite on.
        found, rest = tf.reduce_mean(code, axis=0), tf.reduce_mean(1.0 - code, axis=0)  # (Z,)
        on = self.rate * (math.log(self.rate) - _log(found))
        off = (1.0 - self.rate) * (math.log1p(-self.rate) - _log(rest))
        return tf.fill(tf.shape(code)[:1], schedules.at(self.weight, step) * tf.reduce_sum(on + off))

    @staticmethod
    def check(code_activation: str) -> None:
        """Raise `ValueError` if units of this activation have no rate."""
        if code_activation != "sigmoid":
            raise ValueError(
                f"code_activation={code_activation!r}: a rate is the mean of activations from 0 to 1, so take 'sigmoid'."
            )

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"rate": self.rate, "weight": schedules.plain(self.weight)}


def _log(share: Any) -> Any:
    """log(max(share, _FROM_ZERO)), whose gradient, unlike that of a maximum, is not zero where the share is smaller."""
    return tf.math.log(share + tf.stop_gradient(tf.maximum(share, _FROM_ZERO) - share))


# Slope of an activation, from the activation itself.
_SLOPES: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda h: h * (1.0 - h),
    "relu": lambda h: tf.cast(h > 0.0, tf.float32),
}


@serializable
class Contraction(Penalty):
    """weight * ||J||_F^2, J the Jacobian of the code with respect to the input: Rifai et al. (2011), equation 4.

    Args:
        weight: nats a unit of the squared norm, a number from 0 or a `Schedule`.
        jacobian: `"closed_form"`, for one dense layer: sum_j s'(a_j)^2 sum_i W_ij^2, where the activation's slope s'(a_j) is
            h_j (1 - h_j) for a sigmoid, and 1 or 0 for `"relu"` (where `Rescaling` layers are in the encoder too, times the square
            of their scale); `"exact"`, all rows of J, one backward pass for each of the Z codes; `"hutchinson"`, E_v ||v^T J||^2
            with v ~ N(0, I), one backward pass a probe, without bias. By default the closed form where it holds, else Hutchinson's.
        num_probes: draws of v an example.
    """

    def __init__(self, weight: float | Schedule = 0.1, jacobian: str = "auto", num_probes: int = 1):
        self.weight = schedules.number("weight", weight)
        self.jacobian = _checks.one_of("jacobian", jacobian, ("auto", "closed_form", "exact", "hutchinson"))
        self.num_probes = _checks.positive_int("num_probes", num_probes, maximum=1000)

    def __call__(self, model: Any, x: Any, code: Any, condition: Any, seed: Any, training: bool, step: Any = 0) -> Any:
        """Compute the penalties: see `Penalty`.

        Raises:
            ValueError: if `jacobian="closed_form"` and the encoder is not one dense layer with such an activation.
        """
        kernel, weight = _only_kernel(model), schedules.at(self.weight, step)
        if self.jacobian == "closed_form" and kernel is None:
            raise ValueError(
                "jacobian='closed_form': holds for an encoder of one dense layer (hidden_units=[]) with code_activation one of "
                f"{', '.join(map(repr, _SLOPES))}. For any other take 'exact' or 'hutchinson'."
            )
        if kernel is not None and self.jacobian in ("auto", "closed_form"):
            norms = tf.reduce_sum(tf.square(kernel), axis=0)  # (Z,)
            slope = _SLOPES[model.code_activation](code)
            return weight * tf.reduce_sum(tf.square(slope) * norms, axis=-1)
        if self.jacobian == "exact":
            return weight * self._exact(model, x, condition, training)
        return weight * self._hutchinson(model, x, condition, seed, training)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"weight": schedules.plain(self.weight), "jacobian": self.jacobian, "num_probes": self.num_probes}

    def _exact(self, model: Any, x: Any, condition: Any, training: bool) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            code = model.code_given(x, condition, training)
        jacobian = tape.batch_jacobian(code, x)  # (B, Z) + data_shape
        return tf.reduce_sum(tf.square(jacobian), axis=range(1, len(jacobian.shape)))

    def _hutchinson(self, model: Any, x: Any, condition: Any, seed: Any, training: bool, step: Any = 0) -> Any:
        total = 0.0
        for probe in range(self.num_probes):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                code = model.code_given(x, condition, training)
                v = _random.normal(tf.shape(code), _random.fold_in(seed, probe))
                along = tf.reduce_sum(code * v)
            row = tape.gradient(along, x)
            total += tf.reduce_sum(tf.square(row), axis=range(1, len(row.shape)))
        return total / self.num_probes


# Layers that only lay the same numbers out in another way: the sum over all of them is the same.
_SAME_NUMBERS = (keras.layers.InputLayer, keras.layers.Flatten, keras.layers.Reshape, keras.layers.Permute)


def _only_kernel(model: Any) -> Any:
    """The Jacobian `(D, Z)` of an encoder of one dense layer, if the slope of the code's activation is known; None for any other.

    Every other operation must be known not to change the Jacobian, or to scale it: an encoder of one's own may hold any.
    """
    kernel, scale = None, 1.0
    if model.condition_size or model.code_activation not in _SLOPES:
        return None
    # Of a functional model all operations: its layers leave out those such as keras.ops.square.
    for layer in getattr(model.encoder, "operations", model.encoder.layers):
        if type(layer) is keras.layers.Dense and kernel is None and layer.activation is keras.activations.linear:
            kernel = layer.kernel
        elif type(layer) is keras.layers.Rescaling and np.ndim(layer.scale) == 0:
            scale *= float(layer.scale)
        elif type(layer) not in _SAME_NUMBERS:
            return None
    if kernel is None or tuple(kernel.shape) != (
        math.prod(model.data_shape),
        model.latent_size,
    ):  # not of all of x at once
        return None
    return kernel if scale == 1.0 else kernel * scale


@serializable
class DomainAlignment(Penalty):
    """weight * the squared maximum mean discrepancy between the codes of the domains in a batch, summed over pairs of domains.

    MMD^2(P, Q) = |E_P[phi(h)] - E_Q[phi(h)]|^2 with the features phi of a kernel: Gretton et al. (2012), equation 5, estimated with
    the batch's means. The kernel is a mean of Gaussians whose squared widths are 0.1, 0.3, 1 and 3 times the batch's mean squared
    distance. Zero only where the codes of all domains have one distribution: then a decoder is handed nothing that it has not seen
    when it is handed another domain's code. It is one number for the batch, which each example carries.

    For a `models.SwapAutoencoder`, whose condition is the domain.

    Args:
        weight: a number from 0 or a `Schedule`.
    """

    _WIDTHS = (0.1, 0.3, 1.0, 3.0)

    def __init__(self, weight: float | Schedule = 30.0):
        self.weight = schedules.number("weight", weight)

    def __call__(self, model: Any, x: Any, code: Any, condition: Any, seed: Any, training: bool, step: Any = 0) -> Any:
        """Compute the penalties: see `Penalty`.

        Raises:
            ValueError: if there are no domains.
        """
        if condition is None:
            raise ValueError(f"{type(model).__name__} has no domains to align: take a SwapAutoencoder.")
        distance = tf.reduce_sum(tf.square(code[:, None] - code[None]), axis=-1)
        scale = tf.stop_gradient(tf.reduce_mean(distance)) + 1e-12
        kernel = tf.add_n([tf.exp(-distance / (width * scale)) for width in self._WIDTHS]) / len(self._WIDTHS)
        count = tf.reduce_sum(condition, axis=0)
        share = tf.math.divide_no_nan(
            condition, count
        )  # (B, D): each column sums to 1, or is of a domain that is not there
        inner = tf.matmul(share, tf.matmul(kernel, share), transpose_a=True)  # (D, D): of the domains' mean features
        present = tf.reduce_sum(tf.cast(count > 0, tf.float32))
        pairs = present * tf.linalg.trace(inner) - tf.reduce_sum(inner)
        return schedules.at(self.weight, step) * pairs * tf.ones_like(code[:, 0])

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"weight": schedules.plain(self.weight)}
