"""The Keras model's own method, or a signature of its SavedModel."""

import os

os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
import tensorflow as tf
from infer_worker import data, folder, given, labels, name, repeat, task

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

if name == "keras":
    import keras_vae

    model = keras_vae.load(str(data["preset"]))
    method = model.encode if task == "encode" else model.decode
    arguments = (given,) if labels is None else (given, labels)
    repeat(lambda: method(*arguments).mean().numpy())
else:
    signature = tf.saved_model.load(str(folder / "served" / "1")).signatures[task]
    tensors = {"data" if task == "encode" else "latents": tf.constant(given)}
    if labels is not None:
        tensors["labels"] = tf.constant(labels)
    repeat(lambda: signature(**tensors)["mean"].numpy())
