"""Small dense networks inside distributions, for vectors with any leading axes."""

import itertools
from collections.abc import Sequence
from typing import Any

from keras_vae import _checks
from keras_vae._backend import keras, tf


def conditioner(
    inputs: int, hidden: Sequence[int], activation: str, outputs: int, name: str, last: str = "glorot_uniform"
) -> keras.Model:
    """Make a network of vectors; `last` initialises the kernel of its last layer."""
    sizes = [inputs, *hidden, outputs]
    _checks.parameter_count(name, sum(a * b for a, b in itertools.pairwise(sizes)))
    layers = [
        keras.layers.Dense(units, activation, dtype="float32", name=f"hidden_{i}") for i, units in enumerate(hidden)
    ]
    output = keras.layers.Dense(outputs, kernel_initializer=last, dtype="float32", name="output")
    return keras.Sequential([keras.Input((inputs,)), *layers, output], name=name)


def applied(network: keras.Model, inputs: Any, fixed: Any = None, frozen: bool = False) -> Any:
    """Outputs `(..., O)` of a `conditioner`.

    Args:
        network: a conditioner of I inputs, or of F + I.
        inputs: `(..., B, I)`.
        fixed: `(B, F)`, the same for all leading axes, or None; it stands before the inputs, and what the first layer makes of
            it is computed once and not for every draw.
        frozen: let no gradient reach the network's weights.
    """
    lead, size = tf.shape(inputs)[:-1], inputs.shape[-1]
    h = tf.reshape(inputs, (-1, size))
    for i, layer in enumerate(network.layers):
        weights = (tf.convert_to_tensor(layer.kernel), tf.convert_to_tensor(layer.bias))
        kernel, bias = map(tf.stop_gradient, weights) if frozen else weights
        units = kernel.shape[-1]
        if i == 0 and fixed is not None:
            own, kernel = tf.split(kernel, [fixed.shape[-1], size])
            h = tf.matmul(h, kernel) if size else tf.zeros((tf.reduce_prod(lead), units))
            h = tf.reshape(h, tf.concat([lead, [units]], axis=0)) + (tf.matmul(fixed, own) + bias)
            h = tf.reshape(h, (-1, units))
        else:
            h = tf.matmul(h, kernel) + bias
        h = layer.activation(h)
    return tf.ensure_shape(tf.reshape(h, tf.concat([lead, [h.shape[-1]]], axis=0)), (*inputs.shape[:-1], h.shape[-1]))
