"""Counts the active latents of a model while it is trained."""

from typing import Any

import numpy as np

from keras_vae import _active_units

NAME = "active_units"
"""Its name in the logs."""
IMAGES = 200
"""Images that tell it: enough for a variance to a tenth, and a few per cent of the time of an epoch of some thousand."""


class ActiveUnits:
    """Counts the latents that images move, always by the same images.

    Args:
        model: with a posterior over its latents.
        images: float32 `(N,) + data_shape`; of more than `IMAGES`, that many are taken, evenly spread.
        labels: their labels or conditions, for a conditional model.
    """

    def __init__(self, model: Any, images: np.ndarray, labels: Any):
        places = np.unique(np.linspace(0, len(images) - 1, min(IMAGES, len(images))).round().astype(int))
        self._model = model
        self._images, self._labels = images[places], labels[places] if model.conditional else None

    def __call__(self) -> dict[str, float]:
        """The number of active latents as a log; no log where the posterior has no mean that is known."""
        try:
            means = self._model.encode(self._images, self._labels).mean()
        except NotImplementedError:  # a posterior of a user's own
            return {}
        return {NAME: float(_active_units.active(np.asarray(means)).sum())}
