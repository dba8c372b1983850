"""Is the importance-sampled likelihood loose? Annealed importance sampling of the same images, beside it."""

import argparse
import json
import math
from typing import Any

import numpy as np
from common import HERE, PAGE, write_rows

from keras_vae import _files, data, evaluation, zoo

RESULTS = HERE / "results" / "annealed.json"
PRESETS = ("mnist_vae", "mnist_vampprior")

IMAGES = 100
IMPORTANCE_SAMPLES = 5000
CHAINS, STEPS, LEAPFROG = 16, 500, 10


def compare(preset: str) -> dict[str, Any]:
    """Both estimates of the first test images, binarised once."""
    model = zoo.load(preset)
    images, _ = data.arrays("mnist", "test", "dynamic_binarization", seed=0)
    images = images[:IMAGES]
    sampled = model.importance_estimate(images, num_samples=IMPORTANCE_SAMPLES, seed=0)
    annealed = evaluation.annealed_importance_estimate(
        model, images, num_chains=CHAINS, num_steps=STEPS, num_leapfrog=LEAPFROG, seed=0
    )
    difference = annealed.log_prob.numpy() - sampled.log_prob.numpy()
    return {
        "weights_sha256": zoo.manifest(zoo.preset_folder(preset))["sha256"],
        "nll_importance": round(-float(np.mean(sampled.log_prob)), 3),
        "nll_annealed": round(-float(np.mean(annealed.log_prob)), 3),
        "difference": round(float(difference.mean()), 3),
        "difference_standard_error": round(float(difference.std(ddof=1)) / math.sqrt(IMAGES), 3),
        "effective_samples_importance": round(float(np.median(sampled.effective_samples)), 1),
    }


def table(results: dict[str, Any]) -> str:
    """The rows as Markdown, in nats."""
    lines = [
        f"On the first {IMAGES} test images, {IMPORTANCE_SAMPLES:,} importance samples against {CHAINS} chains over {STEPS} "
        f"distributions, each with {LEAPFROG} leapfrog steps:",
        "",
    ]
    lines += ["| preset | NLL, importance sampling | NLL, annealed | difference of log p(x) |", "|---|--:|--:|--:|"]
    for name, found in results.items():
        lines.append(
            f"| {name} | {found['nll_importance']:.2f} | {found['nll_annealed']:.2f} "
            f"| {found['difference']:+.3f} ± {found['difference_standard_error']:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Score the presets anew, and write the table into the page."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    results = {}
    for preset in PRESETS:
        results[preset] = compare(preset)
        print(preset, json.dumps(results[preset]), flush=True)
    _files.write_json(RESULTS, results)
    write_rows(PAGE, "annealed", table(results))


if __name__ == "__main__":
    main()
