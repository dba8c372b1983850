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


def applied(network: keras.Model, inputs: Any, frozen: bool = False) -> Any:
    """Outputs `(..., O)` of inputs `(..., I)`; with `frozen`, no gradient reaches the network's weights."""
    flat = tf.reshape(inputs, (-1, inputs.shape[-1]))
    if frozen:
        weights = [tf.stop_gradient(variable) for variable in network.trainable_variables]
        outputs, _ = network.stateless_call(weights, list(network.non_trainable_variables), flat)
    else:
        outputs = network(flat)
    shape = tf.concat([tf.shape(inputs)[:-1], [outputs.shape[-1]]], axis=0)
    return tf.ensure_shape(tf.reshape(outputs, shape), (*inputs.shape[:-1], outputs.shape[-1]))


def beside(fixed: Any, inputs: Any) -> Any:
    """`fixed (B, F)` and `inputs (..., B, I)` side by side: `(..., B, F + I)`."""
    size = fixed.shape[-1]
    shape = tf.concat([tf.shape(inputs)[:-1], [size]], axis=0)
    fixed = tf.ensure_shape(tf.broadcast_to(fixed, shape), (*inputs.shape[:-1], size))
    return tf.concat([fixed, inputs], axis=-1)
