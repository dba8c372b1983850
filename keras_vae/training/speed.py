"""How many optimizer steps fit into a time on this machine."""

import time

import numpy as np

from keras_vae import _checks, augment, data
from keras_vae._backend import keras
from keras_vae.models import plain_data
from keras_vae.training.recipe import Recipe

# The first steps compile, and the next ones still warm caches.
_WARM, _TIMED = 5, 20
# Share of the time for steps; the rest is starting, validation and sheets.
_FOR_STEPS = 0.85


def steps_in(recipe: Recipe, minutes: float) -> int:
    """Number of optimizer steps of a recipe that take about so long here, measured on some steps with random images.

    Args:
        recipe: whose model, batch size, objective and preprocessing count.
        minutes: time for the whole training, including validation.

    Raises:
        ValueError: if the time is not from 0.1 to 100,000 minutes.
    """
    minutes = _checks.finite_float("minutes", minutes, minimum=0.1, maximum=1e5)
    settings = recipe.training
    model = plain_data.build(recipe.model)
    recipe.compile_model(model, 1, settings.batch_size, steps_per_execution=1)  # so that each step can be timed
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2 * settings.batch_size, *model.data_shape)).astype("uint8")
    classes = model.num_classes or 1
    stream = data.training_stream(
        data.Images(images, rng.integers(0, classes, len(images))),
        augment.preprocessing_named(recipe.data.preprocessing),
        settings.batch_size,
        steps_per_epoch=_WARM + _TIMED,
    )
    clock = _Clock()
    model.fit(stream, steps_per_epoch=_WARM + _TIMED, shuffle=False, verbose=0, callbacks=[clock])
    return max(1, int(_FOR_STEPS * 60.0 * minutes / clock.seconds_per_step))


class _Clock(keras.callbacks.Callback):
    """Times the steps after the first ones."""

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if batch == _WARM - 1:
            self._started = time.perf_counter()
        if batch == _WARM + _TIMED - 1:
            self.seconds_per_step = (time.perf_counter() - self._started) / _TIMED
