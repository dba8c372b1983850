"""Write what the inference workers read: TFLite builds, a SavedModel, dense weights, examples."""

import sys
from pathlib import Path

import numpy as np

from keras_vae import data, export, load
from keras_vae.networks import MLP

preset, folder = sys.argv[1], Path(sys.argv[2])
model = load(preset)
if not isinstance(model.architecture, MLP) or model.architecture.activation not in ("tanh", "silu"):
    sys.exit(f"{preset} is no dense model of tanh or silu: its ONNX graph cannot be written here")
x, y = data.arrays("mnist", "train", "dynamic_binarization", seed=0)
examples = (x[:5000], y[:5000])
test = data.arrays("mnist", "test", "dynamic_binarization", seed=0)
for target, format in (("cpu", "float32"), ("cpu", "dynamic_range"), ("gpu", "float16"), ("edge", "int8")):
    export.tflite(model, folder / format, target, format=format, examples=examples, test=test)
export.saved_model(model, folder / "served", examples=examples)
layers = {}
for task, network in (("encode", model.encoder), ("decode", model.decoder)):
    dense = [layer for layer in network.layers if hasattr(layer, "kernel")]
    for i, layer in enumerate(dense):
        layers[f"{task}/{i}/kernel"] = layer.kernel.numpy()
        layers[f"{task}/{i}/bias"] = (
            layer.bias.numpy() if layer.bias is not None else network.get_layer("output").bias.numpy().reshape(-1)
        )
condition = np.eye(model.condition_size, dtype="float32")[y[:64]] if model.conditional else None
few = (x[:64], y[:64]) if model.conditional else (x[:64],)
codes = model.encode(*few).mean()
np.savez(
    folder / "data.npz",
    encode=x[:64],
    decode=codes,
    encode_expected=codes,
    decode_expected=model.decode(codes, *few[1:]).mean(),
    labels=y[:64],
    preset=preset,
    activation=model.architecture.activation,
    **({"condition": condition} if model.conditional else {}),
    **layers,
)
