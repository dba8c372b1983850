"""The objective of an InfoVAE."""

from typing import Any

from keras_vae import _checks, _random
from keras_vae._backend import serializable
from keras_vae.objectives import formulas
from keras_vae.objectives.base import Objective, Parts, Terms
from keras_vae.objectives.elbo import drawn, kl_divergence
from keras_vae.objectives.mmd import prior_mmd


@serializable
class InfoVAE(Objective):
    """log p(x|z) - (1 - alpha) KL(q(z|x) || p(z)) - (alpha + lambda - 1) MMD^2(q(z), p(z)): Zhao et al. (2019), equation 6.

    The KL of each example's posterior makes the code say less; the discrepancy of all posteriors together does not. With alpha 1
    the first is gone, which the paper calls an MMD-VAE; with alpha 0 and lambda 1 this is the ELBO.

    Args:
        alpha: at most 1.
        lambda_: at least 1 - alpha. The discrepancy is small beside the nats of an image, so it takes hundreds to matter.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(self, alpha: float = 1.0, lambda_: float = 1000.0):
        self.alpha = _checks.finite_float("alpha", alpha, minimum=-1e6, maximum=1.0)
        self.lambda_ = _checks.finite_float("lambda_", lambda_, minimum=0.0)
        if self.alpha + self.lambda_ < 1.0:
            raise ValueError(
                f"lambda_={lambda_} with alpha={alpha}: the weight alpha + lambda_ - 1 of the discrepancy is below zero. Give "
                f"lambda_ of at least {1.0 - self.alpha:g}."
            )

    @property
    def weight(self) -> float:
        """What the discrepancy is multiplied by."""
        return self.alpha + self.lambda_ - 1.0

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        kl = "" if self.alpha == 1.0 else f" + {formulas.factor('', 1.0 - self.alpha)}KL"
        density = f"p(x | {formulas.given('z', given)})"
        return f"-E_q[log {density}]{kl} + {self.weight:g} MMD²(q(z), p(z)), of the samples of a batch"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"alpha": self.alpha, "lambda_": self.lambda_}

    def terms(
        self, model: Parts, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`."""
        posterior, prior, z, log_likelihood = drawn(model, x, condition, 1, seed, training, target)
        kl = kl_divergence(posterior, prior, z)
        mmd = prior_mmd(prior, z[0], _random.fold_in(seed, 1))
        return Terms(log_likelihood, kl, self.weight * mmd - self.alpha * kl)
