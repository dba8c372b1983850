"""A TFLite build, by LiteRT's signature runner: one image a call."""

from ai_edge_litert.interpreter import Interpreter
from infer_worker import condition, folder, given, name, repeat, task

build = folder / name.split()[1] / ("encoder.tflite" if task == "encode" else "decoder.tflite")
interpreter = Interpreter(model_path=str(build), num_threads=1)
interpreter.allocate_tensors()
run = interpreter.get_signature_runner(next(iter(interpreter.get_signature_list())))


def prepared(key, rows):
    detail = run.get_input_details()[key]
    scale, zero = detail["quantization"]
    return [(row[None] / scale + zero if scale else row[None]).astype(detail["dtype"]) for row in rows]


key = "data" if task == "encode" else "latents"
inputs = [{key: value} for value in prepared(key, given)]
if condition is not None:
    for one, value in zip(inputs, prepared("condition", condition), strict=True):
        one["condition"] = value


detail = run.get_output_details()["mean"]


def call():
    means = [run(**one)["mean"] for one in inputs]
    scale, zero = detail["quantization"]
    return [(mean.astype("float32") - zero) * scale for mean in means] if scale else means


repeat(call)
