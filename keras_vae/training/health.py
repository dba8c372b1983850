"""What the curves of a run say about its health: plain findings, each with a value and a remedy.

Everything here is a pure function of a run's history, the list of logs per epoch that `read_history` gives, and of a few facts
about its model and data.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

History = Sequence[dict[str, float]]

REMEDY = (
    "Lower the learning rate, clip the gradient (global_clipnorm), or raise the floor of a trained scale. "
    "A checkpoint is from before this."
)
"""Of a loss or a weight that is not finite, at which a training stops."""

MIN_STEPS = 150
"""Optimizer steps before a model is expected to have learned anything: 300 images in batches of 32 give 8 steps per epoch, and in
the first hundred of them most models fit little more than the mean image."""
MIN_EPOCHS = 3
"""Epochs before a model is expected to have learned anything: the logs of the first epoch are an average over its start."""
UNIFORM_SHARE = 0.95
"""Share of the uniform rate, log2(levels) bits per dimension, from which on nothing is learned. Runs whose samples held no object
stood at 7.7 to 7.9 of 8 bits; the models of the zoo stand below 0.6 of the rate."""
MEAN_IMAGE_SHARE = 0.9
"""Share of the mean image's squared error from which on a reconstruction is no better than the mean image."""
COLLAPSED_KL = 1.0
"""Nats per image below which latents say nothing: with less than one nat a code cannot tell three images apart."""
WINDOW = 3
"""Epochs over which a KL has to stay near zero, or a value on held-out images to stay lost: one epoch may have any value."""
GROWTH = 1.1
"""A KL that grew by this factor within the window is on its way, as under a capacity that is raised step by step."""
JUMP = 10.0
"""A rise of the loss is a jump from this multiple of its usual change on, the median of the changes before it..."""
JUMP_SHARE = 0.5
"""... where it also takes back more than this share of all that had been gained, since late in a run usual changes are tiny."""
ACTIVE_SHARE = 0.25
"""Share of the latents below which too few are active. The VAEs of the zoo use a third of theirs, or more."""
DEAD_SHARE = 0.1
"""Share of the reachable codes below which a codebook is dead for the most part. The VQ-VAEs of the zoo use more than half."""
GAP_SHARE = 0.1
"""Share of what was gained on the training images that the held-out images may lack. MNIST's VAEs lack a twentieth."""
DROP_SHARE = 0.03
"""Share of what was gained on the held-out images that may be lost again: less is the noise of a few hundred images."""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a health check has to know beside the history."""

    dimensions: int
    """Numbers per image."""
    steps_per_epoch: int
    epochs: int
    """Epochs that the run has at most."""
    levels: int | None = None
    """Values that a number can have under the likelihood, such as 256; None where the likelihood is a density."""
    has_kl: bool = False
    """Whether latents have a posterior, so that `kl` near zero means that they say nothing."""
    latents: int | None = None
    """Number of latents that have a posterior."""
    num_codes: int | None = None
    """Size of the codebook of a VQ-VAE."""
    codes_per_batch: float | None = None
    """Codes of a batch, averaged over the levels: at most so many different ones are seen in it."""
    mean_image_error: float | None = None
    """Mean squared difference between the training images and their mean, per number."""
    keeps_best: bool = False
    """Whether the weights of the best epoch are kept (`training.patience`)."""
    starts_trained: bool = False
    """Whether the first epoch begins with trained weights, so that little is left to gain."""
    in_stages: bool = False
    """Whether layers are trained one after the other, so that a new one starts with a loss of its own."""

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Facts":
        """Take back what `dataclasses.asdict` gave.

        Raises:
            ValueError: if a fact is unknown or missing, or is no number.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(values.keys() - fields.keys())
        missing = [n for n, f in fields.items() if f.default is dataclasses.MISSING and n not in values]
        wrong = [n for n, v in values.items() if v is not None and not isinstance(v, bool | int | float)]
        if found := unknown + missing + wrong:
            raise ValueError(f"The facts of a run lack {found[0]!r}, or it is not one, or no number.")
        return cls(**values)


class Finding(NamedTuple):
    """One thing that is wrong with a run."""

    name: str
    """In snake case, such as `"nothing_learned"`."""
    sentence: str
    """What is wrong, with its value."""
    remedy: str
    """What to do."""
    serious: bool
    """Whether the weights that are kept are probably of little use."""


