"""Callbacks that a user's own `fit` can take as well."""

import abc
import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_vae._backend import keras, tf
from keras_vae.training.health import REMEDY


class NonFiniteLossError(ArithmeticError):
    """A term of the loss became infinite or NaN."""


class ExamplesCallback(keras.callbacks.Callback, abc.ABC):
    """A callback that shows images: `train` gives it some before training begins, held out where there are such."""

    @abc.abstractmethod
    def set_examples(self, images: Any, labels: Any, held_out: bool) -> None:
        """Take images to show.

        Args:
            images: as the model sees them, float32 `(N,) + data_shape`.
            labels: their labels, int64 `(N,)`, or what stands where labels stand.
            held_out: whether they are held out of training.
        """


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops training with an error that names the batch and the term, as soon as a logged term is infinite or NaN.

    Raises:
        NonFiniteLossError: then.
    """

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the logs."""
        bad = {name: float(value) for name, value in (logs or {}).items() if not math.isfinite(float(value))}
        if bad:
            # The sums go through the whole step, so name the terms they are made of where there are any.
            first = next((name for name in ("log_likelihood", "kl") if name in bad), next(iter(bad)))
            span = self.model.steps_per_execution
            where = f"batch {batch}" if span == 1 else f"one of the batches {batch - span + 1} to {batch}"
            raise NonFiniteLossError(
                f"The term {first!r} became {bad[first]} in {where} of epoch {self._epoch}. {REMEDY}"
            )


class Logs(keras.callbacks.TensorBoard):
    """TensorBoard's logs of losses and metrics; a disk that is full ends training in the error of every other file.

    Raises:
        OSError: then.
    """

    def __init__(self, folder: Path):
        super().__init__(folder, write_graph=False)
        self._folder = folder

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the epoch's values."""
        with self._told():
            super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Write what is not written yet."""
        with self._told():
            super().on_train_end(logs)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            reason = " ".join(str(getattr(error, "message", error)).split())
            raise OSError(
                f"{self._folder} cannot be written ({reason}). The last checkpoint is unharmed: free some space, or make the "
                "folder writable, and train again to go on."
            ) from error
