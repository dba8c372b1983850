"""What the experiments share: a run that resumes, and a file of results to which each run adds its own."""

import argparse
import copy
import json
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from keras_vae import _files, training, zoo

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
PAGE = DOCS / "likelihood.md"


def arguments(description: str) -> argparse.Namespace:
    """Parse the options that all experiments have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=Path, default=Path("runs") / "experiments", help="folder of the training runs")
    parser.add_argument("--only", default="", help="train only what has this word in its name")
    return parser.parse_args()


def page_with(text: str, experiment: str, rows: str) -> str:
    """The page with the rows between the two comments that name the experiment."""
    start, end = f"<!-- {experiment}: made by experiments/{experiment}.py -->", f"<!-- end of {experiment} -->"
    before, rest = text.split(start)
    return f"{before}{start}\n{rows}\n{rest[rest.index(end) :]}"


def write_rows(page: Path, experiment: str, rows: str) -> None:
    """Write the rows into the page."""
    _files.write_text(page, page_with(page.read_text(encoding="utf-8"), experiment, rows))


def not_run(names: Iterable[str], results: dict[str, Any]) -> list[str]:
    """The lines below a table that say what `results` do not hold yet."""
    missing = [name for name in names if name not in results]
    return ["", f"Not run yet: {'; '.join(missing)}."] if missing else []


def preset_recipe(preset: str) -> dict[str, Any]:
    """The tables of a preset's recipe, without the words for its card."""
    tables = tomllib.loads((zoo.preset_folder(preset) / "preset.toml").read_text(encoding="utf-8"))
    return {name: table for name, table in tables.items() if name in training.Recipe.TABLES}


def merged(table: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`table` with `change` written over it; a table with a `name` is replaced as a whole."""
    result = copy.deepcopy(table)
    for key, value in change.items():
        nested = isinstance(value, dict) and "name" not in value and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if nested else copy.deepcopy(value)
    return result


def run_all(
    recipes: dict[str, dict[str, Any]],
    results: Path,
    runs: Path,
    only: str,
    score: Callable[[Any, list[dict[str, float]], dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Train what `results` does not hold yet, in order, and add what `score(model, history, recipe)` says of it.

    A result is thrown away when its recipe has changed.
    """
    found = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    found = {name: found[name] for name in recipes if found.get(name, {}).get("recipe") == recipes[name]}
    for name, tables in recipes.items():
        if name in found or only not in name:
            continue
        print(f"\n{name}", flush=True)
        recipe = training.Recipe.from_dict(tables)
        folder = runs / results.stem / "".join(c if c.isalnum() else "_" for c in name)
        model = training.train(recipe, folder, verbose=0)
        figures = score(model, training.read_history(folder), tables)
        print(figures.get("summary", figures), flush=True)
        found[name] = {"recipe": tables, **figures}
        found = {name: found[name] for name in recipes if name in found}
        _files.write_json(results, found)
    return found
