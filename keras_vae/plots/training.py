"""Pictures along the way of training."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks, _files
from keras_vae._backend import keras
from keras_vae.plots import grids, latent
from keras_vae.plots.figure import Figure, save
from keras_vae.plots.traversals import save_gif


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
        if not grids.draws_unasked(model):
            return
        figure = (grids.samples_by_class if model.conditional else grids.samples)(model, seed=self._seed)
        save(figure, self._folder / f"epoch_{number:05d}.png")


class TrainingGif(keras.callbacks.Callback):
    """Makes a moving picture of training: after each epoch the latent plane of a model with two latents, of another the images of
    the same latents (by class, for a conditional model).

    The pictures are kept beside the GIF, so that training that was stopped and goes on adds to them.

    >>> model.fit(images, epochs=20, callbacks=[plots.TrainingGif("training.gif")])

    Args:
        path: of the GIF, which is written when training ends; its pictures are in a folder of that name with `_frames` behind.
        seed: of the latents.
        frames_per_second: of the GIF.
        scale: screen pixels a pixel.
    """

    def __init__(self, path: str | Path, seed: int = 0, frames_per_second: float = 6.0, scale: int = 2):
        super().__init__()
        self._path = Path(path)
        self._frames = self._path.with_name(self._path.stem + "_frames")
        self._seed = _checks.positive_int("seed", seed, maximum=2**31, minimum=0)
        self._rate = _checks.finite_float("frames_per_second", frames_per_second, minimum=1.0, maximum=50.0)
        self._scale = _checks.positive_int("scale", scale, maximum=16)

    def on_train_begin(self, logs: Any = None) -> None:
        """Refuse a model that draws nothing.

        Raises:
            ValueError: if the model has no `sample`, or pictures as conditions.
        """
        if not grids.draws_unasked(self.model):
            raise ValueError(
                f"{self.model.name} is a {type(self.model).__name__}: it draws no images unasked, so leave TrainingGif out."
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Draw the epoch's picture."""
        from PIL import Image

        with _files.replacing(self._frames / f"epoch_{epoch + 1:05d}.png") as part:
            Image.fromarray(self._sheet()).save(part, format="PNG")

    def on_train_end(self, logs: Any = None) -> None:
        """Write the GIF of the pictures so far."""
        from PIL import Image

        frames = [np.asarray(Image.open(path)) for path in sorted(self._frames.glob("epoch_*.png"))]
        if frames:
            hold = [frames[-1]] * round(2 * self._rate)  # what was learned stays to be looked at
            save_gif([*frames, *hold], self._path, self._rate, self._scale)

    def _sheet(self) -> np.ndarray:
        model = self.model
        if getattr(model, "conditional", False):
            return grids.image_grid(model.sample(labels=grids.every_class(model, 8), seed=self._seed), 8)
        if getattr(model, "latent_size", 0) == 2:
            return grids.image_grid(latent.manifold_images(model, 15), 15, padding=0)
        return grids.image_grid(model.sample(64, seed=self._seed), 8)
