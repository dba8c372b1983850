"""Pictures along the way of training."""

from pathlib import Path
from typing import Any

from keras_vae import _checks
from keras_vae._backend import keras
from keras_vae.plots import grids
from keras_vae.plots.figure import Figure, save


def training_curves(history: Any) -> Figure:
    """Plot the logs of training: ELBO, log-likelihood and KL by epoch, in nats, training and validation.

    Args:
        history: what `fit` returned, its `history` dict, or the list of `keras_vae.training.read_history`.
    """
    logs = getattr(history, "history", history)
    if isinstance(logs, list):
        logs = {key: [line[key] for line in logs] for key in logs[0]}
    panels = [name for name in ("elbo", "log_likelihood", "kl", "accuracy") if name in logs]
    if not panels:
        raise ValueError(
            f"The history has {', '.join(logs) or 'nothing'}: it holds none of elbo, log_likelihood, kl, accuracy."
        )
    figure = Figure(figsize=(4 * len(panels), 3), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        epochs = range(1, len(logs[name]) + 1)
        axes.plot(epochs, logs[name], label="training")
        if f"val_{name}" in logs:
            axes.plot(epochs, logs[f"val_{name}"], label="validation")
            axes.legend(frameon=False)
        # The first epochs would squeeze all that follows into a line.
        shown = sorted(logs[name][len(epochs) // 20 :] + logs.get(f"val_{name}", [])[len(epochs) // 20 :])
        margin = 0.05 * (shown[-1] - shown[0]) or 1.0
        axes.set_ylim(shown[0] - margin, shown[-1] + margin)
        axes.set_title(name.replace("_", " ") + ("" if name == "accuracy" else ", nats"), fontsize=10)
        axes.set_xlabel("epoch")
        axes.spines[["top", "right"]].set_visible(False)
    return figure


class SamplePictures(keras.callbacks.Callback):
    """Draws the same latents after epochs 1, 2, 5, 10, 20, 50, ... so that one sees what is learned.

    Args:
        folder: gets `epoch_00001.png` and so on.
        seed: of the latents.
    """

    def __init__(self, folder: str | Path, seed: int = 0):
        super().__init__()
        self._folder = Path(folder)
        self._seed = _checks.positive_int("seed", seed, maximum=2**31, minimum=0)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Draw, if it is time."""
        number = epoch + 1
        if str(number).rstrip("0") not in ("1", "2", "5"):
            return
        model = self.model
        if getattr(model, "conditional", False):
            figure = grids.samples_by_class(model, seed=self._seed)
        elif hasattr(model, "sample"):
            figure = grids.samples(model, seed=self._seed)
        else:
            return
        save(figure, self._folder / f"epoch_{number:05d}.png")
