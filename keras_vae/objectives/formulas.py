"""The pieces that formulas of losses are made of: numbers, schedules, penalties and corruptions as text."""

from typing import Any

from keras_vae.objectives.schedules import Constant, Schedule


def given(symbol: str, condition: str) -> str:
    """A variable beside the letter of a condition: `"z, c"`, or `"z"` where there is none."""
    return f"{symbol}, {condition}" if condition else symbol


def under(symbol: str, condition: str) -> str:
    """A variable conditioned on a letter: `"z | c"`, or `"z"` where there is none."""
    return f"{symbol} | {condition}" if condition else symbol


def factor(symbol: str, value: float | Schedule) -> str:
    """A weight in front of what it weighs: nothing for 1, and the symbol with its values for a schedule."""
    if isinstance(value, Constant):
        value = value.value
    if isinstance(value, Schedule):
        return f"{symbol} ({value.in_words()}) "
    return "" if value == 1.0 else f"{value:g} "


def amount(symbol: str, value: float | Schedule) -> str:
    """A number where one stands for itself, 1 too; the symbol with its values for a schedule."""
    if isinstance(value, Schedule) and not isinstance(value, Constant):
        return f"{symbol} ({value.in_words()})"
    return f"{value.value if isinstance(value, Constant) else value:g}"


def beyond_one(symbol: str, value: float | Schedule, term: str) -> str:
    """What a weight adds to a bound that has the term once already: `" + 3 TC"` for a weight of 4."""
    if isinstance(value, Constant):
        value = value.value
    if isinstance(value, Schedule):
        return f" + ({symbol} - 1) {term}, {symbol} {value.in_words()}"
    return "" if value == 1.0 else f" {'+' if value > 1.0 else '-'} {factor(symbol, abs(value - 1.0))}{term}"


def in_words(part: Any) -> str:
    """A penalty or a corruption with its settings: `"gaussian noise (stddev 0.25)"`; one without `settings` is its `repr`."""
    if not hasattr(part, "settings"):
        return repr(part)
    settings = ", ".join(
        f"{key} {_plain(getattr(part, key, value))}" for key, value in part.settings().items() if value is not None
    )
    name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(part).__name__).strip()
    return f"{name} ({settings})" if settings else name


def penalised(penalty: Any) -> str:
    """What a penalty adds to a loss; nothing for None."""
    return "" if penalty is None else f" + {in_words(penalty)}"


def _plain(value: Any) -> str:
    return value.in_words() if isinstance(value, Schedule) else str(value)
