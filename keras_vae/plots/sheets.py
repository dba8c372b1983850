"""Sheets of what a model makes while it is trained."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks, _files
from keras_vae.models import Reconstructs, Samples
from keras_vae.plots import grids
from keras_vae.plots.figure import Figure, save
from keras_vae.training import ExamplesCallback

_MID_EPOCH_SECONDS = 45.0
"""Time without a sheet after which one is written in the middle of an epoch, so that the first comes within a minute."""
_END_OF_EPOCH_SECONDS = 10.0
"""The same at an epoch's end, where the weights are those that would be kept."""
_COST = 0.03
"""Share of the time of training that sheets may take."""
_SPREAD = 0.1
"""Share of the time so far that lies between two sheets: a hundred of them, about, tell a run of any length."""
_WIDTH = 640
"""Pixels of a row of images, about, so that sheets of large images cost no more than those of small ones."""
_SAMPLE_ROWS = 3
_MOST_CLASSES = 10
_LONGEST_NAME = 20


class TrainingSheets(ExamplesCallback):
    """Writes sheets of reconstructions and samples while a model is trained, the first within a minute.

    A sheet shows the same images and the same latents each time. One is written at the end of an epoch, and in the middle of a long
    one, where the last is old enough: sheets take some per cent of the time at most.

    >>> model.fit(images, epochs=20, callbacks=[plots.TrainingSheets("sheets", images[:8])])

    Args:
        folder: gets `step_0000123.png` and so on, by the number of optimizer steps, and `latest.png`.
        images: to reconstruct, float32 `(N,) + data_shape`; None for samples alone, or where `training.train` gives them.
        labels: of the images, for a conditional model.
        class_names: words for the labels, in their order; by default their numbers.
        seed: of the samples.
        first_seconds: time after which the first sheet is written in the middle of an epoch.

    Raises:
        ValueError: if `seed` or `first_seconds` is out of its range.
    """

    def __init__(
        self,
        folder: str | Path,
        images: Any = None,
        labels: Any = None,
        class_names: Sequence[str] = (),
        seed: int = 0,
        first_seconds: float = _MID_EPOCH_SECONDS,
    ):
        super().__init__()
        self._folder = Path(folder)
        self._images, self._labels = images, labels
        self._held_out: bool | None = None
        self._class_names = class_names
        self._seed = _checks.positive_int("seed", seed, maximum=2**31, minimum=0)
        self._first_seconds = _checks.finite_float("first_seconds", first_seconds, minimum=0.0, maximum=1e6)
        self._epoch = 0
        self._begun = self._last = time.monotonic()
        self._written = 0
        self._took = 0.0

    def set_examples(self, images: Any, labels: Any, held_out: bool) -> None:
        """Take images to reconstruct: see `training.ExamplesCallback`."""
        self._images, self._labels, self._held_out = images, labels, held_out

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the clock."""
        self._begun = self._last = time.monotonic()
        self._written, self._took = 0, 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write a sheet in a long epoch, if the last one is old enough."""
        if self._is_due(_MID_EPOCH_SECONDS if self._written else self._first_seconds):
            self.write(f"In epoch {self._epoch + 1}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a sheet, if the last one is old enough."""
        if self._is_due(min(_END_OF_EPOCH_SECONDS, self._first_seconds)):
            self.write(f"After epoch {epoch + 1}")

    def write(self, when: str, model: Any = None) -> Path | None:
        """Write a sheet now.

        Args:
            when: the title.
            model: by default the one that is trained.

        Returns:
            The path of the sheet; None for a model that makes no images.

        Raises:
            OSError: if it cannot be written.
        """
        begun, model = time.monotonic(), self.model if model is None else model
        figure = self._sheet(model, when)
        path = None
        if figure is not None:
            step = int(model.optimizer.iterations) if model.compiled else 0
            path = save(figure, self._folder / f"step_{step:07d}.png")
            with _files.replacing(self._folder / "latest.png") as part:
                shutil.copyfile(path, part)
        self._last = time.monotonic()
        # The first sheet of a process takes long, once: TensorFlow compiles, and matplotlib is loaded.
        self._took = self._last - begun if self._written else 0.0
        self._written += 1
        return path

    def _is_due(self, least: float) -> bool:
        now = time.monotonic()
        return now - self._last >= max(least, self._took / _COST, _SPREAD * (now - self._begun))

    def _sheet(self, model: Any, when: str) -> Figure | None:
        if not isinstance(model, Reconstructs | Samples):
            return None
        shape = model.data_shape
        if len(shape) != 3 or shape[-1] not in (1, 3):
            return None
        columns = int(np.clip(_WIDTH // (shape[1] + 2), 4, 10))
        rows = [*self._reconstructions(model, columns), *self._samples(model, columns)]
        if not rows:
            return None
        words, images = zip(*rows, strict=True)
        made = np.nan_to_num(np.concatenate(images))  # of weights that have just become infinite
        return grids.grid_figure(made, columns, when, words)

    def _reconstructions(self, model: Any, columns: int) -> list[tuple[str, np.ndarray]]:
        if self._images is None or not isinstance(model, Reconstructs):
            return []
        x = np.asarray(self._images)
        places = np.unique(np.linspace(0, len(x) - 1, min(columns, len(x))).round().astype(int))
        labels = np.asarray(self._labels)[places] if model.conditional else None
        given = grids.full_row(x[places], columns)
        made = grids.full_row(np.asarray(model.reconstruct(x[places], labels)), columns)
        words = {True: "held-out images", False: "training images", None: "images"}[self._held_out]
        return [(words, given), ("reconstructions", made)]

    def _samples(self, model: Any, columns: int) -> list[tuple[str, np.ndarray]]:
        if not grids.samples_unasked(model):
            return []
        if not model.conditional:
            made = np.asarray(model.sample(_SAMPLE_ROWS * columns, seed=self._seed))
            words = ["samples"] + [""] * (_SAMPLE_ROWS - 1)
        else:
            classes = np.arange(min(model.num_classes, _MOST_CLASSES))
            made = np.asarray(model.sample(labels=np.repeat(classes, columns), seed=self._seed))
            words = [f"samples: {self._name(int(label))}" for label in classes]
        return list(zip(words, made.reshape(len(words), columns, *made.shape[1:]), strict=True))

    def _name(self, label: int) -> str:
        name = self._class_names[label] if label < len(self._class_names) else str(label)
        return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
