"""Weights on the int8 grid, rounded so that the errors of one weight are made good by the next.

Rounding each weight to the nearest step costs a VAE more than a classifier: its posteriors are sharp, and the ELBO notices. Here
each dense and convolutional kernel is rounded row by row, and what a row loses is taken up by the rows not yet rounded, as
the inputs' second moments say (GPTQ: Frantar et al., 2023, algorithm 1). Layers are taken in order, each on the inputs that
the rounded layers before it give. What comes out lies on the grid that a symmetric quantiser with one scale an output
channel finds again by itself, since the largest weight of each channel is kept at 127 steps.
"""

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from keras_vae._backend import keras, tf

_STEPS = 127
# Share of the mean second moment that is added to each, so that inputs that never change do not divide by zero.
_DAMPING = 1e-3
_MAX_ROWS = 20_000
_AT_A_TIME = 500
# Wider dense layers are left to the quantizer's own rounding: the moments of their inputs would not fit into memory.
_MAX_INPUTS = 8192


def round_network(network: keras.Model, inputs: list[np.ndarray], leave: Collection[str] = ()) -> keras.Model:
    """A copy of a functional network whose dense and convolutional kernels lie on the int8 grid.

    Args:
        network: an encoder or a decoder.
        inputs: examples of its inputs, in order.
        leave: names of layers that keep their kernel.
    """
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    for layer in copy.layers:
        as_matrix = _matrix_of(layer)
        if as_matrix is None or layer.name in leave or layer.kernel.shape[-2] > _MAX_INPUTS:
            continue
        seen = outputs(keras.Model(copy.inputs, layer.input), inputs)
        to_matrix, from_matrix, columns_of_a_channel = as_matrix
        rows = _rows_seen(layer, seen)
        layer.kernel.assign(from_matrix(rounded(to_matrix(layer.kernel.numpy()), rows, columns_of_a_channel)))
    return copy


def in_two_terms(network: keras.Model, name: str) -> keras.Model:
    """A copy of a network in which the kernel of the dense layer `name` is a sum of two, each to be rounded for itself.

    The second term is what the first loses by rounding, so that the sum has twice the bits in int8 operations alone.
    """

    def with_terms(layer: Any) -> Any:
        config = layer.get_config()
        return _DenseOfTwoTerms.from_config(config) if layer.name == name else type(layer).from_config(config)

    copy = keras.models.clone_model(network, clone_function=with_terms)
    for layer, target in zip(network.layers, copy.layers, strict=True):
        weights = layer.get_weights()
        if layer.name == name:
            scale = np.maximum(np.abs(weights[0]).max(axis=0), 1e-12) / _STEPS
            coarse = (np.round(weights[0] / scale) * scale).astype("float32")
            weights = [coarse, *weights[1:], weights[0] - coarse]
        target.set_weights(weights)
    return copy


