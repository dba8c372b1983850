"""Callbacks that a user's own `fit` can take as well."""

import math
from typing import Any

from keras_vae._backend import keras


class NonFiniteLossError(ArithmeticError):
    """A term of the loss became infinite or NaN."""


REMEDY = (
    "Lower the learning rate, clip the gradient (global_clipnorm), or raise the floor of a trained scale. "
    "A checkpoint is from before this."
)


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
