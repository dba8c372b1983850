"""The matrix products of the dense model alone, forward and backward: the machine's own rate for this shape."""

import tensorflow as tf
from worker import BATCH, SIZE, serve

LAYERS = [(784, 500), (500, 40), (20, 500), (500, 784)]
inputs = [tf.random.normal((BATCH, a)) for a, _ in LAYERS]
outputs = [tf.random.normal((BATCH, b)) for _, b in LAYERS]
weights = [tf.Variable(tf.random.normal(shape)) for shape in LAYERS]


@tf.function
def products():
    total = 0.0
    for _ in tf.range(SIZE // BATCH):
        for i, (x, y, w) in enumerate(zip(inputs, outputs, weights, strict=True)):
            total += tf.matmul(x, w)[0, 0] + tf.matmul(x, y, transpose_a=True)[0, 0]
            if i:  # nothing needs the gradient of the pixels
                total += tf.matmul(y, w, transpose_b=True)[0, 0]
    return total


serve(lambda: products().numpy())
