"""Published tables, beside which the figures of the presets stand."""

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any

from keras_vae import _checks
from keras_vae.evaluation.metrics import metric_named
from keras_vae.zoo.home import presets_home
from keras_vae.zoo.presets import find_preset, read_metrics

_FILE = "tables.toml"


@dataclasses.dataclass(frozen=True)
class PublishedTable:
    """One table: which figure of which presets, and rows that others published."""

    name: str
    title: str
    protocol: str
    figure: str
    presets: list[str]
    published: list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """A preset's row: what was published, what the preset's metrics say, and what scoring it anew gave."""

    preset: str
    published: float | None
    source: str
    obtained: float | None
    standard_error: float | None
    again: float | None = None
    """The figure of the first 100 test images, computed now."""
    recorded: float | None = None
    """The same, as the metrics have it."""
    noise: float = 0.0
    """Monte Carlo standard error of `recorded`; that of `again` is about the same."""

    @property
    def agrees(self) -> bool | None:
        """Whether the two agree to five standard errors of their difference; None where none was computed."""
        if self.again is None or self.recorded is None:
            return None
        return abs(self.again - self.recorded) <= 5.0 * math.sqrt(2.0) * self.noise + 1e-3


def published_tables() -> dict[str, PublishedTable]:
    """The tables by name.

    Raises:
        ValueError: if the file of tables is damaged.
    """
    path = presets_home() / _FILE
    keys = [field.name for field in dataclasses.fields(PublishedTable) if field.name != "name"]
    found = {}
    for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
        _checks.known_keys(f"[{name}] of {path}", table, keys)
        metric_named(table["figure"])
        found[name] = PublishedTable(name=name, **table)
    return found


def reproduce(
    table: PublishedTable,
    preset: str,
    *,
    folder: str | Path | None = None,
    check: bool = True,
    num_samples: int = 5000,
) -> Reproduction:
    """One row of a table.

    Args:
        table: from `published_tables()`.
        preset: one of its presets.
        folder: of the same preset trained anew and evaluated, whose figures the row is to have; by default those of the zoo.
        check: score the first 100 test images anew, from the weights that are there, to see whether the metrics are theirs.
        num_samples: importance samples of that.

    Raises:
        ValueError: if the preset is not in the table.
        CorruptFileError: if the metrics belong to other weights.
        DataUnavailableError: if the data set is not on this machine.
    """
    _checks.one_of("preset", preset, table.presets)
    of_zoo = find_preset(preset)
    targets = [t for t in of_zoo.card.get("targets", []) if t["figure"] == table.figure]
    first = targets[0] if targets else {}
    published = {"published": first.get("at_most", first.get("at_least")), "source": first.get("source", "")}
    if folder is None and not of_zoo.trained:
        return Reproduction(preset, **published, obtained=None, standard_error=None)
    place = of_zoo if folder is None else find_preset(folder)
    metrics = read_metrics(place)
    figures = metrics["figures"]
    if metrics["weights_sha256"] != place.manifest["sha256"]:
        raise ValueError(
            f"The metrics of {place} belong to other weights: compute them with `keras-vae evaluate {place} --write`."
        )
    row = Reproduction(
        preset,
        **published,
        obtained=figures[table.figure],
        standard_error=figures.get(f"{table.figure}_standard_error"),
    )
    if not check:
        return row
    from keras_vae.evaluation.likelihood import CHECKED
    from keras_vae.zoo.metrics import evaluate_preset

    found = evaluate_preset(place, num_samples=num_samples, images=CHECKED)["figures"]
    return dataclasses.replace(
        row,
        again=found["nll_first_100"],
        recorded=figures["nll_first_100"],
        noise=max(figures["nll_first_100_error"], found["nll_first_100_error"]),
    )
