"""The objective of a code with noise, in which saying something costs."""

from typing import Any

from keras_vae import _random
from keras_vae._backend import keras, serializable, tf
from keras_vae.objectives import formulas, schedules
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
    """log p(x | h + noise) - beta * |h|^2 / 2 - penalty + cycle * log p(x | h' + noise), with the code h of x and normal noise.

    The noise has unit scale; h' is the code of x as the next domain's decoder draws it, in the contrast asked for.

    The bound of a VAE whose posterior is N(h, I), as Liu et al. (2017), section 3, have it: |h|^2 / 2 is the KL to the prior
    N(0, I), in nats, and the noise hides what is said in a whisper. So a code says what the reconstruction needs and no more;
    above all not what the decoder is told anyway, such as the domain that a `models.SwapAutoencoder` decodes to.

    Codes may be alike between domains as a whole and yet mean other things: a thick digit's outline may have the code of a thin
    digit. The cycle (Zhu et al., 2017, equation 2) sees that: there and back, an image must be itself. What was drawn on the way
    is taken as a given, as in back-translation, so that the way there cannot hide a message for the way back. It may still be
    unlike any image of that domain and be read all the same: a thick stroke drawn thin and grey says by its grey how thick it
    was. At a high contrast greys are gone, and what is read is the shape alone.

    Args:
        beta: weight of the KL, a number >= 0 or a `Schedule` of the step; by default it rises to 0.3 over 1,000 steps. Where it
            does not rise from 0, codes may never grow out of the noise.
        penalty: as in `Reconstruction`, of the code with its noise: what the decoder hears.
        cycle: weight of the way there and back, a number from 0 or a `Schedule`; above 0 only for a
            `models.SwapAutoencoder`, whose condition is the domain.
        contrast: the odds y / (1 - y) of each value drawn on that way are raised to this power, at least 1, which leaves them as
            they are; above 1 only for data from 0 to 1.

    Raises:
        ValueError: if a name or an argument is unknown or out of its range, or, in training, if there are no domains to go through.
    """

    terms_type = ReconstructionTerms

    def __init__(
        self,
        beta: float | Schedule | None = None,
        penalty: Any = None,
        cycle: float | Schedule = 0.0,
        contrast: float | Schedule = 1.0,
    ):
        self.beta = as_schedule("beta", Linear(1000, end=0.3) if beta is None else beta)
        self.penalty = part("penalty", Penalty, penalty)
        self.cycle = schedules.number("cycle", cycle, minimum=0.0)
        self.contrast = schedules.number("contrast", contrast, minimum=1.0, maximum=100.0)
        if self.contrast != 1.0 and not self.cycle:
            raise ValueError(f"contrast={contrast}: is that of what the cycle draws, so set cycle above 0 too.")

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        price = f"{formulas.factor('β', self.beta)}|h|² / 2{self._cycle_formula()}{formulas.penalised(self.penalty)}"
        return f"-log p(x | h + ε) + {price}, ε ~ N(0, I)"

    def _cycle_formula(self) -> str:
        if not self.cycle:
            return ""
        power = f", its odds to the power {formulas.amount('τ', self.contrast)}" if self.contrast != 1.0 else ""
        weight = formulas.factor("λ", self.cycle)
        return f" - {weight}log p(x | h' + ε), h' the code of x as drawn in the next domain{power},"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "beta": keras.saving.serialize_keras_object(self.beta),
            "penalty": part_config(self.penalty),
            "cycle": schedules.plain(self.cycle),
            "contrast": schedules.plain(self.contrast),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "NoisyCode":
        """Make the objective that `get_config` described."""
        beta, penalty = keras.saving.deserialize_keras_object(config["beta"]), part_from_config(config["penalty"])
        # Models saved before there was a cycle, or a contrast, do not name it.
        return cls(beta, penalty, config.get("cycle", 0.0), config.get("contrast", 1.0))

    def terms(
        self, model: Coder, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> ReconstructionTerms:
        """Compute the terms of a batch: see `Objective.terms`."""
        code = model.code_given(x, condition, training)
        heard = _heard(code, _random.fold_in(seed, 0))
        found = model.likelihood_given(heard, condition, training)
        target = x if target is None else target
        price = self.beta(step) * tf.reduce_sum(tf.square(code), axis=-1) / 2.0
        if self.penalty is not None:
            price += self.penalty(model, x, heard, condition, _random.fold_in(seed, 1), training, step)
        if self.cycle:
            price -= schedules.at(self.cycle, step) * self._there_and_back(
                model, target, code, condition, step, _random.fold_in(seed, 2), training
            )
        return terms_of(found, target, price)

    def _there_and_back(
        self, model: Coder, x: Any, code: Any, condition: Any, step: Any, seed: Any, training: bool
    ) -> Any:
        """log p(x | h' + noise), `(B,)`: see the class."""
        if condition is None:
            raise ValueError(
                f"cycle={self.cycle}: {type(model).__name__} has no domains to go through. Take a SwapAutoencoder, or cycle=0."
            )
        elsewhere = tf.roll(condition, shift=1, axis=-1)
        drawn = model.likelihood_given(code, elsewhere, training).mean()
        if self.contrast != 1.0:
            drawn = _in_contrast(drawn, schedules.at(self.contrast, step))
        drawn = tf.stop_gradient(drawn)
        heard = _heard(model.code_given(drawn, elsewhere, training), seed)
        return model.likelihood_given(heard, condition, training).log_prob(x)

    def trains(self, model: Any) -> list[Any]:
        """All but clusters: see `Objective.trains`."""
        return without_clusters(model)


def _in_contrast(x: Any, power: Any) -> Any:
    """The odds of values from 0 to 1 raised to a power: what is near 0 or 1 goes there, and 1/2 stays."""
    inside = tf.clip_by_value(x, 1e-6, 1.0 - 1e-6)
    return tf.sigmoid(power * (tf.math.log(inside) - tf.math.log1p(-inside)))


def _heard(code: Any, seed: Any) -> Any:
    """The codes with normal noise of unit scale: what the decoder hears."""
    return code + _random.normal(tf.shape(code), seed)
