"""Serve a folder that `keras_vae.export.saved_model` wrote with KServe, over TensorFlow Serving's REST requests.

    pip install kserve tensorflow
    python kserve_server.py models/mnist_cvae --http_port 8501

It listens on this machine alone, unless --host says otherwise, and nobody can unload the model by a request. The newest
version in the folder is served under the folder's name. A request names a signature and gives its inputs, as `inputs` (whole
tensors by name) or `instances` (a list, one entry per example); see client.py.
"""

import argparse
import asyncio
import json
import sys
import threading
from pathlib import Path

# KServe reads options of its own from the command line when it is imported: it gets none.
arguments, sys.argv[1:] = sys.argv[1:], []

import kserve  # noqa: E402
import numpy as np  # noqa: E402
import orjson  # noqa: E402
import tensorflow as tf  # noqa: E402
from kserve.errors import InvalidInput  # noqa: E402
from kserve.protocol.model_repository_extension import ModelRepositoryExtension  # noqa: E402
from kserve.protocol.rest.server import RESTServer  # noqa: E402


class SavedModel(kserve.Model):
    """The newest version of a served folder."""

    def __init__(self, folder):
        super().__init__(folder.name, return_response_headers=True)
        versions = [int(path.name) for path in folder.glob("[1-9]*") if path.name.isdecimal()]
        if not versions:
            sys.exit(f"{folder} holds no version: give the folder that keras_vae.export.saved_model was given")
        self.loaded = tf.saved_model.load(str(folder / str(max(versions))))
        self.lock = threading.Lock()
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        """Run a signature, on a thread, so that the server answers whether it is alive meanwhile; one request after the other."""
        if response_headers is not None:
            response_headers["content-type"] = "application/json"
        return await asyncio.to_thread(self.answer, payload)

    def answer(self, payload):
        """The JSON of what a signature gives; a wrong request is answered with the reason."""
        if isinstance(payload, bytes):  # JSON that was not called JSON in the request's header
            try:
                payload = json.loads(payload)
            except ValueError as error:
                raise InvalidInput(f"the request is no JSON: {error}") from error
        if not isinstance(payload, dict) or not ("instances" in payload or "inputs" in payload):
            raise InvalidInput("the request must be a table with 'inputs' or 'instances'")
        name = payload.get("signature_name", "serving_default")
        if not isinstance(name, str) or name not in self.loaded.signatures:
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
            with self.lock:
                outputs = {key: value.numpy() for key, value in signature(**tensors).items()}
            if wrong := [key for key, value in outputs.items() if not np.isfinite(value).all()]:
                raise ValueError(
                    f"{wrong[0]} overflows for these inputs: give numbers like those that the model learned from"
                )
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            raise InvalidInput(str(getattr(error, "message", error))) from error
        if not by_row:
            return orjson.dumps({"outputs": _plain({key: _listed(value) for key, value in outputs.items()})})
        count = len(next(iter(outputs.values())))
        rows = [_plain({key: value[i] for key, value in outputs.items()}) for i in range(count)]
        return orjson.dumps({"predictions": _listed(rows)})


def _tensor(name, value, spec):
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} has rows of several lengths: it must be {spec.shape}") from None
    if array.dtype == object:
        raise ValueError(f"{name} must be numbers of shape {spec.shape}, of 64 bits at most")
    if not spec.shape.is_compatible_with(array.shape):
        raise ValueError(f"{name} has shape {array.shape}: it must be {spec.shape}")
    if spec.dtype.is_integer and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be numbers")
    kind = spec.dtype.as_numpy_dtype
    if spec.dtype.is_integer:
        limits = np.iinfo(kind)
        if array.size and not (limits.min <= array.min() and array.max() <= limits.max):
            raise ValueError(f"{name} must be whole numbers from {limits.min} to {limits.max}")
    else:
        with np.errstate(over="ignore"):
            if not np.isfinite(array.astype(kind)).all():
                raise ValueError(f"{name} must be finite in {spec.dtype.name}")
    return tf.constant(array.astype(kind))


def _listed(rows):
    """The JSON of a list, written a row at a time, so that the server's other threads have their turn."""
    return orjson.Fragment(
        b"[" + b",".join(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) for row in rows) + b"]"
    )


def _plain(outputs):
    """A single output comes back without its name, as from TensorFlow Serving."""
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


class FixedRepository(ModelRepositoryExtension):
    """What answers requests to load and unload models: KServe asks nobody who they are, so here they are refused."""

    async def load(self, model_name):
        """Refuse."""
        raise NotImplementedError("this server loads its model when it starts, and no other")

    async def unload(self, model_name):
        """Refuse."""
        raise NotImplementedError("this server does not unload its model")


class Server(RESTServer):
    """KServe's server of REST requests, on one address, with one model that stays."""

    def __init__(self, model, host, port):
        server = kserve.ModelServer(http_port=port, enable_grpc=False)
        server.register_model(model)
        super().__init__("kserve.model_server:app", server.dataplane, FixedRepository(server.registered_models), port)
        self.config.host = host  # KServe itself listens on every address of the machine


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what keras_vae.export.saved_model was given")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for every one of this machine"
    )
    parser.add_argument("--http_port", type=int, default=8080)
    asked = parser.parse_args(arguments)
    Server(SavedModel(asked.folder.resolve()), asked.host, asked.http_port).run()
