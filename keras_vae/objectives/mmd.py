"""The maximum mean discrepancy between codes and the prior, and the objective of a Wasserstein autoencoder that is made of it."""

from typing import Any, NamedTuple, Protocol

from keras_vae import _random, _replicas
from keras_vae._backend import serializable, tf
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective
from keras_vae.objectives.reconstruction import Coder, terms_of
from keras_vae.objectives.schedules import Schedule

_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Of the kernel, as in the code that the paper was published with: codes near each other and far from each other both count."""


def squared_mmd(x: Any, y: Any) -> Any:
    """Estimate the squared maximum mean discrepancy between the distributions of two samples, without bias: a scalar.

    The mean of k(x_i, x_j) over i != j, plus that of k(y_i, y_j), less twice that of k(x_i, y_j): Gretton et al. (2012), equation
    3. Zero in expectation where the distributions are equal, so an estimate may be below zero. The kernel is a sum of inverse
    multiquadratics, k(a, b) = sum_s C_s / (C_s + |a - b|^2), C_s = 2 Z s, s in 0.1, 0.2, 0.5, 1, 2, 5, 10: Tolstikhin et al.
    (2018), section 4, for a prior of unit variance.

    Args:
        x: a sample, `(N, Z)`. One vector alone has no pair, and counts as a pair of kernel 0.
        y: another, `(M, Z)`.
    """
    return _mean_of_pairs(_kernel(x, x)) + _mean_of_pairs(_kernel(y, y)) - 2.0 * tf.reduce_mean(_kernel(x, y))


def _kernel(x: Any, y: Any) -> Any:
    """k of each pair, `(N, M)`."""
    distance = tf.reduce_sum(tf.square(x[:, None] - y[None]), axis=-1)
    widths = [2.0 * x.shape[-1] * scale for scale in _SCALES]
    return tf.add_n([width / (width + distance) for width in widths])


def _mean_of_pairs(kernel: Any) -> Any:
    """The mean over pairs of different rows."""
    count = tf.cast(tf.shape(kernel)[0], kernel.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(kernel) - tf.linalg.trace(kernel), count * (count - 1.0))


class SampledCoder(Coder, Protocol):
    """What the objectives here ask of a model, given a condition `(B, C)` or None."""

    def prior_given(self, condition: Any, *, training: bool = False) -> Any:
        """p(z|c): batch shape `()` or `(B,)`."""


def prior_mmd(prior: Any, code: Any, seed: Any) -> Any:
    """The squared discrepancy between the codes of a batch and as many samples of the prior, for each example: `(B,)`.

    It is one number for the batch, of all replicas, which each example carries.

    Args:
        prior: p(z), batch shape `()`, or `(B,)` for one for each example.
        code: `(B, Z)`.
        seed: stateless seed, int32 of shape `(2,)`.
    """
    codes = _replicas.gathered(code)
    if prior.batch_shape.rank == 0:
        # The same samples on all replicas, those of one process with the whole batch.
        sampled = prior.sample(tf.shape(codes)[0], seed=_replicas.first(seed))
    else:
        sampled = _replicas.gathered(prior.sample(seed=seed))
    return squared_mmd(codes, sampled) * tf.ones_like(code[:, 0])


class MMDTerms(NamedTuple):
    """The terms of one batch, each of shape `(B,)`; `loss = penalty - log_likelihood`."""

    log_likelihood: Any
    """log p(x|code) in nats, summed over the elements."""
    penalty: Any
    """The discrepancy times its weight."""
    squared_error: Any
    """Mean over the elements of the squared difference between x and its reconstruction."""
    mmd: Any
    """The squared discrepancy, estimated from the batch."""

    @property
    def loss(self) -> Any:
        """What is minimised."""
        return self.penalty - self.log_likelihood

    @classmethod
    def logged(cls) -> tuple[str, ...]:
        """What the logs show."""
        return ("loss", "log_likelihood", "penalty", "squared_error", "mmd")


@serializable
class WassersteinMMD(Objective):
    """-log p(x | h) + weight * MMD^2(q(h), p(z)): Tolstikhin et al. (2018), algorithm 2, WAE-MMD.

    The codes h of the batch as a whole, not each one's, are held to the prior, so a code may say all that there is to say of an
    example. With a Gaussian of scale 1 the first term is half the squared error, and a constant.

    For a `models.WAE`. The discrepancy is of all examples of a batch, whatever their `sample_weight`.

    Args:
        weight: lambda, a number from 0 or a `Schedule`. The paper has 10 beside 0.05 times the squared error, so beside half of
            the squared error it is 100.

    Raises:
        ValueError: if the weight is out of its range.
    """

    terms_type = MMDTerms

    def __init__(self, weight: float | Schedule = 100.0):
        self.weight = schedules.number("weight", weight)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        return f"-log p(x | z) + {formulas.amount('λ', self.weight)} MMD²(encoder(x), p(z)), of the codes of a batch"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"weight": schedules.plain(self.weight)}

    def terms(
        self,
        model: SampledCoder,
        x: Any,
        condition: Any,
        step: Any,
        seed: Any,
        training: bool = False,
        target: Any = None,
    ) -> MMDTerms:
        """Compute the terms of a batch: see `Objective.terms`."""
        code = model.code_given(x, condition, training)
        found = terms_of(model.likelihood_given(code, condition, training), x if target is None else target)
        mmd = prior_mmd(model.prior_given(condition, training=training), code, _random.fold_in(seed, 0))
        return MMDTerms(found.log_likelihood, schedules.at(self.weight, step) * mmd, found.squared_error, mmd)
