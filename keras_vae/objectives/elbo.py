"""The evidence lower bound."""

from typing import Any

from keras_vae import _checks, _replicas
from keras_vae._backend import keras, serializable, tf, tfd
from keras_vae.distributions import detached
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective, Parts, Terms
from keras_vae.objectives.schedules import Schedule, as_schedule

# So many pictures of 28 x 28 pixels for each of a batch of 100 are 0.3 GB, and a gradient keeps several of that size.
MAX_DRAWS = 1000


def drawn(
    model: Parts,
    x: Any,
    condition: Any,
    num_samples: int,
    seed: Any,
    training: bool = False,
    target: Any = None,
) -> tuple[Any, Any, Any, Any]:
    """The posterior, the prior, draws z `(L, B, Z)` of the posterior, and the average of log p(x|z) over them, `(B,)`.

    With a target the last is that of log p(target|z).
    """
    posterior = model.posterior_given(x, condition, training)
    z = posterior.sample(num_samples, seed=seed)
    found = model.likelihood_given(z, condition, training)
    log_likelihood = tf.reduce_mean(found.log_prob(x if target is None else target), axis=0)
    return posterior, model.prior_given(condition, training=training), z, log_likelihood


def kl_divergence(posterior: Any, prior: Any, z: Any) -> Any:
    """KL(q || p) in nats, `(B,)`: the closed form where there is one, else the average over draws z `(L, B, Z)` of q."""
    try:
        return posterior.kl_divergence(prior)
    except NotImplementedError:
        return _monte_carlo_kl(posterior, prior, z)


def _monte_carlo_kl(posterior: Any, prior: Any, z: Any) -> Any:
    return tf.reduce_mean(posterior.log_prob(z) - prior.log_prob(z), axis=0)


@serializable
class ELBO(Objective):
    """log p(x) >= E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z)), in nats.

    The loss is `-log_likelihood + beta * kl` (Kingma & Welling, 2014, equations 6 and 7; Higgins et al., 2017, for beta).

    Args:
        beta: weight of the KL: a number >= 0, or a `Schedule` of the step.
        num_samples: draws of z an example, L in the paper, up to 1,000: memory grows with them. For a likelihood by many draws see
            `model.log_prob`, whose memory does not.
        kl: `"analytic"` takes the closed form (estimator SGVB-B); `"monte_carlo"` averages log q(z|x) - log p(z) over the same
            draws (SGVB-A), for any pair of distributions; `"sticking_the_landing"` is that without the score of q in its
            gradient, whose variance vanishes as q nears the true posterior (Roeder et al., 2017). By default the closed form
            where there is one, else Monte Carlo.
        free_bits: nats, a number or a `Schedule`, that each latent may cost before its KL is penalised: sum_j max(free_bits,
            mean over the batch of KL_j) takes the place of the KL in the loss (Kingma et al., 2016, appendix). The logged `kl`
            stays the true one. Needs diagonal distributions and the analytic KL.
    """

    def __init__(
        self, beta: float | Schedule = 1.0, num_samples: int = 1, kl: str = "auto", free_bits: float | Schedule = 0.0
    ):
        self.beta = as_schedule("beta", beta)
        self.num_samples = _checks.positive_int("num_samples", num_samples, maximum=MAX_DRAWS)
        self.kl = _checks.one_of("kl", kl, ("auto", "analytic", "monte_carlo", "sticking_the_landing"))
        self.free_bits = schedules.number("free_bits", free_bits, minimum=0.0)
        if self.free_bits and self.kl not in ("auto", "analytic"):
            raise ValueError(f"free_bits={self.free_bits} needs the KL of each latent: use kl='analytic'.")

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        floor = f", of each latent at least {formulas.amount('λ', self.free_bits)} nats" if self.free_bits else ""
        return f"-E_q[log p(x | {formulas.given('z', given)})] + {formulas.factor('β', self.beta)}KL{floor}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "beta": keras.saving.serialize_keras_object(self.beta),
            "num_samples": self.num_samples,
            "kl": self.kl,
            "free_bits": schedules.plain(self.free_bits),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ELBO":
        """Make the objective that `get_config` described."""
        return cls(**{**config, "beta": keras.saving.deserialize_keras_object(config["beta"])})

    def terms(
        self, model: Parts, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`.

        Raises:
            NotImplementedError: if there is no closed-form KL for the model's posterior and prior, or no KL of each
                latent where `free_bits` needs one.
        """
        posterior, prior, z, log_likelihood = drawn(model, x, condition, self.num_samples, seed, training, target)
        kl = self._kl(posterior, prior, z)
        # Exactly zero at beta = 1, so that the loss is the negative ELBO to the last bit.
        regularizer = (self.beta(step) - 1.0) * kl
        if self.free_bits:
            each = self._kl_of_each_latent(posterior, prior)  # (Z,)
            regularizer += self.beta(step) * tf.reduce_sum(tf.nn.relu(schedules.at(self.free_bits, step) - each))
        return Terms(log_likelihood, kl, regularizer)

    def _kl(self, posterior: Any, prior: Any, z: Any) -> Any:
        if self.kl == "analytic":
            return posterior.kl_divergence(prior)
        if self.kl == "auto":
            return kl_divergence(posterior, prior, z)
        density = detached(posterior) if self.kl == "sticking_the_landing" else posterior
        return _monte_carlo_kl(density, prior, z)

    def _kl_of_each_latent(self, posterior: Any, prior: Any) -> Any:
        if not (isinstance(posterior, tfd.Independent) and isinstance(prior, tfd.Independent)):
            raise NotImplementedError(
                f"free_bits={self.free_bits} needs a diagonal posterior and prior, and these are "
                f"{type(posterior).__name__} and {type(prior).__name__}: set free_bits=0."
            )
        return _replicas.mean(posterior.distribution.kl_divergence(prior.distribution))
