"""keras_vae, as a user calls it: `compile` and `fit` on a NumPy array."""

import sys

from worker import BATCH, images, serve

import keras_vae

x = images((28, 28, 1))
if sys.argv[1] == "dense":
    model = keras_vae.VAE((28, 28, 1), 20, hidden_units=(500,))
    model.compile("adam", jit_compile=True, steps_per_execution=100)
else:
    model = keras_vae.ConvVAE(
        (28, 28, 1), 16, filters=(32, 64), residual_blocks=0, dense_units=(), kernel_size=3, activation="relu"
    )
    model.compile("adam")
serve(lambda: model.fit(x, batch_size=BATCH, verbose=0))
