"""Changing a trained model before it learns on: freezing a half, adding classes."""

from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._backend import tf
from keras_vae.models.base import EncoderDecoder
from keras_vae.models.conditional_vae import ConditionalVAE

# Sums over one more class are rounded differently, in half precision by more; rows in the wrong place are off by far more.
_TOLERANCE, _TOLERANCE_OF_HALF = 1e-3, 2e-2
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
        ValueError: if the model is not conditional on labels, `num_classes` is not larger than before, or a part of one's own takes
            the condition in another way than the library's parts do.
    """
    if type(model) is not ConditionalVAE:
        raise ValueError(f"with_classes takes a ConditionalVAE, and the model is a {type(model).__name__}.")
    old = model.num_classes
    num_classes = _checks.positive_int("num_classes", num_classes)
    if num_classes <= old:
        raise ValueError(f"num_classes={num_classes}: must be more than the {old} that the model has.")
    config = {**model.get_config(), "num_classes": num_classes}
    wider = type(model).from_config({key: value for key, value in config.items() if key != "frozen"})
    for name, part in model.parts.items():
        first = getattr(part, "condition_rows", "last") == "first"
        pairs = list(zip(part.variables, wider.parts[name].variables, strict=False))
        if len(part.variables) != len(wider.parts[name].variables):
            raise ValueError(_unknown_way(name))
        for source, target in pairs:
            weights = _widened(source.numpy(), num_classes - old, old, first, tuple(target.shape))
            if weights.shape != tuple(target.shape):
                raise ValueError(_unknown_way(name))
            target.assign(weights)
    _check_old_labels(model, wider)
    return wider


def _widened(weights: np.ndarray, new: int, old: int, first: bool, shape: tuple[int, ...]) -> np.ndarray:
    """`weights` with rows for the new classes, if `shape` has so many more: each the mean of the rows of the old classes."""
    if not shape or len(shape) != weights.ndim or shape[0] - weights.shape[0] != new:
        return weights
    at = old if first else len(weights)
    rows = weights[at - old : at]
    return np.concatenate([weights[:at], np.repeat(rows.mean(axis=0, keepdims=True), new, axis=0), weights[at:]])


def _check_old_labels(model: ConditionalVAE, wider: ConditionalVAE) -> None:
    """Raise `ValueError` if a part gives something else for the old labels than before.

    A part of one's own may keep the rows of the condition anywhere, and the shapes of its weights do not tell.
    """
    random, count = np.random.default_rng(0), model.num_classes
    x = tf.constant(random.uniform(size=(count, *model.data_shape)), tf.float32)
    z = tf.constant(random.normal(size=(count, model.latent_size)), tf.float32)
    before, after = (
        {
            "encoder": m.encoder_outputs(x, m.condition_of(np.arange(count), count)),
            "prior": m.prior_given(m.condition_of(np.arange(count), count)).log_prob(z),
            "decoder": m.decoder([z, m.condition_of(np.arange(count), count)]),
        }
        for m in (model, wider)
    )
    tolerance = _TOLERANCE if model.dtype_policy.compute_dtype == "float32" else _TOLERANCE_OF_HALF
    for name, values in before.items():
        scale = 1.0 + np.abs(values).max()
        if np.abs(after[name] - values).max() > tolerance * scale:
            raise ValueError(_unknown_way(name))


def _unknown_way(name: str) -> str:
    return (
        f"with_classes cannot widen the {name}: it would give other values for the labels that the model has. The condition must "
        "be the last of a layer's inputs (in a prior, where its condition_rows says)."
    )
