"""The network of a gated PixelCNN."""

from typing import Any

from keras_vae import _layers
from keras_vae._backend import keras


def network(
    name: str,
    grid_shape: tuple[int, ...],
    num_codes: int,
    filters: int,
    num_layers: int,
    kernel_size: int,
    *,
    condition_size: int = 0,
    num_features: int = 0,
) -> keras.Model:
    """Make a network from grids `(B, H, W)` of numbers to logits `(B, H, W, K)`: van den Oord et al. (2016), section 2.

    The logits of an element depend on the elements before it alone, row by row. Of the two stacks of gated convolutions one sees
    the rows above, and one what is to the left.

    Args:
        name: the names of all layers begin with it, so that a model may have several such networks.
        grid_shape: `(H, W)`.
        num_codes: K.
        filters: channels.
        num_layers: gated layers.
        kernel_size: odd.
        condition_size: length C of the condition vectors, a second input `(B, C)`; 0 for none.
        num_features: channels F of a map of features, a further input `(B, H, W, F)`; 0 for none.
    """
    layers, reach, channels = keras.layers, kernel_size // 2, 2 * filters

    def conv(h: Any, size: tuple[int, int], pad: Any, count: int, part: str) -> Any:
        padded = _layers.ZeroPadding2D(pad, dtype="float32")(h)
        return _layers.Conv2D(count, size, dtype="float32", name=f"{name}_{part}")(padded)

    def one_by_one(h: Any, count: int, part: str) -> Any:
        return _layers.Conv2D(count, 1, dtype="float32", name=f"{name}_{part}")(h)

    grid = keras.Input(grid_shape, dtype="int32", name="grid")
    extra = []
    if condition_size:
        condition = keras.Input((condition_size,), name="condition")
        extra.append(condition)
    if num_features:
        features = keras.Input((*grid_shape, num_features), name="features")
        extra.append(features)

    def gated(h: Any, part: str) -> Any:
        if condition_size:
            row = layers.Dense(channels, use_bias=False, dtype="float32", name=f"{name}_{part}_condition")(condition)
            h = h + layers.Reshape((1, 1, channels), dtype="float32")(row)
        if num_features:
            h = h + one_by_one(features, channels, f"{part}_features")
        return layers.Activation("tanh", dtype="float32")(h[..., :filters]) * layers.Activation(
            "sigmoid", dtype="float32"
        )(h[..., filters:])

    x = layers.Embedding(num_codes, filters, dtype="float32", name=f"{name}_embedding")(grid)
    # One step down and one step to the right: from here on a convolution may look at its own place too.
    down = _layers.Cropping2D(((0, 1), (0, 0)), dtype="float32")(
        _layers.ZeroPadding2D(((1, 0), (0, 0)), dtype="float32")(x)
    )
    right = _layers.Cropping2D(((0, 0), (0, 1)), dtype="float32")(
        _layers.ZeroPadding2D(((0, 0), (1, 0)), dtype="float32")(x)
    )
    above, h = down, right
    for i in range(num_layers):
        seen = conv(above, (reach + 1, kernel_size), ((reach, 0), (reach, reach)), channels, f"above_{i}")
        left = conv(h, (1, reach + 1), ((0, 0), (reach, 0)), channels, f"left_{i}")
        out = gated(left + one_by_one(seen, channels, f"to_left_{i}"), f"left_{i}")
        h = h + one_by_one(out, filters, f"residual_{i}")
        above = gated(seen, f"above_{i}")
    h = one_by_one(layers.Activation("relu", dtype="float32")(h), filters, "hidden")
    logits = one_by_one(layers.Activation("relu", dtype="float32")(h), num_codes, "logits")
    return keras.Model([grid, *extra] if extra else grid, logits, name="pixel_cnn")
