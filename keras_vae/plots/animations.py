"""An animation of what a model makes while it is trained."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks, _files
from keras_vae._backend import keras
from keras_vae.plots import grids, latent
from keras_vae.plots.traversals import save_gif

MOST_FRAMES = 40
MOST_BYTES = 2_000_000
_COLORS = 64
_SIDE = 272
"""Pixels of a frame, at most, but for the scale."""
_PLANE = 15


class TrainingGif(keras.callbacks.Callback):
    """Makes an animation of training: the latent plane of a model with two latents, samples of the same latents of any other (by
    class, for a conditional model).

    It has at most 40 frames, more of them early in training, where most changes, and a file of at most 2 MB. The frames are kept
    beside the GIF, so that training that was stopped and goes on adds to them.

    >>> model.fit(images, epochs=20, callbacks=[plots.TrainingGif("training.gif")])

    Args:
        path: of the GIF, which is written when training ends; its frames are in a folder of that name with `_frames` behind.
        seed: of the latents.
        frames_per_second: of the GIF.
        scale: screen pixels per pixel.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(self, path: str | Path, seed: int = 0, frames_per_second: float = 6.0, scale: int = 1):
        super().__init__()
        self._path = Path(path)
        self._frames = self._path.with_name(self._path.stem + "_frames")
        self._seed = _checks.positive_int("seed", seed, maximum=2**31, minimum=0)
        self._rate = _checks.finite_float("frames_per_second", frames_per_second, minimum=1.0, maximum=50.0)
        self._scale = _checks.positive_int("scale", scale, maximum=16)

    def on_train_begin(self, logs: Any = None) -> None:
        """Refuse a model that cannot sample.

        Raises:
            ValueError: if the model has no `sample`, or images as conditions.
        """
        if not grids.samples_unasked(self.model):
            raise ValueError(
                f"{self.model.name} is a {type(self.model).__name__}: it does not sample images, so leave TrainingGif out."
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Make the frame of the epoch, if it is to have one."""
        with _checks.extra("plots", "Plotting"):
            from PIL import Image

        if epoch + 1 not in frame_epochs(self.params["epochs"]):
            return
        with _files.replacing(self._frames / f"epoch_{epoch + 1:05d}.png") as part:
            _with_colors(Image.fromarray(self._sheet()), _COLORS).save(part, format="PNG", optimize=True)

    def on_train_end(self, logs: Any = None) -> None:
        """Write the GIF of the frames so far."""
        self.write()

    def write(self) -> Path | None:
        """Write the GIF of the frames so far; returns its path, None where there is no frame.

        Raises:
            OSError: if it cannot be written; what was there stays.
        """
        with _checks.extra("plots", "Plotting"):
            from PIL import Image

        paths = sorted(self._frames.glob("epoch_*.png"))
        if not paths:
            return None
        # More than there may be come from a training that had other numbers of epochs before.
        paths = [paths[i] for i in np.unique(np.linspace(0, len(paths) - 1, MOST_FRAMES).round().astype(int))]
        colors = _COLORS
        while True:
            frames = [
                np.asarray(_with_colors(Image.open(path).convert("RGB"), colors).convert("RGB")) for path in paths
            ]
            hold = [frames[-1]] * round(2 * self._rate)  # what was learned stays to be looked at
            save_gif([*frames, *hold], self._path, self._rate, self._scale)
            if self._path.stat().st_size <= MOST_BYTES or (colors <= 8 and len(paths) <= 2):
                return self._path
            # Images of noise do not compress.
            if colors > 8:
                colors //= 2
            else:
                paths = [*paths[:-1:2], paths[-1]]

    def _sheet(self) -> np.ndarray:
        model = self.model
        if latent.has_plane(model):
            return _shrunk(grids.image_grid(np.nan_to_num(latent.manifold_images(model, _PLANE)), _PLANE, padding=0))
        columns = int(np.clip(_SIDE // (model.data_shape[1] + 2), 2, 8))
        if model.conditional:
            rows = min(model.num_classes, columns)
            images = model.sample(labels=np.repeat(np.arange(rows), columns), seed=self._seed)
        else:
            images = model.sample(columns * columns, seed=self._seed)
        return _shrunk(grids.image_grid(np.nan_to_num(images), columns))


def frame_epochs(epochs: int) -> set[int]:
    """The epochs that have a frame, the first and the last among them: at most 40, closer to each other early in training."""
    count = min(epochs, MOST_FRAMES)
    spread = 1 + np.round((epochs - 1) * np.linspace(0.0, 1.0, count) ** 2)
    return set(np.maximum(spread, np.arange(count) + 1).astype(int).tolist())


def _shrunk(sheet: np.ndarray) -> np.ndarray:
    """A sheet whose longer side is at most that of a frame."""
    with _checks.extra("plots", "Plotting"):
        from PIL import Image

    image = Image.fromarray(sheet)
    image.thumbnail((_SIDE, _SIDE))
    return np.asarray(image)


def _with_colors(image: Any, colors: int) -> Any:
    """The image with at most so many colours, without the dots of dithering, which do not compress."""
    with _checks.extra("plots", "Plotting"):
        from PIL import Image

    return image.quantize(colors, dither=Image.Dither.NONE)
