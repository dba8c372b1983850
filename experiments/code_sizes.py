"""How much of a digit do 2, 8 and 32 numbers keep? The recipes of two presets with codes of other sizes."""

from typing import Any

from common import DOCS, HERE, arguments, merged, not_run, preset_recipe, run_all, write_rows

from keras_vae import data, evaluation

RESULTS = HERE / "results" / "code_sizes.json"
PAGE = DOCS / "autoencoders.md"

PRESETS = ("mnist_ae", "mnist_conv_ae")
SIZES = (2, 8, 32)


def recipes() -> dict[str, dict[str, Any]]:
    """The recipe of every run by its name: the preset's own, with another size of the code."""
    found = {}
    for preset in PRESETS:
        own = preset_recipe(preset)
        for size in SIZES:
            found[f"{preset} {size}"] = merged(own, {"model": {"latent_size": size}})
    return found


def score(model: Any, history: list[dict[str, float]], recipe: dict[str, Any]) -> dict[str, Any]:
    """The reconstruction of test images."""
    x, y = data.arrays("mnist", "test", recipe["data"]["preprocessing"], seed=0)
    figures = {name: round(value, 5) for name, value in evaluation.reconstruction_report(model, x, y).items()}
    return {"summary": str(figures), "seconds": round(history[-1]["seconds"]), **figures}


def table(results: dict[str, Any]) -> str:
    """The rows as Markdown."""
    lines = [
        "| preset's recipe | numbers in the code | mean squared error | PSNR, dB | cross-entropy, nats |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, run in results.items():
        preset, size = name.split()
        lines.append(
            f"| {preset} | {size} | {run['squared_error']:.4f} | {run['psnr']:.2f} | {-run['log_likelihood']:.2f} |"
        )
    return "\n".join([*lines, *not_run(recipes(), results)])


def main() -> None:
    """Train what is missing, and write the table into the page."""
    options = arguments("Reconstruction by size of the code.")
    results = run_all(recipes(), RESULTS, options.runs, options.only, score)
    print(table(results))
    write_rows(PAGE, "code_sizes", table(results))


if __name__ == "__main__":
    main()
