"""What moved the likelihood, and by how much: one model, one change at a time, each trained and scored alike."""

import tomllib
from typing import Any

from common import HERE, PAGE, arguments, merged, not_run, run_all, write_rows

from keras_vae import data, evaluation, training

RESULTS = HERE / "results" / "ablation.json"
ROWS = HERE / "ablation.toml"

IMPORTANCE_SAMPLES = 500


def recipes() -> dict[str, dict[str, Any]]:
    """The recipe of every row by its name."""
    tables = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    found = {}
    for row in tables["row"]:
        base = {
            name: {key: value for key, value in table.items() if key not in row.get("drop", ())}
            for name, table in tables["base"].items()
        }
        found[row["name"]] = merged(base, row["change"])
    return found


def score(model: Any, history: list[dict[str, float]], recipe: dict[str, Any]) -> dict[str, Any]:
    """Figures on the held-out images, binarised once."""
    held_out = training.Recipe.from_dict(recipe).data.validation_split
    images, _ = data.arrays("mnist", held_out, "dynamic_binarization", seed=0)
    report = evaluation.likelihood_report(model, images, num_samples=IMPORTANCE_SAMPLES)
    figures = {key: round(report[key], 3) for key in ("nll", "elbo", "kl", "active_units")}
    return {"summary": str(figures), "seconds": round(history[-1]["seconds"]), **figures}


def table(results: dict[str, Any]) -> str:
    """The rows as Markdown, in nats."""
    groups = {row["name"]: row["group"] for row in tomllib.loads(ROWS.read_text(encoding="utf-8"))["row"]}
    base = results["base"]
    lines = [
        "| change | NLL | against base | ELBO | KL (rate) | active units | minutes |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, found in results.items():
        difference = "" if groups[name] == "base" and name == "base" else f"{found['nll'] - base['nll']:+.2f}"
        lines.append(
            f"| {name} | {found['nll']:.2f} | {difference} | {found['elbo']:.2f} | {found['kl']:.2f} | {found['active_units']} "
            f"| {found['seconds'] / 60:.1f} |"
        )
    return "\n".join([*lines, *not_run(groups, results)])


def main() -> None:
    """Train what is missing, and write the table into the page."""
    options = arguments("What moved the likelihood, and by how much.")
    results = run_all(recipes(), RESULTS, options.runs, options.only, score)
    print(table(results))
    if "base" in results:
        write_rows(PAGE, "ablation", table(results))


if __name__ == "__main__":
    main()
