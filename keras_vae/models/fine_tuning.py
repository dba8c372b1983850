"""Changing a trained model before it learns on: freezing a half, adding classes."""

from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._backend import tf
from keras_vae.models.base import EncoderDecoder
from keras_vae.models.conditional_vae import ConditionalVAE

_PARTS = {"encoder": ("encoder", "posterior", "quantizer"), "decoder": ("decoder", "likelihood"), "prior": ("prior",)}


def freeze(model: EncoderDecoder, part: str) -> None:
    """Keep the weights of `part` as they are in training. Call `compile` afterwards, as Keras asks for.

    Args:
        model: the model.
        part: `"encoder"` (with the posterior, or the books of codes), `"decoder"` (with the likelihood), or `"prior"`, as far as
            the model has them.

    Raises:
        ValueError: if there is no such part, or it is no model of this library.
    """
    _set_trainable(model, part, False)


def unfreeze(model: EncoderDecoder, part: str) -> None:
    """Undo `freeze`. Call `compile` afterwards."""
    _set_trainable(model, part, True)


def _set_trainable(model: EncoderDecoder, part: str, trainable: bool) -> None:
    _check_model(model)
    names = [name for name in _PARTS[_checks.one_of("part", part, tuple(_PARTS))] if name in model.parts]
    if not names:
        raise ValueError(f"{type(model).__name__} has no {part}.")
    for name in names:
        model.parts[name].trainable = trainable


def _check_model(model: Any) -> None:
    if not isinstance(model, EncoderDecoder):
        raise ValueError(
            f"model={_checks.shown(model)}: must be a model of keras_vae.models with an encoder and a decoder."
        )


def copy_of(model: EncoderDecoder) -> EncoderDecoder:
    """Make a model of the same configuration and weights, not compiled, so that the first can be kept to compare with.

    Raises:
        ValueError: if it is no model of this library.
    """
    _check_model(model)
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy


def with_classes(model: ConditionalVAE, num_classes: int) -> ConditionalVAE:
    """Make a conditional model with more classes that keeps what the old one knows.

    For the old labels it computes the same as before. A new label starts as the mean of the old ones, a blend
    of all classes, and becomes what `fit` shows it.

    Args:
        model: a trained conditional model.
        num_classes: number of classes of the new model, more than the old one has.

    Returns:
        A new model; `model` itself is left alone.

    Raises:
        ValueError: if the model is not conditional on labels, or `num_classes` is not larger than before.
    """
    if type(model) is not ConditionalVAE:
        raise ValueError(f"with_classes takes a ConditionalVAE, and the model is a {type(model).__name__}.")
    old = model.num_classes
    num_classes = _checks.positive_int("num_classes", num_classes)
    if num_classes <= old:
        raise ValueError(f"num_classes={num_classes}: must be more than the {old} that the model has.")
    config = {**model.get_config(), "num_classes": num_classes}
    wider = type(model).from_config({key: value for key, value in config.items() if key != "frozen"})
    for source, target in zip(model.variables, wider.variables, strict=True):
        target.assign(_widened(source.numpy(), tuple(target.shape), old))
    return wider


def _widened(weights: np.ndarray, shape: tuple[int, ...], old: int) -> Any:
    """`weights` with rows for the new classes. The condition stands last in a layer's input, so its rows are the last."""
    new = shape[0] - weights.shape[0] if shape else 0
    if not new:
        return weights
    mean = weights[-old:].mean(axis=0, keepdims=True)
    return tf.concat([weights, np.repeat(mean, new, axis=0)], axis=0)
