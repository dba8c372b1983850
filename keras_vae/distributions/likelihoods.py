"""Likelihoods p(x|z)."""

from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import keras, serializable, tf, tfd, tfp
from keras_vae.distributions.base import Likelihood, UnitEvent, independent_normal, inverse_positive, positive
from keras_vae.distributions.discretized_logistic import DiscretizedLogisticDistribution


class _LogitBernoulli(tfd.Bernoulli):
    """`tfd.Bernoulli` with logits and a log-probability of three passes over the pixels instead of nine.

    log p(x) = x l - log(1 + exp(l)); TFP's own form guards against 0 * inf, which finite logits cannot give.
    """

    def __init__(self, logits: Any, name: str = "Bernoulli"):
        parameters = dict(locals())
        super().__init__(logits=logits, dtype=tf.float32, name=name)
        self._parameters = parameters

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {"logits": tfp.util.ParameterProperties()}

    def _log_prob(self, event: Any) -> Any:
        return event * self.logits - tf.nn.softplus(self.logits)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        noise = _random.uniform(tf.concat([[n], tf.shape(self.logits)], 0), _random.as_seed(seed))
        return tf.cast(noise < tf.sigmoid(self.logits), tf.float32)


class _ContinuousBernoulli(tfd.ContinuousBernoulli):
    """`tfd.ContinuousBernoulli` whose draws are the same eager, traced and compiled."""

    def __init__(self, logits: Any, name: str = "ContinuousBernoulli"):
        parameters = dict(locals())
        super().__init__(logits=logits, name=name)
        self._parameters = parameters

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {"logits": tfp.util.ParameterProperties()}

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        return self._quantile(_random.uniform(tf.concat([[n], tf.shape(self.logits)], 0), _random.as_seed(seed)))


@serializable
class Bernoulli(Likelihood):
    """p(x|z) = prod_i p_i^x_i (1 - p_i)^(1 - x_i) for binary pixels: Kingma & Welling (2014), appendix C.1.

    Input: logits, `(B,) + event_shape`. Output: batch shape `(B,)`. Grey pixels have no Bernoulli likelihood: binarise
    them, or use `ContinuousBernoulli`. (Grey values in [0, 1] are let through, since cross-entropy is still a
    useful loss there; the result is then no log-probability.)
    """

    discrete = True

    def distribution(self, params: Any) -> Any:
        """The independent Bernoulli distributions with logits `params`."""
        return UnitEvent(_LogitBernoulli(params), len(self.event_shape))

    def formula(self, given: str = "z") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"Π Bernoulli(xᵢ; sigmoid(lᵢ)), l = decoder({given})"

    def initial_params(self, mean: np.ndarray) -> np.ndarray:
        """The logit of the mean, kept within +-7."""
        return _logit(mean)


@serializable
class ContinuousBernoulli(Likelihood):
    """The density on [0, 1] proportional to p^x (1 - p)^(1 - x): Loaiza-Ganem & Cunningham (2019).

    Input: logits, `(B,) + event_shape`. Output: batch shape `(B,)`. A true likelihood for grey pixels.
    """

    def distribution(self, params: Any) -> Any:
        """The independent continuous Bernoulli distributions with logits `params`."""
        return UnitEvent(_ContinuousBernoulli(params), len(self.event_shape))

    def formula(self, given: str = "z") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"Π continuous Bernoulli(xᵢ; sigmoid(lᵢ)), l = decoder({given})"

    def initial_params(self, mean: np.ndarray) -> np.ndarray:
        """The logit whose continuous Bernoulli has about the given mean: 1/2 + l/12 near the middle, 1/|l| at the ends."""
        mean = np.clip(mean, 0.05, 0.95)
        logits = np.linspace(-25, 25, 2000)  # an even number of points: none at 0, where the formula is 0 / 0
        means = 1 / (1 - np.exp(-logits)) - 1 / logits
        return np.interp(mean, means, logits)