def findings(history: History, facts: Facts) -> list[Finding]:
    """What is wrong with a run, by its logs so far.

    Args:
        history: the logs by epoch, as `read_history` gives them; may be empty.
        facts: about the model and the data.

    Returns:
        The findings, the gravest kind first; none for a healthy run.
    """
    if not history:
        return []
    if found := _non_finite(history):
        return [found]  # no other number means anything then
    checks = (_jump, _nothing_learned, _mean_image, _collapse, _inactive, _dead_codes, _overfitting)
    return [found for check in checks if (found := check(history, facts))]


def _non_finite(history: History) -> Finding | None:
    for line in history:
        for name, value in line.items():
            if not math.isfinite(value):
                return Finding(
                    "non_finite", f"{name} became {value} in epoch {line['epoch']:.0f}.", _SMALLER_STEPS, True
                )
    return None


def _jump(history: History, facts: Facts) -> Finding | None:
    score = _score(history, facts)
    values = np.asarray(score.values)
    if facts.in_stages or len(values) <= MIN_EPOCHS:
        return None
    best = np.maximum.accumulate(values)
    # All that there is to lose: what was gained since the first epoch, or what a trained model began with.
    gained = np.abs(best) if facts.starts_trained else best - values[0]
    falls = best[:-1] - values[1:]
    for at in (np.flatnonzero(falls > JUMP_SHARE * gained[:-1]) + 1).tolist():
        usual = float(np.median(np.abs(np.diff(values[:at])))) if at >= MIN_EPOCHS else math.inf
        if falls[at - 1] <= JUMP * usual:
            continue
        peak = int(np.argmax(values[:at]))
        worst = at + int(np.argmin(values[at:]))
        recovered = bool(values[peak] - values[worst:].max() <= JUMP_SHARE * gained[peak])
        end = "It has recovered since." if recovered else f"It is {score.shown(-1)} now."
        return Finding(
            "jump",
            f"The {score.words} jumped from {score.shown(peak)} in epoch {_epoch(history[peak])} to {score.shown(worst)} in epoch "
            f"{_epoch(history[worst])}; its usual change per epoch was {_number(usual)}. {end}",
            _SMALLER_STEPS,
            not recovered and not facts.keeps_best,
        )
    return None


def _nothing_learned(history: History, facts: Facts) -> Finding | None:
    if not _long_enough(history, facts):
        return None
    bound = "elbo" if "elbo" in history[-1] else "log_likelihood"
    # Where the best epoch's weights are kept, they are what counts.
    lines = history if facts.keeps_best else history[-1:]
    if facts.levels is not None and bound in history[-1]:
        rate = math.log2(facts.levels)
        bits = min(-line[bound] for line in lines) / facts.dimensions / math.log(2)
        if bits > UNIFORM_SHARE * rate:
            return Finding(
                "nothing_learned",
                f"After {_after(history)} the model needs {bits:.2f} bits per dimension; without knowing anything about the "
                f"images it would need {rate:.2f}.",
                _LEARN,
                True,
            )
    # The ELBO may fall as the weight of the KL rises, while the images are learned.
    score = _score(history, facts, ("log_likelihood", "accuracy"))
    if not facts.starts_trained and not facts.in_stages and max(score.values[1:]) <= score.values[0]:
        return Finding(
            "nothing_learned",
            f"After {_after(history)} the {score.words} is {score.shown(-1)}, and has never been better than the "
            f"{score.shown(0)} of the first epoch.",
            _LEARN,
            True,
        )
    return None


def _mean_image(history: History, facts: Facts) -> Finding | None:
    usual = facts.mean_image_error
    if not usual or facts.in_stages or "squared_error" not in history[-1] or not _long_enough(history, facts):
        return None
    error = history[-1]["squared_error"]
    if error <= MEAN_IMAGE_SHARE * usual:
        return None
    return Finding(
        "mean_image",
        f"After {_after(history)} the squared error of the reconstructions is {error:.4f} per number; that of the mean image is "
        f"{usual:.4f}.",
        _LEARN,
        True,
    )


def _collapse(history: History, facts: Facts) -> Finding | None:
    if not facts.has_kl or "kl" not in history[-1] or not _long_enough(history, facts):
        return None
    kl = _values(history, "kl")[-WINDOW:]
    if max(kl) >= COLLAPSED_KL or kl[-1] > GROWTH * kl[0]:
        return None
    return Finding(
        "posterior_collapse",
        f"The KL has been at most {max(kl):.2f} nats per image for {len(kl)} epochs: the latents say nothing about the image, and "
        "every reconstruction is about the same.",
        "Start with a small weight of the KL, [objective] beta = { name = 'linear', epochs = 20 }, lower its end below 1, or keep "
        "some nats free, [objective] free_bits = 0.1.",
        True,
    )


