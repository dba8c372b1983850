"""Quantised codes at several resolutions, each level given those above it."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from keras_vae import _layers, _random
from keras_vae._backend import keras, tf
from keras_vae.networks.base import Shape
from keras_vae.networks.residual_net import ResidualNet
from keras_vae.networks.vector_quantizer import VectorQuantizer, perplexity


class QuantizedMaps(NamedTuple):
    """What a pyramid makes of the encoder's features."""

    maps: list[Any]
    """Codes `(B, H, W, D)` of each level, the one nearest to the data first, with straight-through gradients."""
    indices: Any
    """Their numbers, one vector `(B, N)`, int32, the smallest grid first."""
    distance: Any
    """As in `Quantized`, added over the levels: `(B,)`."""
    codebook_loss: Any
    perplexity: Any
    """Of the batch, the mean over the levels: a scalar."""


# Keras puts the name of this class into the paths of the weights of saved models.
class CodePyramid(keras.layers.Layer):
    """Quantises the features of each level, from the smallest grid to the largest: Razavi et al. (2019), algorithm 1.

    A level below the top sees its own features beside what a network makes of the codes above.

    Args:
        network: makes the networks between levels.
        shapes: `(H, W)` of each level, the one nearest to the data first.
        factors: how many times smaller than the one before each level's grid is; the first is that of the data.
        **quantizer: settings of each level's `VectorQuantizer`.
    """

    def __init__(
        self,
        network: ResidualNet,
        shapes: Sequence[Shape],
        factors: Sequence[int],
        quantizer: dict[str, Any],
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.shapes, levels = list(shapes), range(len(shapes))
        self.quantizers = [VectorQuantizer(**quantizer, name=f"book_{i}") for i in levels]
        size = self.quantizers[0].code_size
        self.heads = [_layers.Conv2D(size, 1, dtype="float32", name=f"head_{i}") for i in levels]
        for i, head in enumerate(self.heads):
            beside = 0 if i == len(shapes) - 1 else network.filters
            head.build((None, *shapes[i], network.filters + beside))
        self.upward = [
            network.upward((*shapes[i + 1], size), factors[i + 1], f"upward_{i}") for i in range(len(shapes) - 1)
        ]
        self.built = True

    def call(self, features: Sequence[Any], seed: Any = None, training: bool = False) -> QuantizedMaps:
        """Quantise features `(B, H, W, F)` of each level, the one nearest to the data first.

        Args:
            features: what the encoder puts out.
            seed: stateless, needed in training.
            training: whether the books learn from them.
        """
        found: list[Any] = [None] * len(self.shapes)
        for i in reversed(range(len(self.shapes))):
            h = features[i]
            if i < len(self.shapes) - 1:
                h = tf.concat([h, tf.cast(self.upward[i](found[i + 1].codes, training=training), h.dtype)], axis=-1)
            level_seed = None if seed is None else _random.fold_in(seed, i)
            found[i] = self.quantizers[i](self.heads[i](h), seed=level_seed, training=training)
        flat = [tf.reshape(level.indices, (-1, math.prod(level.indices.shape[1:]))) for level in reversed(found)]
        in_use = [perplexity(level.indices, book.num_codes) for level, book in zip(found, self.quantizers, strict=True)]
        return QuantizedMaps(
            [level.codes for level in found],
            tf.concat(flat, axis=1),
            tf.add_n([level.distance for level in found]),
            tf.add_n([level.codebook_loss for level in found]),
            tf.add_n(in_use) / len(found),
        )

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes of the maps of codes: of one level, or a list of those of several."""
        maps = [(None, *shape, book.code_size) for shape, book in zip(self.shapes, self.quantizers, strict=True)]
        return maps if len(maps) > 1 else maps[0]

    def lookup(self, grids: Sequence[Any]) -> list[Any]:
        """The codes `(B, H, W, D)` of numbers `(B, H, W)` of each level, the one nearest to the data first."""
        return [book.lookup(grid) for book, grid in zip(self.quantizers, grids, strict=True)]
