"""The objective of an InfoVAE."""

import math
from typing import Any

from keras_vae import _random
from keras_vae._backend import serializable
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective, Parts, Terms, terms_with
from keras_vae.objectives.elbo import drawn, kl_divergence
from keras_vae.objectives.mmd import prior_mmd
from keras_vae.objectives.schedules import Schedule


@serializable
class InfoVAE(Objective):
    """log p(x|z) - (1 - alpha) KL(q(z|x) || p(z)) - (alpha + lambda - 1) MMD^2(q(z), p(z)): Zhao et al. (2019), equation 6.

    The KL of each example's posterior makes the code say less; the discrepancy of all posteriors together does not. With alpha 1
    the first is gone, which the paper calls an MMD-VAE; with alpha 0 and lambda 1 this is the ELBO.

    The logs have `mmd`, the discrepancy without its weight, beside the terms of an `ELBO`.

    Args:
        alpha: at most 1; a number or a `Schedule`.
        lambda_: at least 1 - alpha at every step; a number or a `Schedule`. The discrepancy is small beside the nats of an image,
            so it takes hundreds to matter.

    Raises:
        ValueError: if an argument is out of its range.
    """

    terms_type = terms_with(Terms, "mmd")

    def __init__(self, alpha: float | Schedule = 1.0, lambda_: float | Schedule = 1000.0):
        self.alpha = schedules.number("alpha", alpha, minimum=-1e6, maximum=1.0)
        self.lambda_ = schedules.number("lambda_", lambda_)
        least = _least(self.alpha) + _least(self.lambda_)
        if least < 1.0:
            raise ValueError(
                f"lambda_={self.lambda_} with alpha={self.alpha}: the weight alpha + lambda_ - 1 of the discrepancy is below zero. "
                f"Give lambda_ of at least {1.0 - _least(self.alpha):g}."
            )

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        alpha, lambda_ = formulas.amount("α", self.alpha), formulas.amount("λ", self.lambda_)  # noqa: RUF001
        if isinstance(self.alpha, Schedule) or isinstance(self.lambda_, Schedule):
            kl, weight = f" + (1 - {alpha}) KL", f"({alpha} + {lambda_} - 1)"
        else:
            kl = "" if self.alpha == 1.0 else f" + {formulas.factor('', 1.0 - self.alpha)}KL"
            weight = f"{self.alpha + self.lambda_ - 1.0:g}"
        density = f"p(x | {formulas.given('z', given)})"
        return f"-E_q[log {density}]{kl} + {weight} MMD²(q(z), p(z)), of the samples of a batch"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"alpha": schedules.plain(self.alpha), "lambda_": schedules.plain(self.lambda_)}

    def terms(
        self, model: Parts, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`."""
        posterior, prior, z, log_likelihood = drawn(model, x, condition, 1, seed, training, target)
        kl = kl_divergence(posterior, prior, z)
        mmd = prior_mmd(prior, z[0], _random.fold_in(seed, 1))
        alpha, lambda_ = schedules.at(self.alpha, step), schedules.at(self.lambda_, step)
        return self.terms_type(log_likelihood, kl, (alpha + lambda_ - 1.0) * mmd - alpha * kl, mmd=mmd)


def _least(value: float | Schedule) -> float:
    """The least value at any step; of a schedule that does not say its bounds, infinity."""
    return min(value.bounds or (math.inf,)) if isinstance(value, Schedule) else value
