"""The objective of a code with noise, in which saying something costs."""

from typing import Any

from keras_vae import _random
from keras_vae._backend import keras, serializable, tf
from keras_vae.objectives.base import Objective
from keras_vae.objectives.penalties import Penalty
from keras_vae.objectives.reconstruction import (
    Coder,
    ReconstructionTerms,
    part,
    part_config,
    part_from_config,
    terms_of,
    without_clusters,
)
from keras_vae.objectives.schedules import Linear, Schedule, as_schedule


@serializable
class NoisyCode(Objective):
    """log p(x | h + noise) - beta * |h|^2 / 2 - penalty, with the code h of x and normal noise of unit scale.

    The bound of a VAE whose posterior is N(h, I), as Liu et al. (2017), section 3, have it: |h|^2 / 2 is the KL to the prior
    N(0, I), in nats, and the noise hides what is said in a whisper. So a code says what the reconstruction needs and no more;
    above all not what the decoder is told anyway, such as the domain that a `models.SwapAutoencoder` decodes to.

    Args:
        beta: weight of the KL, a number >= 0 or a `Schedule` of the step; by default it rises to 0.3 over 1,000 steps. Where it
            does not rise from 0, codes may never grow out of the noise.
        penalty: as in `Reconstruction`, of the code with its noise: what the decoder hears.

    Raises:
        ValueError: if a name or an argument is unknown or out of its range.
    """

    terms_type = ReconstructionTerms

    def __init__(self, beta: float | Schedule | None = None, penalty: Any = None):
        self.beta = as_schedule("beta", Linear(1000, end=0.3) if beta is None else beta)
        self.penalty = part("penalty", Penalty, penalty)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"beta": keras.saving.serialize_keras_object(self.beta), "penalty": part_config(self.penalty)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "NoisyCode":
        """Make the objective that `get_config` described."""
        return cls(keras.saving.deserialize_keras_object(config["beta"]), part_from_config(config["penalty"]))

    def terms(
        self, model: Coder, x: Any, condition: Any, step: Any, seed: Any, training: bool = False
    ) -> ReconstructionTerms:
        """Compute the terms of a batch: see `Objective.terms`."""
        code = model.code_given(x, condition, training)
        heard = code + _random.normal(tf.shape(code), _random.fold_in(seed, 0))
        found = model.likelihood_given(heard, condition, training)
        price = self.beta(step) * tf.reduce_sum(tf.square(code), axis=-1) / 2.0
        if self.penalty is not None:
            price += self.penalty(model, x, heard, condition, _random.fold_in(seed, 1), training)
        return terms_of(found, x, price)

    def trains(self, model: Any) -> list[Any]:
        """All but clusters: see `Objective.trains`."""
        return without_clusters(model)
