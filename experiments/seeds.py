"""Does a figure hold for other seeds? A preset's recipe, trained five times, with nothing chosen by labels, the seed included."""

from typing import Any

from common import DOCS, HERE, arguments, merged, not_run, preset_recipe, run_all, write_rows

from keras_vae import data, evaluation
from keras_vae.models import Clusters

RESULTS = HERE / "results" / "seeds.json"
PAGE = DOCS / "autoencoders.md"

PRESETS = ("mnist_dec", "mnist_vade", "mnist_m2")
SEEDS = range(5)


def recipes() -> dict[str, dict[str, Any]]:
    """The recipe of every run by its name: the preset's own, with another seed."""
    found = {}
    for preset in PRESETS:
        own = preset_recipe(preset)
        for seed in SEEDS:
            found[f"{preset} seed {seed}"] = merged(own, {"training": {"seed": seed}})
    return found


def score(model: Any, history: list[dict[str, float]], recipe: dict[str, Any]) -> dict[str, Any]:
    """Figures in per cent: of clusters on training and test images together, as published; of a classifier on test images."""
    preprocessing = recipe["data"]["preprocessing"]
    x, y = data.arrays("mnist", "test", preprocessing, seed=0)
    if isinstance(model, Clusters):
        found = evaluation.clustering_report(model, x, y, data.arrays("mnist", "train", preprocessing, seed=0))
    else:
        found = {"classification_error": evaluation.error_rate(y, model.classify(x))}
    figures = {name: round(100.0 * value, 2) for name, value in found.items()}
    return {"summary": str(figures), "seconds": round(history[-1]["seconds"]), **figures}


_WORDS = {
    "clustering_accuracy_with_training_images": "clustering accuracy, all 70,000",
    "clustering_nmi_with_training_images": "NMI, all 70,000",
    "clustering_accuracy": "clustering accuracy, test images",
    "classification_error": "test error",
}


def table(results: dict[str, Any]) -> str:
    """The rows as Markdown, in per cent."""
    lines = ["| preset | figure, % | mean | spread | by seed, from 0 |", "|---|---|--:|--:|---|"]
    for preset in PRESETS:
        runs = [found for name, found in results.items() if name.startswith(f"{preset} ")]
        for key, words in _WORDS.items():
            values = [run[key] for run in runs if key in run]
            if values:
                over = evaluation.spread(values)
                each = ", ".join(f"{value:.2f}" for value in values)
                stddev = f"{over.stddev:.2f}" if len(values) > 1 else ""
                lines.append(f"| {preset} | {words} | {over.mean:.2f} | {stddev} | {each} |")
    return "\n".join([*lines, *not_run(recipes(), results)])


def main() -> None:
    """Train what is missing, and write the table into the page."""
    options = arguments("A preset's figure for five seeds.")
    results = run_all(recipes(), RESULTS, options.runs, options.only, score)
    print(table(results))
    write_rows(PAGE, "seeds", table(results))


if __name__ == "__main__":
    main()
