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
