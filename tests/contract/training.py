"""Small trainings that the suites have in common."""

from typing import Any

import numpy as np

from keras_vae._backend import keras


def often(*arrays: np.ndarray) -> list[np.ndarray]:
    """The same examples ten times: to begin an epoch takes Keras as long as twenty steps of a small model."""
    return [np.concatenate([array] * 10) for array in arrays]


def trains_the_same(model: Any, batch: Any, learning_rate: float, *ways: dict[str, Any], rtol: float = 1e-4) -> None:
    """Assert that the losses are those of plain `compile` when the model is compiled in other ways."""
    x, y = batch
    weights = model.get_weights()
    losses = []
    for arguments in ({}, *ways):
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(learning_rate), seed=5, **arguments)
        losses.append(model.fit(x, y, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"])
    for found in losses[1:]:
        np.testing.assert_allclose(found, losses[0], rtol=rtol)
