"""Which objective gives each factor a latent of its own? Four of them on pictures of known factors, five seeds each."""

import statistics
from typing import Any

from common import DOCS, HERE, arguments, merged, not_run, preset_recipe, run_all, write_rows

from keras_vae import evaluation

RESULTS = HERE / "results" / "disentanglement.json"
PAGE = DOCS / "disentanglement.md"

SEEDS = range(5)
EPOCHS = 8
OBJECTIVES = {
    "VAE": {"beta": 1.0},
    "beta-VAE, beta = 4": {"beta": 4.0},
    "beta-VAE, beta = 8": preset_recipe("shapes_beta_vae")["objective"],
    "beta-TCVAE, beta = 10": preset_recipe("shapes_beta_tc_vae")["objective"],
    "FactorVAE, gamma = 35": preset_recipe("shapes_factor_vae")["objective"],
}
_FIGURES = {
    "mig": ("MIG", "{:.2f}"),
    "sap": ("SAP", "{:.2f}"),
    "dci_disentanglement": ("DCI", "{:.2f}"),
    "factor_vae_score": ("FactorVAE score", "{:.2f}"),
    "kl": ("KL, nats", "{:.1f}"),
    "log_likelihood": ("reconstruction, nats", "{:.0f}"),
}


def recipes() -> dict[str, dict[str, Any]]:
    """The recipe of every run by its name: that of the presets but for its length, with each objective and seed."""
    base = preset_recipe("shapes_beta_vae")
    return {
        f"{name}, seed {seed}": merged(base | {"objective": objective}, {"training": {"epochs": EPOCHS, "seed": seed}})
        for name, objective in OBJECTIVES.items()
        for seed in SEEDS
    }


def score(model: Any, history: list[dict[str, float]], recipe: dict[str, Any]) -> dict[str, Any]:
    """The measures of disentanglement, and the two parts of the bound on held-out pictures."""
    figures = {name: round(value, 4) for name, value in evaluation.disentanglement_report(model).items()}
    parts = {name: round(history[-1][f"val_{name}"], 3) for name in ("kl", "log_likelihood")}
    return {"summary": f"MIG {figures['mig']}", "seconds": round(history[-1]["seconds"]), **figures, **parts}


def table(results: dict[str, Any]) -> str:
    """The rows as Markdown: the median of the seeds, and in brackets the least and the largest."""
    lines = [
        f"| objective | {' | '.join(words for words, _ in _FIGURES.values())} |",
        f"|---|{'--:|' * len(_FIGURES)}",
    ]
    for name in OBJECTIVES:
        runs = [found for run, found in results.items() if run.startswith(f"{name}, seed")]
        if runs:
            cells = [_over_seeds([run[key] for run in runs], form) for key, (_, form) in _FIGURES.items()]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, *not_run(recipes(), results)])


def _over_seeds(values: list[float], form: str) -> str:
    least, middle, most = (form.format(value) for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({least} to {most})"


def main() -> None:
    """Train what is missing, and write the table into the page."""
    options = arguments("Measures of disentanglement by objective, over five seeds.")
    results = run_all(recipes(), RESULTS, options.runs, options.only, score)
    print(table(results))
    write_rows(PAGE, "disentanglement", table(results))


if __name__ == "__main__":
    main()
