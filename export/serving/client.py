"""Ask a served model for images: the request is TensorFlow Serving's, and needs nothing but Python.

python client.py http://localhost:8501 mnist_cvae --latents 40 --labels 3 1 4
"""

import argparse
import json
import random
import urllib.error
import urllib.request


def predict(server, model, signature, inputs):
    """POST tensors by name to a signature; returns its outputs by name, or the one output."""
    body = json.dumps({"signature_name": signature, "inputs": inputs}).encode()
    request = urllib.request.Request(f"{server}/v1/models/{model}:predict", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["outputs"]
    except urllib.error.HTTPError as error:  # the reason is in the answer
        raise ValueError(error.read().decode()) from error


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("model")
    parser.add_argument("--latents", type=int, required=True, help="number of latents of the model")
    parser.add_argument("--labels", type=int, nargs="*", help="one an image, for a conditional model")
    asked = parser.parse_args()
    noise = [[random.gauss(0, 1) for _ in range(asked.latents)] for _ in asked.labels or [0]]
    labels = {"labels": asked.labels} if asked.labels else {}
    for image in predict(asked.server, asked.model, "sample", {"noise": noise, **labels}):
        for row in image:
            print("".join(" .:-=+*#%@"[min(9, int(10 * pixel[0]))] for pixel in row))
