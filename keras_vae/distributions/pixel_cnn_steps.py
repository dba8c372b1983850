"""Draws of a `PixelCNN`: its network computed at one element after the other, what earlier elements gave being kept."""

from typing import Any

from keras_vae._backend import tf


class PixelCNNSteps:
    """The network of a `PixelCNN`, given what it is conditioned on, at one element at a time.

    To draw with the whole network, once for each element, takes as many times the work as there are elements. But of a row the
    stack that looks upwards needs the few rows above alone, whose values were found before, and of an element the stack that looks
    to the left needs the few elements there.

    Args:
        layer: the `PixelCNN`.
        condition: `(M, C)`, or None for a layer without.
        features: `(M, H, W, F)`, or None for a layer without.
        temperature: divides the logits, above 0.
    """

    def __init__(self, layer: Any, condition: Any, features: Any, temperature: float):
        self._layer, self._condition, self._features, self._temperature = layer, condition, features, temperature
        self._reach = layer.kernel_size // 2
        # Looked up by name many times an element; Keras would go through its list each time.
        self._parts = {part.name: part for part in layer.network.layers}

    def draw(self, noise: Any) -> Any:
        """Turn uniform noise `(M, H * W)` into grids `(M, H, W)`."""
        height, width = self._layer.event_shape
        count, filters = tf.shape(noise)[0], self._layer.filters
        noise = tf.reshape(noise, (-1, height, width))
        rows = [tf.zeros((count, self._reach, width, filters)) for _ in range(self._layer.num_layers)]
        above = tf.zeros((count, width, filters))
        drawn = tf.TensorArray(tf.int32, height, element_shape=(noise.shape[0], width))

        def row(i: Any, above: Any, rows: list[Any], drawn: Any) -> tuple[Any, ...]:
            from_above, rows = self._looking_up(i, above, rows)
            codes = self._row(from_above, noise[:, i])
            return i + 1, self._embedded(codes), rows, drawn.write(i, codes)

        start = (tf.constant(0), above, rows, drawn)
        *_, drawn = tf.while_loop(lambda i, *_: i < height, row, start, maximum_iterations=height)
        return tf.transpose(drawn.stack(), (1, 0, 2))

    def _looking_up(self, i: Any, above: Any, rows: list[Any]) -> tuple[list[Any], list[Any]]:
        """What each layer's stack that looks upwards says to row i, `(M, W, 2 filters)`, and the rows to keep for the next.

        `above` is the row above, embedded, and `rows` what each layer was given for the rows before.
        """
        features = None if self._features is None else self._features[:, i]
        side, h, said, kept = [self._reach] * 2, above, [], []
        for number, before in enumerate(rows):
            window = tf.concat([before, h[:, None]], axis=1)
            padded = tf.pad(window, [[0, 0], [0, 0], side, [0, 0]])
            conv = self._part(f"above_{number}")
            seen = tf.nn.conv2d(padded, conv.kernel, 1, "VALID")[:, 0] + conv.bias
            said.append(self._one_by_one(seen, f"to_left_{number}") + self._extra(features, f"left_{number}"))
            kept.append(window[:, 1:])
            if number + 1 < len(rows):  # nothing looks up from the last
                h = self._gated(seen + self._extra(features, f"above_{number}"))
        return said, kept

    def _row(self, from_above: list[Any], noise: Any) -> Any:
        """Draw a row `(M, W)`."""
        width, filters, count = self._layer.event_shape[1], self._layer.filters, tf.shape(noise)[0]
        seen = [tf.zeros((count, self._reach, filters)) for _ in from_above]
        drawn = tf.TensorArray(tf.int32, width, element_shape=(noise.shape[0],))

        def one(j: Any, left: Any, seen: list[Any], drawn: Any) -> tuple[Any, ...]:
            h, kept = left, []
            for number, (before, said) in enumerate(zip(seen, from_above, strict=True)):
                window = tf.concat([before, h[:, None]], axis=1)
                conv = self._part(f"left_{number}")
                kernel = tf.reshape(conv.kernel, (-1, 2 * filters))
                out = tf.reshape(window, (-1, (self._reach + 1) * filters)) @ kernel + conv.bias + said[:, j]
                kept.append(window[:, 1:])
                h += self._one_by_one(self._gated(out), f"residual_{number}")
            logits = self._one_by_one(tf.nn.relu(self._one_by_one(tf.nn.relu(h), "hidden")), "logits")
            below = tf.cumsum(tf.nn.softmax(logits / self._temperature), axis=-1)[:, :-1]
            code = tf.reduce_sum(tf.cast(below < noise[:, j, None], tf.int32), axis=-1)
            return j + 1, self._embedded(code), kept, drawn.write(j, code)

        start = (tf.constant(0), tf.zeros((count, filters)), seen, drawn)
        *_, drawn = tf.while_loop(lambda j, *_: j < width, one, start, maximum_iterations=width)
        return tf.transpose(drawn.stack())

    def _extra(self, features: Any, name: str) -> Any:
        """What condition and features, `(M, W, F)` of a row, add before a gate."""
        found = tf.constant(0.0)
        if self._condition is not None:
            found += (tf.cast(self._condition, tf.float32) @ self._part(f"{name}_condition").kernel)[:, None]
        return found if features is None else found + self._one_by_one(features, f"{name}_features")

    def _embedded(self, codes: Any) -> Any:
        return tf.gather(self._part("embedding").embeddings, codes)

    def _one_by_one(self, h: Any, name: str) -> Any:
        conv = self._part(name)
        return tf.tensordot(h, conv.kernel[0, 0], 1) + conv.bias

    def _gated(self, h: Any) -> Any:
        first, second = tf.split(h, 2, axis=-1)
        return tf.tanh(first) * tf.sigmoid(second)

    def _part(self, name: str) -> Any:
        return self._parts[f"{self._layer.name}_{name}"]
