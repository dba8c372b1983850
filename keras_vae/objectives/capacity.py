"""The objective of a beta-VAE whose code may say more and more."""

from typing import Any

from keras_vae import _checks, _replicas
from keras_vae._backend import keras, serializable, tf
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective, Parts, Terms
from keras_vae.objectives.elbo import drawn, kl_divergence
from keras_vae.objectives.schedules import Constant, Linear, Schedule


@serializable
class AnnealedCapacity(Objective):
    """-log p(x|z) + weight * |KL - C|, with a capacity C in nats that grows: Burgess et al. (2018), equation 8.

    The KL is the mean over the batch. While C is small, the code says only what lowers the loss most; each further factor
    gets latents of its own when there is room for it.

    Args:
        capacity: C by step, a `Schedule`; by default from 0 to 25 nats over 100,000 steps.
        weight: gamma in the paper, a number or a `Schedule`.

    Raises:
        ValueError: if the weight is out of its range.
    """

    def __init__(self, capacity: Schedule | None = None, weight: float | Schedule = 100.0):
        found = schedules.given("capacity", Linear(100_000, end=25.0) if capacity is None else capacity)
        if found is None:
            raise ValueError(
                f"capacity={_checks.shown(capacity)}: must be a Schedule such as Linear(100_000, end=25.0)."
            )
        self.capacity: Schedule = found
        self.weight = schedules.number("weight", weight, minimum=0.0)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        weight = formulas.amount("λ", self.weight)
        return f"-E_q[log p(x | {formulas.given('z', given)})] + {weight} |KL - C|, C {_nats(self.capacity)}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"capacity": keras.saving.serialize_keras_object(self.capacity), "weight": schedules.plain(self.weight)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AnnealedCapacity":
        """Make the objective that `get_config` described."""
        return cls(keras.saving.deserialize_keras_object(config["capacity"]), config["weight"])

    def terms(
        self, model: Parts, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`."""
        posterior, prior, z, log_likelihood = drawn(model, x, condition, 1, seed, training, target)
        kl = kl_divergence(posterior, prior, z)
        missed = tf.abs(_replicas.mean(kl) - self.capacity(step))
        return Terms(log_likelihood, kl, schedules.at(self.weight, step) * missed - kl)


def _nats(capacity: Schedule) -> str:
    """A capacity in words: its value, where it ends, or how it goes."""
    if isinstance(capacity, Constant):
        return f"= {capacity.value:g} nats"
    return f"up to {capacity.end:g} nats" if isinstance(capacity, Linear) else f"{capacity.in_words()} nats"
