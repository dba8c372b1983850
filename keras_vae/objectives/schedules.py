"""Weights that change with the training step."""

import abc
from typing import Any

from keras_vae import _checks, _named, objectives
from keras_vae._backend import keras, serializable, tf
from keras_vae._written import Fixed

_MAX_STEPS = 10**9


class Schedule(Fixed):
    """A number as a function of the optimizer step.

    It stands wherever an objective or a penalty takes a number that does not decide the shape of the computation: a weight, a rate,
    a capacity. In a recipe it is a table such as `{ name = "linear", epochs = 10 }`.
    """

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the largest value, which the argument it stands for must allow; None where they are not known."""
        return None

    @abc.abstractmethod
    def __call__(self, step: Any) -> Any:
        """Return the value at `step`, a scalar float32 tensor."""

    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain data."""

    def in_words(self) -> str:
        """Its values, for the formula of a loss; by default the call that makes the schedule."""
        return repr(self)

    def get_config(self) -> dict[str, Any]:
        """The configuration from which `from_config` makes the same schedule."""
        return self.settings()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Schedule":
        """Make the schedule that `get_config` described."""
        return cls(**config)


@serializable
class Constant(Schedule):
    """Always the same value."""

    def __init__(self, value: float = 1.0):
        self.value = _checks.finite_float("value", value, minimum=0.0)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"value": self.value}

    @property
    def bounds(self) -> tuple[float, float]:
        """The number, twice."""
        return self.value, self.value

    def in_words(self) -> str:
        """The number."""
        return f"{self.value:g}"

    def as_argument(self) -> str:
        """The number, which stands for this schedule wherever one is taken."""
        return repr(self.value)

    def __call__(self, step: Any) -> Any:
        """Return the value."""
        return tf.constant(self.value, tf.float32)


@serializable
class Linear(Schedule):
    """A straight line from `start` at step 0 to `end` at step `steps`, `end` ever after: KL warm-up (Bowman et al., 2016).

    Args:
        steps: length of the ramp.
        start: value at step 0.
        end: value from step `steps` on.
    """

    def __init__(self, steps: int, start: float = 0.0, end: float = 1.0):
        self.steps = _checks.positive_int("steps", steps, _MAX_STEPS)
        self.start = _checks.finite_float("start", start, minimum=0.0)
        self.end = _checks.finite_float("end", end, minimum=0.0)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"steps": self.steps, "start": self.start, "end": self.end}

    @property
    def bounds(self) -> tuple[float, float]:
        """Where it starts and where it ends, the smaller first."""
        return min(self.start, self.end), max(self.start, self.end)

    def in_words(self) -> str:
        """From where to where it goes."""
        return _course(self.start, self.end)

    def __call__(self, step: Any) -> Any:
        """Return the value at `step`."""
        done = tf.minimum(tf.cast(step, tf.float32) / self.steps, 1.0)
        # Written so that the end is met exactly: an ELBO whose beta is 0.99999994 is no ELBO.
        return self.end - (self.end - self.start) * (1.0 - done)


@serializable
class Cyclical(Schedule):
    """Repeated ramps from `start` to `end`: cyclical annealing (Fu et al., 2019).

    Args:
        steps: length of one cycle.
        cycles: number of cycles; `end` ever after.
        ramp: share of each cycle that the ramp takes; the rest stays at `end`.
        start: value at the begin of each cycle.
        end: value at the top.
    """

    def __init__(self, steps: int, cycles: int = 4, ramp: float = 0.5, start: float = 0.0, end: float = 1.0):
        self.steps = _checks.positive_int("steps", steps, _MAX_STEPS)
        self.cycles = _checks.positive_int("cycles", cycles)
        self.ramp = _checks.finite_float("ramp", ramp, minimum=1e-6, maximum=1.0)
        self.start = _checks.finite_float("start", start, minimum=0.0)
        self.end = _checks.finite_float("end", end, minimum=0.0)

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"steps": self.steps, "cycles": self.cycles, "ramp": self.ramp, "start": self.start, "end": self.end}

    @property
    def bounds(self) -> tuple[float, float]:
        """Where it starts and where it ends, the smaller first."""
        return min(self.start, self.end), max(self.start, self.end)

    def in_words(self) -> str:
        """From where to where it goes, and how often."""
        return f"{_course(self.start, self.end)} in each of {self.cycles} cycles"

    def __call__(self, step: Any) -> Any:
        """Return the value at `step`."""
        step = tf.cast(step, tf.int64)
        within = tf.cast(step % self.steps, tf.float32) / (self.steps * self.ramp)
        done = tf.where(step >= self.steps * self.cycles, 1.0, tf.minimum(within, 1.0))
        return self.end - (self.end - self.start) * (1.0 - done)


def _course(start: float, end: float) -> str:
    return f"{'rising' if start <= end else 'falling'} from {start:g} to {end:g}"


def number(name: str, value: Any, minimum: float = 0.0, maximum: float = _checks.MAX_FLOAT) -> float | Schedule:
    """An argument that is a number or a `Schedule` of the step, checked: what `at` takes.

    Args:
        name: of the argument, for the errors.
        value: a number, a schedule, or a dict of a schedule's name and arguments.
        minimum, maximum: what it may be at any step.

    Raises:
        ValueError: if it is neither, or out of this range.
    """
    schedule = given(name, value)
    if schedule is None:
        if not hasattr(value, "__float__"):
            raise ValueError(
                f"{name}={_checks.shown(value)}: must be a number from {minimum:g}, or a Schedule such as Linear(1000)."
            )
        return _checks.finite_float(name, value, minimum, maximum)
    for bound in schedule.bounds or ():
        if not minimum <= bound <= maximum:
            raise ValueError(
                f"{name}={_checks.shown(schedule)}: reaches {bound:g}, and must stay between {minimum:g} and {maximum:g}."
            )
    return schedule


def at(value: float | Schedule, step: Any) -> Any:
    """What `number` returned, at a step: a number stays as it is."""
    return value(step) if isinstance(value, Schedule) else value


def plain(value: float | Schedule) -> Any:
    """What `number` returned, as plain data from which `number` makes it again."""
    return _named.described(value) if isinstance(value, Schedule) else value


def given(name: str, value: Any) -> Schedule | None:
    """The schedule that is given, as an object or as plain data; None for anything else."""
    if isinstance(value, dict) and "class_name" in value:
        value = keras.saving.deserialize_keras_object(value)
    if isinstance(value, dict):
        return _named.build(name, objectives, Schedule, value)
    return value if isinstance(value, Schedule) else None


def as_schedule(name: str, value: Any) -> Schedule:
    """A schedule as it is, and a number as one that stays.

    Raises:
        ValueError: if the number is negative or not finite; the error says `name`.
    """
    schedule = given(name, value)
    if schedule is not None:
        return schedule
    if hasattr(value, "__float__"):
        return Constant(_checks.finite_float(name, value, minimum=0.0))
    raise ValueError(f"{name}={_checks.shown(value)}: must be a number from 0, or a Schedule such as Linear(1000).")
