"""The real examples that an export is calibrated and proven on."""

import functools
from typing import Any, NamedTuple

import numpy as np

from keras_vae._batches import in_batches
from keras_vae.models import DiscreteCodes, LatentPrior, Reconstructs, validation

_SAMPLED = 1000


class Examples(NamedTuple):
    """Examples that the model takes."""

    data: np.ndarray
    """`(N,) + data_shape`, float32."""
    labels: np.ndarray | None
    """int `(N,)`, images `(N,) + condition_shape` or vectors of attributes `(N, K)`, for a conditional model."""
    source: str
    """Where they are from, for the report."""

    def condition(self, model: Any) -> np.ndarray | None:
        """The condition vectors, `(N, C)`, that the networks see, or None."""
        if self.labels is None:
            return None
        return in_batches(lambda part: model.features(model.condition_of(part, len(part))), self.labels)

    def first(self, count: int) -> "Examples":
        """The first `count` of them."""
        return Examples(self.data[:count], None if self.labels is None else self.labels[:count], self.source)


def examples_for(model: Any, examples: Any, source: str = "given by the caller") -> Examples:
    """Check examples for an export of `model`.

    Args:
        model: the model.
        examples: an array of data, or a pair of data and labels (an unconditional model leaves the labels alone). None draws
            some from the model itself, if it is one that can be drawn from.
        source: where they are from.

    Raises:
        TypeError: if `model` is no model of this library.
        ValueError: if the examples are not what the model takes, or none are left.
    """
    if not isinstance(model, Reconstructs):
        raise TypeError(
            f"{type(model).__name__} is no autoencoder of this library, so it has no encoder and decoder to export. "
            "For another keras.Model use its own export method."
        )
    if examples is None:
        return Examples(*sampled(model), "sampled from the model itself")
    data, labels = examples if isinstance(examples, tuple | list) and len(examples) == 2 else (examples, None)
    data = np.asarray(validation.data(np.asarray(data), model.data_shape, model.likelihood.support))
    if not len(data):
        raise ValueError("There are no examples: give at least one, better a few hundred.")
    if not model.conditional:
        return Examples(data, None, source)
    labels = model.as_labels(labels)
    model.condition_of(None if labels is None else np.asarray(labels), len(data))  # raises if they do not fit
    return Examples(data, np.asarray(labels), source)


@functools.singledispatch
def sampled(model: Any) -> tuple[np.ndarray, Any]:
    """Data that a model samples itself, and their labels or None; by default there are none.

    Raises:
        ValueError: if the model does not sample data.
    """
    raise ValueError(f"{type(model).__name__} does not sample: give examples of its data.")


@sampled.register(DiscreteCodes)
def _codes_are_slow(model: Any) -> tuple[np.ndarray, Any]:
    raise ValueError(f"{type(model).__name__} samples one code after the other: give examples of its data.")


@sampled.register(LatentPrior)
def _from_prior(model: Any) -> tuple[np.ndarray, Any]:
    labels = model.example_labels(_SAMPLED)
    z = model.prior_given(None if labels is None else model.condition_of(labels, _SAMPLED))
    z = z.sample(_SAMPLED if z.batch_shape.rank == 0 else (), seed=0)
    data = model.decode(z, labels).sample(seed=1).numpy()
    if model.likelihood.support is not None:
        data = np.clip(data, *model.likelihood.support)
    return data, labels
