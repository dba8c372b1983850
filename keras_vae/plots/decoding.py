"""From images to the codes that are drawn, and from rows of codes to images."""

from typing import Any

import numpy as np

from keras_vae.models import Reconstructs


def vectors(model: Any, images: Any, labels: Any = None) -> np.ndarray:
    """The codes of images `(N, Z)`; of a VAE the means of its posteriors.

    Raises:
        ValueError: if the model's codes are no vectors of numbers.
    """
    of_model = isinstance(model, Reconstructs)
    codes = np.asarray(model.code(images, labels if model.conditional else None)) if of_model else np.zeros(0, int)
    if codes.dtype.kind != "f":
        raise ValueError(f"{model.name} is a {type(model).__name__}, which has no code that one could move a little.")
    return codes


def decoded_rows(model: Any, z: np.ndarray, labels: Any = None) -> np.ndarray:
    """The means of p(x|z) for rows of codes `(rows, columns, Z)`: `(rows, columns) + data_shape`; labels are one a row."""
    rows, columns, size = z.shape
    each = None if labels is None else np.repeat(labels, columns)
    made = model.decode(z.reshape(-1, size).astype("float32"), each).mean().numpy()
    return made.reshape(rows, columns, *made.shape[1:])
