"""The metrics of a preset in words, and beside published values; what each metric is stands beside its report."""

from typing import Any

from keras_vae import _checks, _untrusted
from keras_vae.evaluation.metrics import Metric, find_metric, metric_named

_BESIDE = {"_standard_error": "standard error", "_spread": "standard deviation"}
"""What the number is that a metric's key has with this at the end: it is written beside the metric."""


def check(figures: dict[str, Any]) -> None:
    """Check that metrics are numbers, or lists of numbers where there is one for each level.

    Raises:
        ValueError: naming the first that is not.
    """
    for key, value in figures.items():
        metric = find_metric(key) or _unknown(key)
        if not metric.accepts(value):
            raise ValueError(f"the metric {key}={value!r:.60} is no number")
        if metric.error and f"{key}_spread" not in figures:
            raise ValueError(f"the metric {key} has no {key}_spread beside it")


def in_words(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """What each metric is, and its value as it is written; the headline first, and one that nobody declared by its key."""
    rows = []
    for key, value in figures.items():
        known = find_metric(key)
        metric = known or _unknown(key)
        if not metric.shown or _main_key(key) in figures:
            continue
        words = metric.without_kl if metric.without_kl and "kl" not in figures else metric.words
        text = metric.written(value) if known else _plain(value)
        rows.append((not metric.headline, words, text + _errors(metric, key, figures)))
    return [(words, written) for _, words, written in sorted(rows, key=lambda row: row[0])]


def headline(figures: dict[str, Any]) -> str:
    """The number of a model with its short name: the first headline of its metrics, or else the first of which more or less is
    better.
    """
    found = [(key, metric) for key in figures if (metric := find_metric(key)) and metric.shown]
    for key, metric in [pair for pair in found if pair[1].headline] + [pair for pair in found if pair[1].better]:
        return f"{metric.name} {metric.written(figures[key])}"
    return "not measured"


def _main_key(key: str) -> str:
    """The key of the metric that a standard error or a spread belongs to; "" for any other key."""
    return next((key.removesuffix(end) for end in _BESIDE if key.endswith(end)), "")


def _errors(metric: Metric, key: str, figures: dict[str, Any]) -> str:
    """What stands beside the value of a metric: its standard error or its spread."""
    text = ""
    for end, words in _BESIDE.items():
        if f"{key}{end}" in figures:
            error = figures[f"{key}{end}"]
            written = f"{error:.{metric.precision}%}" if metric.unit == "%" else f"{error:.2f}"
            text += f" ± {written} ({metric.error or words})"
    return text


def _unknown(key: str) -> Metric:
    """What stands for a metric that nobody declared, such as one of a report of a user's own that was not registered here."""
    return Metric("unknown", f"`{_untrusted.printable(key)[:100].replace('`', '')}`".replace("\n", " "))


def _plain(value: Any) -> str:
    return ", ".join(f"{item:.6g}" for item in (value if isinstance(value, list) else [value]))


def check_target(target: dict[str, Any]) -> None:
    """Check that a target names a metric, and a bound on the side that is worse.

    Raises:
        ValueError: if there is no such metric, with the nearest name, or the bound is on the other side.
    """
    metric = metric_named(target["figure"])
    _checks.finite_float("bound of a target", bound_of(target))
    side = "at_most" if "at_most" in target else "at_least"
    if metric.better is not None and (side == "at_most") != (metric.better == "lower"):
        other = "at_least" if side == "at_most" else "at_most"
        raise ValueError(
            f"{side} is the wrong bound for {metric.key}, of which {metric.better} is better: give {other}."
        )


def short(key: str) -> str:
    """The name of a metric where it stands alone.

    Raises:
        ValueError: if there is no such metric.
    """
    return metric_named(key).name


def target_rows(targets: list[dict[str, Any]], figures: dict[str, Any]) -> list[str]:
    """A table of the metrics beside the published ones, met or missed."""
    if not targets:
        return []
    rows = ["| obtained | beside | | source |", "|---|---|---|---|"]
    for target in targets:
        obtained = f"{short(target['figure'])} {value_of(target, figures)}"
        rows.append(f"| {obtained} | {asked_of(target)} | {verdict(target, figures)} | {target['source']} |")
    return [*rows, ""]


def value_of(target: dict[str, Any], figures: dict[str, Any]) -> str:
    """The metric of a target as it is written."""
    key = target["figure"]
    return metric_named(key).written(figures[key]) if key in figures else "not measured"


def verdict(target: dict[str, Any], figures: dict[str, Any]) -> str:
    """Whether a target is met or missed, by every value where there is one for each level; open where none was measured."""
    if target["figure"] not in figures:
        return "open"
    found, bound = figures[target["figure"]], bound_of(target)
    values = found if isinstance(found, list) else [found]
    met = max(values) <= bound if "at_most" in target else min(values) >= bound
    return "met" if met else "missed"


def asked_of(target: dict[str, Any]) -> str:
    """The published value of a target in words, and which way from it is better."""
    metric, bound = metric_named(target["figure"]), bound_of(target)
    written = metric.written(round(bound) if metric.precision is None else bound)
    return f"{'at most' if 'at_most' in target else 'at least'} {written}"


def bound_of(target: dict[str, Any]) -> float:
    """The published value of a target."""
    return target["at_most"] if "at_most" in target else target["at_least"]