class _DenseOfTwoTerms(keras.layers.Dense):
    """activation(x (K1 + K2) + b), computed as x K1 + x K2 + b."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Create the kernels."""
        super().build(input_shape)
        self.residual = self.add_weight(name="residual", shape=self.kernel.shape, initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """Compute the layer."""
        outputs = tf.matmul(inputs, self.kernel) + tf.matmul(inputs, self.residual)
        return self.activation(outputs if self.bias is None else outputs + self.bias)


def rounded(matrix: np.ndarray, inputs: np.ndarray, group: int = 1) -> np.ndarray:
    """Round a matrix to an int8 grid with one scale a channel, keeping `inputs @ matrix` as it is where that is possible.

    Args:
        matrix: `(I, G * O)`, with G columns of each of the O channels, the channel running fastest.
        inputs: what the matrix is multiplied with, `(N, I)`.
        group: G.

    Returns:
        A matrix of the same shape whose entries are whole multiples, from -127 to 127, of their channel's scale.
    """
    weights = matrix.astype("float64")
    moments = inputs.T.astype("float64") @ inputs / len(inputs)
    moments[np.diag_indices_from(moments)] += _DAMPING * max(float(np.diag(moments).mean()), 1e-12)
    scale = np.tile(_scales(weights, np.diag(moments), group), group)
    kept = _largest(weights, group)
    order = np.argsort(-np.diag(moments))
    factor = np.linalg.cholesky(np.linalg.inv(moments[np.ix_(order, order)])).T
    result = np.zeros_like(weights)
    for place, row in enumerate(order):
        steps = np.clip(np.round(weights[row] / scale), -_STEPS, _STEPS)
        steps = np.where(kept[row] != 0, kept[row] * _STEPS, steps)
        result[row] = steps * scale
        loss = (weights[row] - result[row]) / factor[place, place]
        weights[order[place + 1 :]] -= np.outer(factor[place, place + 1 :], loss)
    return result.astype("float32")


def _scales(weights: np.ndarray, importance: np.ndarray, group: int) -> np.ndarray:
    """The size of a step of each channel: of 26 that clip the largest weights more or less, the one with the least error."""
    by_channel = weights.reshape(len(weights), group, -1)
    largest = np.maximum(np.abs(by_channel).max(axis=(0, 1)), 1e-12)
    best, least = largest / _STEPS, np.full(len(largest), np.inf)
    for share in np.linspace(1.0, 0.5, 26):
        scale = largest * share / _STEPS
        off = np.clip(np.round(by_channel / scale), -_STEPS, _STEPS) * scale - by_channel
        error = np.einsum("i,igo->o", importance, off**2)
        best, least = np.where(error < least, scale, best), np.minimum(error, least)
    return best


def _largest(weights: np.ndarray, group: int) -> np.ndarray:
    """The sign of the largest weight of each channel, in its place, and zeros elsewhere."""
    by_channel = weights.reshape(len(weights) * group, -1)
    where = np.abs(by_channel).argmax(axis=0)
    kept = np.zeros_like(by_channel)
    channels = np.arange(by_channel.shape[1])
    kept[where, channels] = np.sign(by_channel[where, channels])
    return kept.reshape(weights.shape)


def _matrix_of(layer: Any) -> tuple[Any, Any, int] | None:
    """How a layer's kernel is a matrix of inputs by outputs: there, back, and columns a channel; None for other layers."""
    if isinstance(layer, keras.layers.Dense):
        return (lambda k: k), (lambda m: m), 1
    if isinstance(layer, keras.layers.Conv2D) and layer.groups == 1:
        shape = tuple(layer.kernel.shape)  # (h, w, in, out)
        return (lambda k: k.reshape(-1, shape[-1])), (lambda m: m.reshape(shape)), 1
    if isinstance(layer, keras.layers.Conv2DTranspose):
        h, w, out, size = layer.kernel.shape  # each input pixel is spread over h x w outputs
        return (
            lambda k: k.transpose(3, 0, 1, 2).reshape(size, -1),
            lambda m: m.reshape(size, h, w, out).transpose(1, 2, 3, 0),
            h * w,
        )
    return None


def _rows_seen(layer: Any, seen: np.ndarray) -> np.ndarray:
    """The rows that a layer's matrix is multiplied with, at most `_MAX_ROWS` of them."""
    if isinstance(layer, keras.layers.Conv2D):
        places = math.prod(layer.output.shape[1:3])
        patches = tf.image.extract_patches(
            seen[: max(1, -(-_MAX_ROWS // places))],
            [1, *layer.kernel_size, 1],
            [1, *layer.strides, 1],
            [1, *layer.dilation_rate, 1],
            layer.padding.upper(),
        )
        seen = patches.numpy()
    rows = seen.reshape(-1, seen.shape[-1])
    return rows[:: max(1, -(-len(rows) // _MAX_ROWS))]


def fed(inputs: list[np.ndarray]) -> Any:
    """Arrays as a functional network takes them: a list, or the one array."""
    return inputs if len(inputs) > 1 else inputs[0]


def outputs(network: keras.Model, inputs: list[np.ndarray]) -> np.ndarray:
    """What a network makes of examples. (`predict` would trace each network anew, and TensorFlow warns of that.)"""
    parts = ([x[i : i + _AT_A_TIME] for x in inputs] for i in range(0, len(inputs[0]), _AT_A_TIME))
    return np.concatenate([network(fed(part), training=False) for part in parts])
