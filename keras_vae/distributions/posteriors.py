"""Approximate posteriors q(z|x)."""

from typing import Any

import numpy as np

from keras_vae import _random
from keras_vae._backend import serializable, tf, tfb, tfd, tfp
from keras_vae.distributions.base import Posterior, independent_normal, positive
from keras_vae.distributions.broadcasting import check_value
from keras_vae.lite import manifest

# Below this a posterior's density overflows float32 log-arithmetic long before it helps a likelihood.
_SCALE_FLOOR = manifest.STDDEV_FLOOR


@serializable
class DiagonalGaussian(Posterior):
    """q(z|x) = N(z; mu, diag(sigma^2)): Kingma & Welling (2014), equation 9.

    Input: `(B, 2 Z)`, the mean beside the unconstrained scale. Output: batch shape `(B,)`, event shape `(Z,)`.
    """

    @property
    def params_shape(self) -> tuple[int, ...]:
        """`(2 Z,)`."""
        return (2 * self.event_shape[0],)

    def formula(self, given: str = "x") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"N(μ, diag(s²)), [μ, s] = encoder({given})"

    def distribution(self, params: Any) -> Any:
        """The `Independent(Normal)` of parameters `(B, 2 Z)`."""
        size = self.event_shape[0]
        # Slices, not a split: an export that needs one of the two is then rid of the other.
        loc, raw = params[..., :size], params[..., size:]
        return independent_normal(loc, positive(raw, _SCALE_FLOOR), 1)


class _MultivariateNormalTriL(tfd.MultivariateNormalTriL):
    """`tfd.MultivariateNormalTriL` whose draws are the same eager, traced and compiled."""

    def __init__(self, loc: Any, scale_tril: Any, name: str = "MultivariateNormalTriL"):
        parameters = {"loc": loc, "scale_tril": scale_tril, "name": name}
        super().__init__(loc, scale_tril, name=name)
        self._parameters = parameters

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {
            "loc": tfp.util.ParameterProperties(event_ndims=1),
            "scale_tril": tfp.util.ParameterProperties(event_ndims=2),
        }

    def _log_prob(self, value: Any, **kwargs: Any) -> Any:
        check_value(value, self)
        return super()._log_prob(value, **kwargs)

    def _call_sample_n(self, sample_shape: Any, seed: Any, **_: Any) -> Any:
        sample_shape = tf.reshape(tf.cast(sample_shape, tf.int32), (-1,))
        noise = _random.normal(tf.concat([sample_shape, tf.shape(self.loc)], axis=0), _random.as_seed(seed))
        return self.loc + self.scale.matvec(noise)


@serializable
class FullCovarianceGaussian(Posterior):
    """q(z|x) = N(z; mu, L L^T) with a lower-triangular L: Kingma & Welling (2019), section 2.5.1.

    Input: `(B, Z + Z (Z + 1) / 2)`, the mean beside the entries of L. Output: batch shape `(B,)`, event shape `(Z,)`.
    """

    @property
    def params_shape(self) -> tuple[int, ...]:
        """`(Z + Z (Z + 1) / 2,)`."""
        size = self.event_shape[0]
        return (size + size * (size + 1) // 2,)

    def formula(self, given: str = "x") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"N(μ, L Lᵀ), [μ, L] = encoder({given})"

    def distribution(self, params: Any) -> Any:
        """The `MultivariateNormalTriL` of parameters `(B, Z + Z (Z + 1) / 2)`."""
        size = self.event_shape[0]
        loc, raw = params[..., :size], params[..., size:]
        lower = tfb.FillTriangular().forward(raw)
        diagonal = positive(tf.linalg.diag_part(lower), _SCALE_FLOOR)
        # Not tf.linalg.set_diag: XLA cannot compile its gradient for a batch of unknown size, such as a smaller last one.
        below = lower * np.tri(size, k=-1, dtype="float32")
        return _MultivariateNormalTriL(loc, below + tf.linalg.diag(diagonal))


@tfd.RegisterKL(tfd.MultivariateNormalTriL, tfd.Independent)
def _kl_full_diagonal(q: Any, p: Any, name: str | None = None) -> Any:
    """KL(N(mu, L L^T) || N(m, diag(s^2))) in nats, batch shape: TFP knows only pairs of one family.

    1/2 sum_j [ ((L L^T)_jj + (mu_j - m_j)^2) / s_j^2 - 1 ] + sum_j [log s_j - log L_jj]
    """
    if not isinstance(p.distribution, tfd.Normal):
        raise NotImplementedError(f"No KL between a full Gaussian and {p.distribution}; use the Monte Carlo KL.")
    with tf.name_scope(name or "kl_full_diagonal"):
        lower = q.scale.to_dense()
        s = p.distribution.scale
        variance = tf.reduce_sum(lower**2, axis=-1)
        quadratic = (variance + (q.loc - p.distribution.loc) ** 2) / s**2 - 1.0
        log_ratio = tf.math.log(s) - tf.math.log(tf.linalg.diag_part(lower))
        return tf.reduce_sum(0.5 * quadratic + log_ratio, axis=-1)
