"""Priors p(z) and p(z|c)."""

from typing import Any

from keras_vae import _checks
from keras_vae._backend import serializable, tf
from keras_vae.distributions.base import Prior, independent_normal, positive

_SCALE_FLOOR = 1e-3


@serializable
class StandardNormal(Prior):
    """p(z) = N(0, I). Output: batch shape `()`, event shape `(Z,)`."""

    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return N(0, temperature^2 I); a condition changes nothing."""
        zeros = tf.zeros(self.event_shape)
        return independent_normal(zeros, zeros + temperature, 1)

    def formula(self, given: str = "") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return "N(0, I)"

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """The noise itself."""
        return noise


@serializable
class ConditionalGaussian(Prior):
    """A learned p(z|c) = N(z; m(c), diag(s(c)^2)), with m and the unconstrained s linear in c: Sohn et al. (2015).

    For one-hot labels that is one Gaussian a class. It starts as N(0, I). Output: batch shape `(B,)`, event shape `(Z,)`.

    Args:
        event_shape: number of latents Z.
        condition_size: length C of the condition vectors.
    """

    def __init__(self, event_shape: Any, condition_size: int, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        if _checks.whole_number(condition_size) == 0:
            raise ValueError(
                "ConditionalGaussian is a prior p(z|c), and there is no condition: use it in a ConditionalVAE, or take "
                "the prior 'standard_normal'."
            )
        self.condition_size = _checks.positive_int("condition_size", condition_size)
        self.kernel = self.add_weight(
            shape=(self.condition_size, 2 * self.event_shape[0]), initializer="zeros", name="kernel"
        )
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {"condition_size": self.condition_size}

    def call(self, condition: Any = None, temperature: float = 1.0) -> Any:
        """Return p(z|c) for conditions `(B, C)`.

        Raises:
            ValueError: if there is no condition, or it has another size.
        """
        if condition is None:
            raise ValueError(
                "ConditionalGaussian needs a condition: call it with a tensor of shape (batch, "
                f"{self.condition_size}), or use StandardNormal."
            )
        if condition.shape[-1] != self.condition_size:
            raise ValueError(
                f"The condition has shape {tuple(condition.shape)}: ConditionalGaussian was built for "
                f"conditions of shape (batch, {self.condition_size})."
            )
        loc, raw = tf.split(tf.cast(condition, tf.float32) @ self.kernel, 2, axis=-1)
        return independent_normal(loc, positive(raw, _SCALE_FLOOR) * temperature, 1)

    def formula(self, given: str = "c") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"N(m({given}), diag(s({given})²)), m and s learned"

    def from_noise(self, noise: Any, condition: Any = None) -> Any:
        """m(c) + s(c) noise."""
        prior = self(condition)
        return prior.mean() + prior.stddev() * noise
