"""ONNX Runtime, or OpenVINO, on the ONNX graph."""

from infer_worker import condition, folder, given, name, repeat, task

inputs = {"given": given, **({} if condition is None else {"condition": condition})}
path = str(folder / f"{task}.onnx")
if name == "onnxruntime":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    repeat(lambda: session.run(["mean"], inputs)[0])
else:
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape({key: value.shape for key, value in inputs.items()})
    # On processors that have bfloat16 OpenVINO would compute in it.
    config = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(model, "CPU", config)
    request = compiled.create_infer_request()
    repeat(lambda: request.infer(inputs)["mean"])
