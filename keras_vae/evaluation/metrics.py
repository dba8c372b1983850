"""What a metric is: its key in `metrics.json`, what it says, its unit, which direction is better, and how it is written.

A report declares its metrics beside the function that computes them, as `METRICS = (Metric("nll", ...), ...)` with literal
arguments only. A preset is checked and a card is read without TensorFlow, which those modules import; so the declarations are read
from their sources, as the names of model classes are (`models.hierarchy`).
"""

import ast
import dataclasses
import functools
import re
from pathlib import Path
from typing import Any

from keras_vae import _checks

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_DECLARED_AS = "METRICS"


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric.

    A key with `{n}`, such as `"classifier_error_{n}_labels"`, stands for one metric for each whole number n. In the words `{n}` is
    that number, and `{s}` the ending of a plural.

    Raises:
        ValueError: if an argument is out of its range.
    """

    key: str
    """Name in `metrics.json` and in the targets of presets, in snake case."""
    words: str
    """What it is, for a row of a table."""
    unit: str = ""
    """`"nats"`, `"dB"` and so on; `"%"` for a share from 0 to 1, which is written in percent."""
    precision: int | None = 2
    """Digits after the point; None for whole numbers."""
    better: str | None = None
    """`"lower"` or `"higher"`; None where neither is better by itself."""
    label: str = ""
    """A short name where it stands alone; by default the words."""
    without_kl: str = ""
    """The words where no `kl` stands beside it: of a code that is not sampled. By default the same."""
    error: str = ""
    """What `KEY_spread` beside it is the spread of, for a metric that is a mean over repetitions and must have one."""
    headline: bool = False
    """Whether it is the number of a model, if the model has it."""
    shown: bool = True
    """False for what is kept for checks only."""

    def __post_init__(self) -> None:
        if not isinstance(self.key, str) or not _KEY.fullmatch(self.key.replace("{n}", "1")):
            raise ValueError(f"key={_checks.shown(self.key)}: must be a name in snake case, such as 'psnr'.")
        if not isinstance(self.words, str) or not self.words.strip() or "\n" in self.words:
            raise ValueError(
                f"words={_checks.shown(self.words)}: must be one line of text that says what {self.key} is."
            )
        for field in ("unit", "label", "without_kl", "error"):
            if not isinstance(getattr(self, field), str):
                raise ValueError(f"{field}={_checks.shown(getattr(self, field))}: must be text.")
        for field in ("headline", "shown"):
            _checks.flag(field, getattr(self, field))
        if self.precision is not None:
            _checks.positive_int("precision", self.precision, maximum=12, minimum=0)
        if self.better is not None:
            _checks.one_of("better", self.better, ("lower", "higher"))

    @property
    def name(self) -> str:
        """The short name: its label, or its words."""
        return self.label or self.words

    def numbered(self, n: int) -> "Metric":
        """The metric of one number of those that a key with `{n}` stands for."""
        texts = {field: getattr(self, field) for field in ("key", "words", "label", "error")}
        filled = {"{n}": f"{n:,}", "{s}": "" if n == 1 else "s"}
        for mark, text in filled.items():
            texts = {field: value.replace(mark, text if field != "key" else str(n)) for field, value in texts.items()}
        return dataclasses.replace(self, **texts)

    def written(self, value: Any) -> str:
        """A value as tables show it, with its unit; a list, one for each level, with commas."""
        if isinstance(value, list):
            return ", ".join(self.written(item) for item in value)
        if self.precision is None:
            return f"{value:d}{self._suffix}"
        return f"{value:.{self.precision}%}" if self.unit == "%" else f"{value:.{self.precision}f}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def accepts(self, value: Any) -> bool:
        """Whether a value is a number that the metric may have, or a list of such numbers."""
        values = value if isinstance(value, list) else [value]
        kind: Any = int if self.precision is None else int | float
        return bool(values) and all(isinstance(v, kind) and not isinstance(v, bool) for v in values)


_registered: dict[str, Metric] = {}


def register_metric(metric: Metric) -> Metric:
    """Make a metric of a report of one's own known, so that cards show it in words and targets may name it.

    >>> evaluation.register_metric(evaluation.Metric("mmd", "maximum mean discrepancy", precision=4, better="lower"))

    Args:
        metric: the metric. To register the same one again changes nothing.

    Returns:
        The metric.

    Raises:
        ValueError: if the key is that of another metric.
    """
    if not isinstance(metric, Metric):
        raise ValueError(f"metric={_checks.shown(metric)}: must be an evaluation.Metric.")
    known = metrics().get(metric.key)
    if known not in (None, metric):
        raise ValueError(f"There is a metric {metric.key!r} already, {known.words!r}: choose another key.")
    if known is None:
        _registered[metric.key] = metric
    return metric


def metrics() -> dict[str, Metric]:
    """All metrics by key: those of the library's reports, and those that were registered."""
    return {**_declared(), **_registered}


def find_metric(key: str) -> Metric | None:
    """The metric of a key in `metrics.json`; None for one that nobody declared."""
    found = metrics().get(key)
    if found is not None:
        return found if "{n}" not in key else None
    for pattern, metric in metrics().items():
        if "{n}" in pattern:
            match = re.fullmatch(pattern.replace("{n}", r"(\d{1,12})"), key)
            if match:
                return metric.numbered(int(match[1]))
    return None


def metric_named(key: Any) -> Metric:
    """The metric of a key.

    Raises:
        ValueError: if there is no such metric, with the nearest name.
    """
    found = find_metric(key) if isinstance(key, str) else None
    if found is None:
        hint = _checks.did_you_mean(key, [name.replace("{n}", _number_in(key)) for name in metrics()])
        raise ValueError(
            f"There is no metric {_checks.shown(key)}.{hint} A metric of your own is made known by evaluation.register_metric."
        )
    return found


def _number_in(key: Any) -> str:
    match = re.search(r"\d+", key) if isinstance(key, str) else None
    return match[0] if match else "1"


@functools.cache
def _declared() -> dict[str, Metric]:
    """The metrics that the modules of this package declare."""
    found: dict[str, Metric] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == _DECLARED_AS:
                for call in node.value.elts:  # type: ignore[attr-defined]
                    metric = Metric(
                        *map(ast.literal_eval, call.args), **{k.arg: ast.literal_eval(k.value) for k in call.keywords}
                    )
                    found.setdefault(metric.key, metric)
    return found