def _inactive(history: History, facts: Facts) -> Finding | None:
    if not facts.latents or "active_units" not in history[-1] or not _long_enough(history, facts):
        return None
    active = _values(history, "active_units")[-WINDOW:]
    if max(active) >= ACTIVE_SHARE * facts.latents or active[-1] > active[0]:
        return None
    return Finding(
        "inactive_latents",
        f"{active[-1]:.0f} of {facts.latents} latents are active: the means of the others vary over the images with a variance of "
        "at most 0.01, so they say next to nothing.",
        "Lower the weight of the KL or start with a small one, [objective] beta = { name = 'linear', epochs = 20, end = 0.5 }, "
        "keep some nats of each latent free, [objective] free_bits = 0.1, or take fewer latents, [model] latent_size.",
        False,
    )


def _dead_codes(history: History, facts: Facts) -> Finding | None:
    if facts.num_codes is None or "perplexity" not in history[-1] or not _long_enough(history, facts):
        return None
    reachable = min(facts.num_codes, facts.codes_per_batch or facts.num_codes)
    used = float(np.median(_values(history, "perplexity")[-WINDOW:]))
    if used >= DEAD_SHARE * reachable:
        return None
    return Finding(
        "dead_codes",
        f"About {used:.1f} of {facts.num_codes} codes are in use (perplexity per batch).",
        "Let unused codes start anew sooner, [model] quantizer = { restart_below = 0.1 }, take fewer codes (num_codes), or lower "
        "the learning rate.",
        True,
    )


def _overfitting(history: History, facts: Facts) -> Finding | None:
    train, held_out = _score(history, facts), _score(history, facts, prefix="val_")
    if len(held_out.values) < len(history) or len(history) < 2 * MIN_EPOCHS or facts.starts_trained or facts.in_stages:
        return None
    last = max(held_out.values[-WINDOW:])
    best = int(np.argmax(held_out.values))
    lost, gap = held_out.values[best] - last, train.values[-1] - last
    gained, gained_held_out = train.values[-1] - train.values[0], held_out.values[best] - held_out.values[0]
    if gained <= 0 or lost <= DROP_SHARE * gained_held_out or gap <= GAP_SHARE * gained:
        return None
    kept = " The weights of the best epoch are kept." if facts.keeps_best else ""
    return Finding(
        "overfitting",
        f"The {train.words} of the held-out images was best in epoch {_epoch(history[best])}, {held_out.shown(best)}, and is "
        f"{held_out.shown(-1)} now; that of the training images is {train.shown(-1)}.{kept}",
        "Add images or augment them (random shifts and flips), stop early (training.patience), or train for fewer epochs.",
        not facts.keeps_best,
    )


_SMALLER_STEPS = (
    "Clip the gradient, [optimizer] arguments = { global_clipnorm = 100.0 } (a few times its usual norm), lower the learning rate, "
    "or raise the floor of a learned scale. Then train anew in another folder."
)
_LEARN = (
    "Look at the sheets in the run's folder. Train for more steps (more epochs, or a smaller batch_size), clip the gradient "
    "(optimizer.arguments.global_clipnorm), try a learning rate three times as high and as low, or begin with likelihood = "
    "'gaussian'."
)


class _Score(NamedTuple):
    """What is to rise, by epoch."""

    name: str
    values: list[float]

    @property
    def words(self) -> str:
        return {"elbo": "ELBO"}.get(self.name, self.name.replace("_", "-"))

    def shown(self, at: int) -> str:
        """The value of an epoch as the logs have it."""
        return _number(-self.values[at] if self.name == "loss" else self.values[at])


def _score(history: History, facts: Facts, names: Sequence[str] = (), prefix: str = "") -> _Score:
    """The first of `names` that the logs have, or their loss with its sign changed; with `prefix`, of the held-out images."""
    if not names:
        # A VQ-VAE's ELBO falls as its codes come into use, since naming them takes more.
        names = ("log_likelihood",) if facts.num_codes is not None else ("elbo", "log_likelihood", "accuracy")
    for name in names:
        if name in history[-1]:
            return _Score(name, _values(history, prefix + name))
    return _Score("loss", [-value for value in _values(history, f"{prefix}loss")])


def _values(history: History, name: str) -> list[float]:
    return [line[name] for line in history if name in line]


def _long_enough(history: History, facts: Facts) -> bool:
    return len(history) >= MIN_EPOCHS and len(history) * facts.steps_per_epoch >= MIN_STEPS


def _epoch(line: dict[str, float]) -> str:
    return f"{line['epoch']:.0f}"


def _after(history: History) -> str:
    return f"{len(history)} epochs"


def _number(value: float) -> str:
    """A number as one reads it: -66,600 or 0.0123."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
