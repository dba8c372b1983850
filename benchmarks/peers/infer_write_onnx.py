"""Write the encoder and the decoder as ONNX graphs, from the weights: dense layers with an activation between them."""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = Path(sys.argv[1])
data = np.load(folder / "data.npz")
activation = str(data["activation"])


def graph(task):
    layers = sorted({name.split("/")[1] for name in data.files if name.startswith(f"{task}/")}, key=int)
    inputs = [helper.make_tensor_value_info("given", TensorProto.FLOAT, ["batch", *data[task].shape[1:]])]
    nodes = [helper.make_node("Flatten", ["given"], ["h"])]
    weights, h = [], "h"
    if "condition" in data:
        inputs.append(
            helper.make_tensor_value_info("condition", TensorProto.FLOAT, ["batch", data["condition"].shape[1]])
        )
        nodes.append(helper.make_node("Concat", ["h", "condition"], ["with_condition"], axis=1))
        h = "with_condition"
    for i in layers:
        weights += [numpy_helper.from_array(data[f"{task}/{i}/{part}"], f"{part}{i}") for part in ("kernel", "bias")]
        nodes.append(helper.make_node("Gemm", [h, f"kernel{i}", f"bias{i}"], [f"sum{i}"]))
        h = f"sum{i}"
        if i != layers[-1]:
            nodes.append(helper.make_node({"tanh": "Tanh", "silu": "Sigmoid"}[activation], [h], [f"squashed{i}"]))
            if activation == "silu":
                nodes.append(helper.make_node("Mul", [h, f"squashed{i}"], [f"active{i}"]))
            h = f"active{i}" if activation == "silu" else f"squashed{i}"
    if task == "decode":
        nodes.append(helper.make_node("Sigmoid", [h], ["mean"]))
        size = weights[-1].dims[0]
    else:
        size = weights[-1].dims[0] // 2
        weights += [
            numpy_helper.from_array(np.array(v, "int64"), n)
            for n, v in (("start", [0]), ("end", [size]), ("axis", [1]))
        ]
        nodes.append(helper.make_node("Slice", [h, "start", "end", "axis"], ["mean"]))
    output = helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch", size])
    model = helper.make_model(
        helper.make_graph(nodes, task, inputs, [output], weights), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


for task in ("encode", "decode"):
    onnx.save(graph(task), folder / f"{task}.onnx")
