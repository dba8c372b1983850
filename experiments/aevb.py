"""Figure 2 of Kingma & Welling (2014): the bound against training images seen, for several numbers of latents.

The paper's networks and minibatches; Adam stands where the paper has Adagrad, and the held-out images are the last of the training
set. The grey pixels of MNIST go into a Bernoulli as they are, as in the paper: the figure is comparable with the paper's alone.
"""

from pathlib import Path
from typing import Any

from common import DOCS, HERE, arguments, run_all
from matplotlib.figure import Figure

from keras_vae import plots

RESULTS = HERE / "results" / "aevb.json"
PICTURE = DOCS / "images" / "aevb_bound.png"

# Latents, images seen, and where the paper's curves end, read off the figure (about +-3 nats on MNIST, +-50 on Frey faces).
PANELS: dict[str, dict[str, Any]] = {
    "mnist": {
        "title": "MNIST, grey pixels",
        "latents": (3, 5, 10, 20, 200),
        "images": 10_000_000,
        "paper": {3: -128, 5: -115, 20: -101},
        "ylim": (-160, -90),
        "data": {"name": "mnist", "preprocessing": "scaling", "validation": 2000},
        "model": {"data_shape": [28, 28, 1], "hidden_units": [500], "likelihood": "bernoulli"},
    },
    "frey_faces": {
        "title": "Frey faces",
        "latents": (2, 5, 10, 20),
        "images": 2_000_000,
        "paper": {2: 1150, 20: 1600},
        "ylim": (0, 1800),
        "data": {"name": "frey_faces", "preprocessing": "scaling", "validation": 177},
        "model": {
            "data_shape": [28, 20, 1],
            "hidden_units": [200],
            "likelihood": {"name": "gaussian", "scale": "per_element"},
        },
    },
}
TRAINING_IMAGES = {"mnist": 58_000, "frey_faces": 1592}


def recipes() -> dict[str, dict[str, Any]]:
    """The recipe of every curve by its name."""
    found = {}
    for name, panel in PANELS.items():
        steps = TRAINING_IMAGES[name] // 100
        for latents in panel["latents"]:
            found[f"{name} {latents}"] = {
                "model": {"class": "VAE", "latent_size": latents, "activation": "tanh", **panel["model"]},
                "data": panel["data"],
                "optimizer": {"learning_rate": 5e-4, "schedule": "constant", "arguments": {"global_clipnorm": 100.0}},
                "training": {
                    "epochs": panel["images"] // (100 * steps),
                    "batch_size": 100,
                    "ema": 0.999,
                    "steps_per_execution": steps if steps < 50 else 58,
                    "jit_compile": True,
                },
            }
    return found


def curve(model: Any, history: list[dict[str, float]], recipe: dict[str, Any]) -> dict[str, Any]:
    """Images seen, and the bound on training and held-out images, at about 60 epochs evenly apart on a logarithmic axis."""
    steps = TRAINING_IMAGES[recipe["data"]["name"]] // 100
    epochs = sorted({round(len(history) ** (i / 59)) for i in range(60)})
    lines = [history[epoch - 1] for epoch in epochs]
    return {
        "summary": f"held-out bound {lines[-1]['val_elbo']:.2f} after {epochs[-1] * steps * 100:,} images",
        "images": [epoch * steps * 100 for epoch in epochs],
        "elbo": [round(line["elbo"], 3) for line in lines],
        "val_elbo": [round(line["val_elbo"], 3) for line in lines],
    }


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw a panel for each data set: training dashed, held-out solid, the paper's read-off values as crosses."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for axes, (name, panel) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        for i, latents in enumerate(panel["latents"]):
            found = results.get(f"{name} {latents}")
            if found is None:
                continue
            axes.plot(found["images"], found["val_elbo"], f"C{i}", label=f"{latents} latents")
            axes.plot(found["images"], found["elbo"], f"C{i}", linestyle="--", linewidth=0.8, alpha=0.7)
            if latents in panel["paper"]:
                axes.plot(found["images"][-1], panel["paper"][latents], f"C{i}x", markersize=9, markeredgewidth=2)
        axes.set_xscale("log")
        axes.set_ylim(*panel["ylim"])
        axes.set_title(panel["title"], fontsize=10)
        axes.set_xlabel("training images seen")
        axes.set_ylabel("lower bound, nats an image")
        axes.legend(frameon=False, fontsize=8, loc="lower right")
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "Held-out images solid, training images dashed; crosses: where the paper's curves end (read off its figure 2)",
        fontsize=9,
    )
    plots.save(figure, path)


def main() -> None:
    """Train what is missing, and draw what there is."""
    options = arguments("The bound against training images seen, for several numbers of latents.")
    results = run_all(recipes(), RESULTS, options.runs, options.only, curve)
    draw(results, PICTURE)
    print(f"\n{PICTURE}")


if __name__ == "__main__":
    main()
