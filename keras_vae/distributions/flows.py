"""A normalising flow as a prior."""

from collections.abc import Sequence
from typing import Any

from keras_vae import _checks
from keras_vae._backend import keras, serializable, tf, tfb
from keras_vae.distributions.base import Prior, independent_normal
from keras_vae.distributions.conditioners import applied, conditioner
from keras_vae.distributions.from_noise import NoiseDistribution

# A coupling scales by at most exp(2) and at least exp(-2): several of them reach any scale, and none runs away.
_LOG_SCALE_LIMIT = 2.0


@serializable
class RealNVP(Prior):
    """p(z), or p(z|c), as an invertible map of N(0, I): Dinh et al. (2017), with affine couplings.

    log p(z) = log N(f^-1(z); 0, I) + log |det df^-1/dz|. Each coupling shifts and scales one half of the vector as a network of the
    other half (and of the condition) says, and the halves take turns. With an odd number of latents the second half is one longer
    than the first. It starts as N(0, I).

    Output: batch shape `()`, or `(B,)` with a condition; event shape `(Z,)`.

    Args:
        event_shape: number of latents Z, at least 2: one latent has no other half that could say how to change it.
        num_couplings: number of couplings; with one, the first half stays as it is.
        hidden_units: sizes of the hidden layers of each coupling's network.
        activation: name of a Keras activation.
        condition_size: length C of the condition vectors, 0 for none.

    Raises:
        ValueError: if an argument is out of its range.
    """

    condition_rows = "first"

    def __init__(
        self,
        event_shape: Any,
        num_couplings: int = 6,
        hidden_units: Sequence[int] = (128, 128),
        activation: str = "relu",
        condition_size: int = 0,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        size = self.event_shape[0]
        if size < 2:
            raise ValueError(
                f"event_shape={size}: a coupling needs two halves, so at least 2 latents. For one latent use the prior "
                "'mixture_of_gaussians'."
            )
        self.num_couplings = _checks.positive_int("num_couplings", num_couplings, maximum=_checks.MAX_LAYERS)
        self.hidden_units = _checks.sizes("hidden_units", hidden_units, minimum_length=1)
        self.activation = _checks.activation_name(activation)
        self.condition_size = _checks.positive_int("condition_size", condition_size, minimum=0)
        self.networks = [
            # Zeros at first, so that each coupling starts as the identity.
            conditioner(
                self._kept(i) + self.condition_size,
                self.hidden_units,
                self.activation,
                2 * (size - self._kept(i)),
                f"coupling_{i}",
                last="zeros",
            )
            for i in range(self.num_couplings)
        ]
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {
            "num_couplings": self.num_couplings,
            "hidden_units": list(self.hidden_units),
            "activation": self.activation,
            "condition_size": self.condition_size,
        }

    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return p(z), or p(z|c) for conditions `(B, C)`; the temperature is that of the Gaussian that the flow maps.

        Raises:
            ValueError: if there is no condition where one is needed, or it has another size.
        """
        if self.condition_size and (condition is None or condition.shape[-1] != self.condition_size):
            given = "none" if condition is None else f"one of shape {tuple(condition.shape)}"
            raise ValueError(
                f"This RealNVP needs a condition of shape (batch, {self.condition_size}), and was given {given}."
            )
        condition = condition if self.condition_size else None
        size = self.event_shape[0]
        zeros = tf.zeros(self.event_shape)
        base, flow = independent_normal(zeros, zeros + temperature, 1), self.bijector(condition)
        return NoiseDistribution(
            lambda noise: flow.forward(noise * temperature),
            lambda z: base.log_prob(flow.inverse(z)) + flow.inverse_log_det_jacobian(z, event_ndims=1),
            noise_size=size,
            event_size=size,
            like=condition,
            name="RealNVP",
        )

    def formula(self, given: str = "") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        of = f" that depends on {given}" if self.condition_size else ""
        return f"g(ε), ε ~ N(0, I), g a learned chain of {self.num_couplings} affine couplings{of}"

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """f(noise)."""
        return self.bijector(condition if self.condition_size else None).forward(noise)

    def bijector(self, condition: Any = None) -> Any:
        """The map f from noise to latents, a `tfp.bijectors.Bijector` over vectors."""
        return tfb.Chain([self._coupling(i, network, condition) for i, network in enumerate(self.networks)])

    def _kept(self, i: int) -> int:
        """How many latents coupling i leaves as they are: those that the couplings beside it change, so that none is left out."""
        first = self.event_shape[0] // 2
        return first if i % 2 == 0 else self.event_shape[0] - first

    def _coupling(self, i: int, network: keras.Model, condition: Any) -> Any:
        def shift_and_log_scale(kept: Any, _: int) -> tuple[Any, Any]:
            fixed = None if condition is None else tf.cast(condition, tf.float32)
            shift, raw = tf.split(applied(network, kept, fixed), 2, axis=-1)
            return shift, _LOG_SCALE_LIMIT * tf.tanh(raw / _LOG_SCALE_LIMIT)

        # A negative number masks the last latents: the halves take turns, and nothing has to be permuted.
        masked = self._kept(i) * (-1) ** i
        return tfb.RealNVP(num_masked=masked, shift_and_log_scale_fn=shift_and_log_scale)
