"""What training makes smaller, as a formula, for each objective."""

from collections.abc import Callable
from typing import Any

from keras_vae.objectives import Constant

GOALS: dict[str, Callable[[Any], str]] = {
    "ELBO": lambda o: f"-E_q[log p(x | z)] + {_weight('β', o.beta)}KL{_floor(o)}",
    "MapDropoutELBO": lambda o: (
        f"-E_q[log p(x | z)] + {_weight('β', o.beta)}KL; for {o.share:.0%} of the examples of a batch q(m | x) is p(m | v)"
    ),
    "IWAE": lambda o: (
        f"-log 1/{o.num_samples} Σₖ p(x, zₖ) / q(zₖ | x), zₖ ~ q, by the {o.gradient.replace('_', ' ')} gradient"
    ),
    "BetaTCVAE": lambda o: f"-ELBO{_beyond(o.beta, 'TC')}, TC = KL(q(z), Π q(z_d)) by minibatch-weighted draws",
    "FactorVAE": lambda o: f"-ELBO + {o.gamma:g} TC, TC = KL(q(z), Π q(z_d)) as a discriminator sees it",
    "AnnealedCapacity": lambda o: f"-E_q[log p(x | z)] + {o.weight:g} |KL - C|, C {_capacity(o.capacity)} nats",
    "SemiSupervisedELBO": lambda o: (
        f"-ELBO{_rest(o.bound.beta)}, and where y is known - {o.classification_weight:g} log q(y | "
        + ("x) beside it" if o.corruption is None else f"x̃) beside it, x̃ being x with {in_words(o.corruption)}")
    ),
    "VectorQuantization": lambda o: (
        f"-log p(x | k) + {_times(o.commitment)}|encoder(x) - e_k|² - log p(k), the last for the prior alone"
    ),
    "Reconstruction": lambda o: f"-log p(x | h){_penalty(o)}",
    "KSparse": lambda o: f"-log p(x | h){_penalty(o)}, the k largest of h kept, k falling from {o.start}",
    "LayerWise": lambda o: (
        "each layer in turn: -log p(h_l | h_l₊₁), h₀ = x, "
        + ("" if o.corruption is None else "h_l₊₁ of a corrupted h_l, ")
        + "then all as one"
    ),
    "NoisyCode": lambda o: f"-log p(x | h + ε) + {_weight('β', o.beta)}|h|² / 2{_cycle(o)}{_penalty(o)}, ε ~ N(0, I)",
    "EmbeddedClustering": lambda o: f"-log p(x | h) + {o.weight:g} KL(p, q(c | h)), p the sharpened q of the batch",
}
"""By the name of the objective's class."""


def goal(objective: Any, condition: str = "") -> str:
    """The formula of an objective's loss, with the numbers that it was given.

    Args:
        objective: the objective.
        condition: letter of what the densities are given, "" for nothing.
    """
    formula = GOALS[type(objective).__name__](objective)
    for density in ("p(x | z", "q(zₖ | x") if condition else ():
        formula = formula.replace(density, f"{density}, {condition}")
    for density in ("p(x, zₖ", "p(k") if condition else ():
        formula = formula.replace(density, f"{density} | {condition}")
    return formula


def in_words(part: Any) -> str:
    """A penalty or a corruption, with its settings."""
    settings = ", ".join(f"{key} {value}" for key, value in part.settings().items() if value is not None)
    name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(part).__name__).strip()
    return f"{name} ({settings})" if settings else name


def _weight(symbol: str, schedule: Any) -> str:
    """A weight before what it weighs: nothing for 1."""
    if isinstance(schedule, Constant):
        return "" if schedule.value == 1.0 else f"{schedule.value:g} "
    return f"{symbol} (rising from {schedule.start:g} to {schedule.end:g}) "


def _beyond(weight: float, term: str) -> str:
    """What a weight adds to a bound that has the term once."""
    return "" if weight == 1.0 else f" {'+' if weight > 1.0 else '-'} {_times(abs(weight - 1.0))}{term}"


def _rest(schedule: Any) -> str:
    """The same for the KL of z."""
    kl = "KL(q(z | x, y), p(z))"
    if isinstance(schedule, Constant):
        return _beyond(schedule.value, kl)
    return f" + (β - 1) {kl}, β rising from {schedule.start:g} to {schedule.end:g}"


def _capacity(schedule: Any) -> str:
    return f"= {schedule.value:g}" if isinstance(schedule, Constant) else f"up to {schedule.end:g}"


def _floor(o: Any) -> str:
    return f", of each latent at least {o.free_bits:g} nats" if o.free_bits else ""


def _penalty(o: Any) -> str:
    return "" if o.penalty is None else f" + {in_words(o.penalty)}"


def _cycle(o: Any) -> str:
    if not o.cycle:
        return ""
    power = f", its odds to the power {o.contrast:g}" if o.contrast > 1.0 else ""
    return f" - {_times(o.cycle)}log p(x | h' + ε), h' the code of x as drawn in the next domain{power},"


def _times(number: float) -> str:
    return "" if number == 1.0 else f"{number:g} "