@serializable
class Gaussian(Likelihood):
    """p(x|z) = N(x; mu(z), sigma^2): Kingma & Welling (2014), appendix C.2.

    Input: `(B,) + event_shape` for a fixed or learned scale, twice the channels (mean beside unconstrained scale)
    for `scale="per_element"`. Output: batch shape `(B,)`.

    Args:
        event_shape: shape of one example.
        scale: the standard deviation sigma. A number fixes it (then -log p(x|z) is the squared error divided by
            2 sigma^2, plus a constant); `"learned"` trains one scalar; `"per_element"` takes it from the network, one a pixel.
        min_scale: lower bound of a trained scale. Where pixels can be predicted exactly, an unbounded density
            goes to infinity as the scale goes to zero.
        bounded: whether the mean is a sigmoid of what the network puts out, for data from 0 to 1 (the paper, section 5).
        initial_scale: what a `"learned"` scale starts from, by default 1 + `min_scale`. The standard deviation of the data about
            their mean image is a good start: a scale moves by about the learning rate per step.
    """

    support = None

    def __init__(
        self,
        event_shape: Any,
        scale: float | str = 1.0,
        min_scale: float = 1e-3,
        bounded: bool = False,
        initial_scale: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(event_shape, **kwargs)
        if isinstance(scale, str):
            self.scale: float | str = _checks.one_of("scale", scale, ("learned", "per_element"))
        else:
            self.scale = _checks.finite_float("scale", scale, minimum=1e-6, maximum=1e6)
        self.min_scale = _checks.finite_float("min_scale", min_scale, minimum=1e-6, maximum=0.5)
        self.bounded = _checks.flag("bounded", bounded)
        self.params_per_channel = 2 if scale == "per_element" else 1
        self.initial_scale = initial_scale
        if initial_scale is not None:
            least = 1.001 * self.min_scale
            self.initial_scale = _checks.finite_float("initial_scale", initial_scale, minimum=least, maximum=1e6)
            if scale != "learned":
                raise ValueError(f"initial_scale={initial_scale}: needs scale='learned'; here the scale is {scale!r}.")
        if scale == "learned":
            start = 0.0 if self.initial_scale is None else float(inverse_positive(self.initial_scale, self.min_scale))
            self.raw_scale = self.add_weight(shape=(), initializer=keras.initializers.Constant(start), name="raw_scale")
        self.built = True

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        own = {"scale": self.scale, "min_scale": self.min_scale, "bounded": self.bounded}
        return own if self.initial_scale is None else {**own, "initial_scale": self.initial_scale}

    def distribution(self, params: Any) -> Any:
        """The independent normal distributions with the means (and scales) in `params`."""
        if self.scale == "per_element":
            params, raw = _halves(params)
            scale = positive(raw, self.min_scale)
        elif self.scale == "learned":
            scale = positive(tf.convert_to_tensor(self.raw_scale), self.min_scale)
        else:
            scale = tf.constant(self.scale, tf.float32)
        return independent_normal(tf.sigmoid(params) if self.bounded else params, scale, len(self.event_shape))

    def formula(self, given: str = "z") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        network = f"decoder({given})"
        if self.scale == "per_element":
            mean = ", μ = sigmoid(a), [a, s]" if self.bounded else ", [μ, s]"
            return f"N(x; μ, diag(s²)){mean} = {network}"
        scale, learned = ("s²", ", s learned") if self.scale == "learned" else (f"{self.scale:g}²", "")
        mean = f"sigmoid({network})" if self.bounded else network
        return f"N(x; μ, {'' if self.scale == 1.0 else f'{scale} '}I), μ = {mean}{learned}"

    def initial_params(self, mean: np.ndarray) -> np.ndarray:
        """The mean, with unit scale."""
        mean = _logit(mean) if self.bounded else mean
        return np.concatenate([mean, np.zeros_like(mean)], axis=-1) if self.params_per_channel == 2 else mean


@serializable
class DiscretizedLogistic(Likelihood):
    """A probability for pixels of `levels` values k / (levels - 1) in [0, 1]: Kingma et al. (2016), appendix.

    Input: `(B,) + event_shape` with twice the channels: location beside unconstrained scale. Output: batch shape `(B,)`.
    -log p(x|z) / (number of pixels * log 2) is bits per dimension.

    Args:
        event_shape: shape of one example.
        levels: number of values; 256 for images of 8 bits.
        min_scale: lower bound of the scale, in units of the whole range.
    """

    discrete = True
    params_per_channel = 2

    def __init__(self, event_shape: Any, levels: int = 256, min_scale: float = 1e-3, **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        self.levels = _checks.positive_int("levels", levels, minimum=2, maximum=65_536)
        self.min_scale = _checks.finite_float("min_scale", min_scale, minimum=1e-6, maximum=0.5)

    def settings(self) -> dict[str, Any]:
        """The constructor's own arguments."""
        return {"levels": self.levels, "min_scale": self.min_scale}

    def distribution(self, params: Any) -> Any:
        """The independent discretised logistic distributions with the locations and scales in `params`."""
        loc, raw = _halves(params)
        base = DiscretizedLogisticDistribution(loc, positive(raw, self.min_scale), self.levels)
        return UnitEvent(base, len(self.event_shape))

    def formula(self, given: str = "z") -> str:
        """The distribution as a formula: see `DistributionLayer.formula`."""
        return f"Π logistic(xᵢ; μᵢ, sᵢ), integrated around each of {self.levels} values, [μ, s] = decoder({given})"

    def initial_params(self, mean: np.ndarray) -> np.ndarray:
        """The mean, with a scale of a twentieth of the range."""
        return np.concatenate([mean, np.full_like(mean, inverse_positive(0.05, self.min_scale))], axis=-1)


def _halves(params: Any) -> tuple[Any, Any]:
    """The first and the second half of the channels. Slices, since a device's build keeps only what it reads of them."""
    channels = params.shape[-1] // 2
    return params[..., :channels], params[..., channels:]


def _logit(mean: np.ndarray) -> np.ndarray:
    mean = np.clip(mean, 1e-3, 1 - 1e-3)
    return np.log(mean / (1 - mean))
