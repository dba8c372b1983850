"""Keras's layers of images, for images whose channels stand last, whatever keras.json on a machine says of other images.

`Flatten` is one of them: told that channels stand first, it puts the numbers of an image into another order.
"""

import functools
from typing import Any

from keras_vae._backend import keras, serializable, tf

_LAST = {"data_format": "channels_last"}

Conv2D = functools.partial(keras.layers.Conv2D, **_LAST)
Conv2DTranspose = functools.partial(keras.layers.Conv2DTranspose, **_LAST)
Cropping2D = functools.partial(keras.layers.Cropping2D, **_LAST)
Flatten = functools.partial(keras.layers.Flatten, **_LAST)
UpSampling2D = functools.partial(keras.layers.UpSampling2D, **_LAST)
ZeroPadding2D = functools.partial(keras.layers.ZeroPadding2D, **_LAST)


@tf.custom_gradient
def _twice(x: Any) -> Any:
    """Twice as high and as wide, with a gradient of its own, since XLA has none of TensorFlow's resize: four copies add up."""

    def gradient(upstream: Any) -> Any:
        return 4.0 * tf.nn.avg_pool2d(upstream, 2, 2, "VALID")

    return tf.image.resize(x, (2 * x.shape[1], 2 * x.shape[2]), method="nearest"), gradient


@serializable
class NearestUpsampling(keras.layers.Layer):
    """Repeats each pixel in two rows and two columns: `(B, H, W, C)` -> `(B, 2H, 2W, C)`.

    Keras's `UpSampling2D` becomes five-dimensional operations in TFLite, which a GPU refuses; a resize is one.
    """

    def call(self, inputs: Any) -> Any:
        """Repeat."""
        return _twice(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(B, 2H, 2W, C)`."""
        batch, height, width, channels = input_shape
        return batch, 2 * height, 2 * width, channels


def residual_blocks(h: Any, count: int, activation: str, **settings: Any) -> Any:
    """So many blocks of two 3x3 convolutions that add to a feature map; untrained, they change nothing of it.

    Args:
        h: feature map `(B, H, W, C)`.
        count: number of blocks.
        activation: name of a Keras activation.
        **settings: of every layer, such as `dtype`.
    """
    channels = h.shape[-1]
    for i in range(count):
        r = keras.layers.Activation(activation, name=f"block_{i}_in", **settings)(h)
        r = Conv2D(channels, 3, padding="same", activation=activation, name=f"block_{i}_a", **settings)(r)
        r = Conv2D(channels, 3, padding="same", kernel_initializer="zeros", name=f"block_{i}_b", **settings)(r)
        h = keras.layers.Add(name=f"block_{i}", **settings)([h, r])
    return keras.layers.Activation(activation, name="blocks_out", **settings)(h)
