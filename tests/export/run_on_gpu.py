"""Run as a program of its own: compile builds with LiteRT's GPU accelerator, run them, and write what they put out.

Usage: python run_on_gpu.py INPUTS.npz OUTPUTS.npz BUILD...   (inputs and outputs are named BUILD_NUMBER/TENSOR)
"""

import sys

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator


def main(inputs_path, outputs_path, *builds):
    given, found = np.load(inputs_path), {}
    for number, path in enumerate(builds):
        model = CompiledModel.from_file(path, hardware_accel=HardwareAccelerator.GPU)
        if not model.is_fully_accelerated():
            sys.exit(f"{path}: the GPU takes only a part of it")
        (signature, names), *_ = model.get_signature_list().items()
        inputs = {name: model.create_input_buffer_by_name(signature, name) for name in names["inputs"]}
        outputs = {name: model.create_output_buffer_by_name(signature, name) for name in names["outputs"]}
        for name, buffer in inputs.items():
            buffer.write(np.ascontiguousarray(given[f"{number}/{name}"]))
        model.run_by_name(signature, inputs, outputs)
        details = model.get_output_tensor_details(signature)
        for name, buffer in outputs.items():
            shape = [int(n) for n in details[name]["shape"]]
            found[f"{number}/{name}"] = buffer.read(int(np.prod(shape)), np.float32).reshape(shape)
    np.savez(outputs_path, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
