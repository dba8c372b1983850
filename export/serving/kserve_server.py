"""Serve a folder that `keras_vae.export.saved_model` wrote with KServe, over TensorFlow Serving's REST requests.

    pip install kserve tensorflow
    python kserve_server.py models/mnist_cvae --http_port 8501

The newest version in the folder is served under the folder's name. A request names a signature and gives its inputs, as
`inputs` (whole tensors by name) or `instances` (a list, one entry an example); see client.py.
"""

import json
import sys
from pathlib import Path

import kserve
import numpy as np
import tensorflow as tf
from kserve.errors import InvalidInput


class SavedModel(kserve.Model):
    """The newest version of a served folder."""

    def __init__(self, folder):
        super().__init__(folder.name)
        versions = [int(path.name) for path in folder.glob("[1-9]*") if path.name.isdecimal()]
        if not versions:
            sys.exit(f"{folder} holds no version: give the folder that keras_vae.export.saved_model was given")
        self.loaded = tf.saved_model.load(str(folder / str(max(versions))))
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        """Run a signature; a wrong request is answered with the reason."""
        if isinstance(payload, bytes):  # JSON that was not called JSON in the request's header
            try:
                payload = json.loads(payload)
            except ValueError as error:
                raise InvalidInput(f"the request is no JSON: {error}") from error
        if not isinstance(payload, dict) or not ("instances" in payload or "inputs" in payload):
            raise InvalidInput("the request must be a table with 'inputs' or 'instances'")
        name = payload.get("signature_name", "serving_default")
        if name not in self.loaded.signatures:
            raise InvalidInput(f"no signature {name!r}: there are {', '.join(sorted(self.loaded.signatures))}")
        signature = self.loaded.signatures[name]
        specs = signature.structured_input_signature[1]
        by_row = "instances" in payload
        given = payload["instances"] if by_row else payload.get("inputs")
        try:
            if by_row and not isinstance(given, list):
                raise ValueError("instances must be a list, one entry an example")
            if by_row:
                rows = [row if isinstance(row, dict) else {next(iter(specs)): row} for row in given]
                if wrong := [row for row in rows if set(row) != set(specs)]:
                    raise ValueError(
                        f"{name} takes {', '.join(sorted(specs))}; an instance has {', '.join(sorted(wrong[0]))}"
                    )
                given = {key: [row[key] for row in rows] for key in specs}
            elif not isinstance(given, dict):
                given = {next(iter(specs)): given}
            if set(given) != set(specs):
                raise ValueError(f"{name} takes {', '.join(sorted(specs))}; given: {', '.join(sorted(given))}")
            tensors = {key: _tensor(key, given[key], spec) for key, spec in specs.items()}
            outputs = {key: value.numpy() for key, value in signature(**tensors).items()}
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            raise InvalidInput(str(getattr(error, "message", error))) from error
        if not by_row:
            return {"outputs": _plain({key: value.tolist() for key, value in outputs.items()})}
        count = len(next(iter(outputs.values())))
        return {
            "predictions": [_plain({key: value[i].tolist() for key, value in outputs.items()}) for i in range(count)]
        }


def _tensor(name, value, spec):
    array = np.asarray(value)
    if array.dtype == object or not spec.shape.is_compatible_with(array.shape):
        raise ValueError(f"{name} has shape {array.shape}: it must be {spec.shape}")
    if spec.dtype.is_integer and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be numbers")
    return tf.constant(array, spec.dtype)


def _plain(outputs):
    """A single output comes back without its name, as from TensorFlow Serving."""
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1)).resolve()
    kserve.ModelServer(enable_grpc=False).start([SavedModel(folder)])
