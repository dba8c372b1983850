"""What is inside a `.tflite` file: operations with their versions, and the names of tensors."""

import collections
from typing import Any

import numpy as np

from keras_vae.lite.manifest import Operation


def operations(content: bytes) -> list[Operation]:
    """The operations of a build, in alphabetical order."""
    model = _model(content)
    counts: collections.Counter[tuple[str, int]] = collections.Counter()
    for graph in model.subgraphs:
        for op in graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            counts[_name(code), code.version] += 1
    return [Operation(name, version, count) for (name, version), count in sorted(counts.items())]


def dynamic_tensors(content: bytes, within: bool = True) -> list[str]:
    """Names of the tensors whose shape is not fixed; without those `within`, of the inputs and outputs of the build alone."""
    graphs = _model(content).subgraphs
    ends = {*graphs[0].inputs, *graphs[0].outputs}
    return [
        tensor.name.decode()
        for number, graph in enumerate(graphs)
        for i, tensor in enumerate(graph.tensors)
        if (within or (number == 0 and i in ends))
        and tensor.shapeSignature is not None
        and (np.asarray(tensor.shapeSignature) < 0).any()
    ]


def outputs_of(content: bytes, name: str) -> list[str]:
    """Names of the tensors that the operations called `name` put out, in the order of the graph."""
    return [tensors[op.outputs[0]] for kind, op, tensors in _walk(content) if kind == name]


def inputs_of(content: bytes, name: str) -> list[str]:
    """Names of the first tensors that the operations called `name` take, in the order of the graph."""
    return [tensors[op.inputs[0]] for kind, op, tensors in _walk(content) if kind == name]


def all_inputs_of(content: bytes, name: str) -> set[str]:
    """Names of all tensors that the operations called `name` take."""
    return {tensors[i] for kind, op, tensors in _walk(content) if kind == name for i in op.inputs if i >= 0}


def activations(content: bytes) -> dict[int, str]:
    """Names by number of the float tensors of the graph that are no constants."""
    from ai_edge_litert import schema_py_generated as schema

    model = _model(content)
    graph = model.subgraphs[0]
    made = {i for op in graph.operators for i in op.outputs} | set(graph.inputs)
    return {
        int(i): tensor.name.decode()
        for i, tensor in enumerate(graph.tensors)
        if i in made and tensor.type == schema.TensorType.FLOAT32
    }


def _walk(content: bytes) -> Any:
    model = _model(content)
    for graph in model.subgraphs:
        names = [tensor.name.decode() for tensor in graph.tensors]
        for op in graph.operators:
            yield _name(model.operatorCodes[op.opcodeIndex]), op, names


def _name(code: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    if number == schema.BuiltinOperator.CUSTOM:
        return code.customCode.decode()  # a Flex operation is a custom one called Flex...
    return next(name for name, value in vars(schema.BuiltinOperator).items() if value == number)


def _model(content: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
