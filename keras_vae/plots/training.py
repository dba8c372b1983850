"""The curves of training."""

from typing import Any

import numpy as np

from keras_vae.plots.figure import Figure


def training_curves(history: Any) -> Figure:
    """Plot the logs of training: ELBO, log-likelihood and KL by epoch, in nats, training and validation.

    Args:
        history: what `fit` returned, its `history` dict, the list of `keras_vae.training.read_history`, or the stages of
            `keras_vae.training.read_stages`, which are drawn one after the other with a line between them.

    Raises:
        ValueError: if it holds none of these figures.
    """
    stages = _stages(getattr(history, "history", history))
    names = {name for stage in stages for name in stage}
    panels = [name for name in ("elbo", "log_likelihood", "kl", "accuracy") if name in names]
    if not panels:
        raise ValueError(
            f"The history has {', '.join(sorted(names)) or 'nothing'}: it holds none of elbo, log_likelihood, kl, accuracy."
        )
    lengths = [len(next(iter(stage.values()))) for stage in stages]
    for stage, length in zip(stages, lengths, strict=True):
        if wrong := [name for name, values in stage.items() if len(values) != length or not length]:
            raise ValueError(
                f"{wrong[0]!r} has {len(stage[wrong[0]])} epochs, and the history {length}: give one value per epoch."
            )
    epochs = np.arange(1, sum(lengths) + 1)
    figure = Figure(figsize=(4 * len(panels), 3), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        of_training, of_validation = (_joined(stages, lengths, key) for key in (name, f"val_{name}"))
        axes.plot(epochs, of_training, label="training")
        if np.isfinite(of_validation).any():
            axes.plot(epochs, of_validation, label="validation")
            axes.legend(frameon=False)
        for end in np.cumsum(lengths)[:-1]:
            axes.axvline(end + 0.5, color="grey", linewidth=0.8, linestyle="--")
        # The first epochs would squeeze all that follows into a line.
        later = slice(len(epochs) // 20, None)
        shown = np.concatenate([of_training[later], of_validation[later]])
        shown = shown[np.isfinite(shown)]
        if shown.size:  # nothing is left of a training that diverged at once
            least, most = float(shown.min()), float(shown.max())
            margin = 0.05 * (most - least) or 1.0
            axes.set_ylim(least - margin, most + margin)
        axes.set_title(name.replace("_", " ") + ("" if name == "accuracy" else ", nats"), fontsize=10)
        axes.set_xlabel("epoch")
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _stages(logs: Any) -> list[dict[str, list[float]]]:
    """The logs of each stage by name."""
    if isinstance(logs, dict):
        return [logs]
    stages = logs if logs and isinstance(logs[0], list) else [logs]
    return [{key: [line[key] for line in stage] for key in stage[0]} for stage in stages if stage]


def _joined(stages: list[dict[str, list[float]]], lengths: list[int], name: str) -> np.ndarray:
    """A figure over all stages; nothing is drawn over one that lacks it."""
    return np.concatenate(
        [np.asarray(stage.get(name, [np.nan] * length), float) for stage, length in zip(stages, lengths, strict=True)]
    )
