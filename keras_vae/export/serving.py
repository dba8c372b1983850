"""SavedModels for TensorFlow Serving and servers like it."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks, _files, _random
from keras_vae._backend import tf
from keras_vae._gathered import Gathered
from keras_vae.export import signatures
from keras_vae.export.errors import ExportError
from keras_vae.export.examples import Examples, examples_for
from keras_vae.export.precision import in_float32
from keras_vae.models import Reconstructs, Samples

CONFIG = "models.config"
BATCHING = "batching.config"
_WARM_UP_BATCHES = (1, 8)
_MAX_VERSION = 2**63 - 1
# Largest difference from the model, as a share of the largest value.
_TOLERANCE = 1e-4

_BATCHING_TEXT = """\
max_batch_size { value: 64 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 100 }
num_batch_threads { value: 2 }
"""


def saved_model(model: Any, folder: str | Path, version: int | None = None, *, examples: Any = None) -> Path:
    """Write a model for TensorFlow Serving: `folder/VERSION/saved_model.pb`, and beside the versions what a server needs.

    Signatures, for any batch B: `reconstruct` (also the default), `data (B,) + data_shape` -> `data`; `encode`,
    `data` -> `mean`, `stddev` `(B, Z)`; `decode`, `latents (B, Z)` -> `mean`; `sample`, `noise (B, Z)`, standard normal
    -> `data`. A conditional model takes `labels`, int32 `(B,)`, in all four. Nothing in the graph is random. A deterministic
    autoencoder has no `sample`, and its `encode` gives `code`. Of a `VQVAE`, `encode` gives and `decode` takes `codes`, int32
    `(B, N)`, and `sample` alone takes labels.

    A version holds warm-up requests, recorded from examples, and appears only after its signatures gave what the model
    gives for them. A model of mixed precision is exported from its float32 weights. `models.config` and `batching.config` lie
    beside the versions; those that are there are left alone.

    Args:
        model: an autoencoder of this library.
        folder: of all versions; its last part is the name under which the model is served.
        version: a whole number from 1; by default one more than the largest there is.
        examples: data, or a pair of data and labels, for the warm-up requests; by default drawn from the model.

    Returns:
        The folder of the version, which appears all at once.

    Raises:
        TypeError: if `model` is no autoencoder of this library.
        ValueError: if the name of the folder, the version or an example is not allowed.
        FileExistsError: if the version is there already; a server may be reading it.
        ExportError: if a signature does not compute what the model does.
        OSError: if it cannot be written; nothing is left behind.
    """
    found = examples_for(model, examples).first(max(_WARM_UP_BATCHES))
    model = in_float32(model)
    folder = Path(folder)
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", folder.name):
        raise ValueError(
            f"folder={str(folder)!r}: its last part names the model, so give letters, digits, '_', '-' and '.'."
        )
    version = _checks.positive_int("version", _next(folder) if version is None else version, maximum=_MAX_VERSION)
    target = folder / str(version)
    if target.exists():
        raise FileExistsError(
            f"{target} is there already, and a server may be reading it: give a version that is new, or none for the next."
        )
    served = signatures.for_server(model)
    batches = [values(model, found, size) for size in _WARM_UP_BATCHES]
    requests = [request for given in batches for request in _requests(served, given, folder.name)]
    _files.check_writable(folder)
    with _files.replacing_folder(target, overwrite=False) as aside:
        _write(served, model, requests, aside)
        _compare(served, aside, batches)
        for path, text in ((folder / CONFIG, _config(folder.name)), (folder / BATCHING, _BATCHING_TEXT)):
            if not path.exists():  # the user may have changed it since
                _files.write_text(path, text)
    return target


def _next(folder: Path) -> int:
    return max((int(path.name) for path in folder.glob("[1-9]*") if path.name.isdecimal()), default=0) + 1


def _write(served: dict[str, signatures.Endpoint], model: Any, requests: list[Any], folder: Path) -> None:
    try:
        signatures.write(served, model, str(folder))
        (folder / "assets.extra").mkdir()
        with tf.io.TFRecordWriter(str(folder / "assets.extra" / "tf_serving_warmup_requests")) as writer:
            for request in requests:
                writer.write(request.SerializeToString())
    except tf.errors.OpError as error:  # how TensorFlow says that a disk is full, or a folder gone
        raise OSError(error.message) from error


def _compare(served: dict[str, signatures.Endpoint], folder: Path, batches: list[dict[str, Any]]) -> None:
    """Hold what was written to what the model computes.

    Raises:
        ExportError: if a signature gives anything else.
    """
    signatures = tf.saved_model.load(str(folder)).signatures
    for given in batches:
        for name, endpoint in served.items():
            inputs = {key: tf.constant(given[key], spec.dtype) for key, spec in endpoint.inputs.items()}
            found = signatures[name](**inputs)
            for key, expected in endpoint.function(**inputs).items():
                error = float(tf.reduce_max(tf.abs(found[key] - expected)))
                scale = max(1.0, float(tf.reduce_max(tf.abs(expected))))
                if not error <= _TOLERANCE * scale:
                    raise ExportError(
                        f"The signature {name} gives a {key} that is off by {error:.2g}: nothing was written. Does a layer draw "
                        "noise, or depend on something outside the model?"
                    )


def _config(name: str) -> str:
    return f"""\
model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
  }}
}}
"""


values = Gathered(
    "values",
    """Values of a batch of some size by the names of endpoints' inputs, of a model, its `Examples` and the size.""",
)


@values.register(Reconstructs)
def _of_data(model: Any, examples: Examples, size: int) -> dict[str, Any]:
    data = np.resize(examples.data, (size, *model.data_shape))
    labels = None if examples.labels is None else np.resize(examples.labels, (size, *examples.labels.shape[1:]))
    code = model.code(data, labels).numpy()
    # Endpoints take a code by one of two names: codes are whole numbers, and latents real ones.
    return {"data": data, "labels": labels, "latents": code, "codes": code}


@values.register(Samples)
def _of_noise(model: Any, examples: Examples, size: int) -> dict[str, Any]:
    return {"noise": _random.normal((size, model.noise_size), _random.as_seed(0)).numpy()}


def _requests(served: dict[str, signatures.Endpoint], given: dict[str, Any], name: str) -> list[Any]:
    """Requests as a server logs them, one a signature."""
    with _checks.extra("export", "Exporting for a server"):
        from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

    requests = []
    for signature, endpoint in served.items():
        request = predict_pb2.PredictRequest(model_spec=model_pb2.ModelSpec(name=name, signature_name=signature))
        for key, spec in endpoint.inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(given[key], dtype=spec.dtype))
        requests.append(prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request)))
    return requests
