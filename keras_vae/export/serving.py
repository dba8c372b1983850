"""SavedModels for TensorFlow Serving and servers like it."""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks, _files, _random
from keras_vae._backend import tf
from keras_vae.export import endpoints
from keras_vae.export.examples import Examples, examples_for
from keras_vae.models import LatentVariableModel

CONFIG = "models.config"
BATCHING = "batching.config"
_WARM_UP_BATCHES = (1, 8)
_MAX_VERSION = 2**31

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
    -> `data`. A conditional model takes `labels`, int32 `(B,)`, in all four. Nothing in the graph is random.

    A version holds warm-up requests, recorded from examples. `models.config` and `batching.config` lie beside the versions.

    Args:
        model: a VAE of this library.
        folder: of all versions; its last part is the name under which the model is served.
        version: a whole number from 1; by default one more than the largest there is.
        examples: data, or a pair of data and labels, for the warm-up requests; by default drawn from the model.

    Returns:
        The folder of the version, which appears all at once.

    Raises:
        TypeError: if `model` is no VAE of this library.
        ValueError: if the name of the folder, the version or an example is not allowed.
        FileExistsError: if the version is there already; a server may be reading it.
        OSError: if it cannot be written; nothing is left behind.
    """
    found = examples_for(model, examples).first(max(_WARM_UP_BATCHES))
    folder = Path(folder)
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", folder.name):
        raise ValueError(
            f"folder={str(folder)!r}: its last part names the model, so give letters, digits, '_', '-' and '.'."
        )
    if version is None:
        version = max(_versions(folder), default=0) + 1
    version = _checks.positive_int("version", version, maximum=_MAX_VERSION)
    target = folder / str(version)
    if target.exists():
        raise FileExistsError(
            f"{target} is there already, and a server may be reading it: give a version that is new, or none for the next."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=folder, prefix=".version."))
    except OSError as error:
        raise OSError(f"{folder} cannot be written ({error}): choose another folder.") from error
    try:
        served = endpoints.for_server(model)
        _write(served, model, aside / "model")
        requests = _warm_up(served, model, found, folder.name)
        (aside / "model" / "assets.extra").mkdir()
        with tf.io.TFRecordWriter(str(aside / "model" / "assets.extra" / "tf_serving_warmup_requests")) as writer:
            for request in requests:
                writer.write(request.SerializeToString())
        (aside / "model").rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _files.write_text(folder / CONFIG, _config(folder.name))
    _files.write_text(folder / BATCHING, _BATCHING_TEXT)
    return target


def _versions(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.glob("[1-9]*") if path.name.isdecimal()]


def _write(served: dict[str, endpoints.Endpoint], model: LatentVariableModel, folder: Path) -> None:
    try:
        endpoints.write(served, model, str(folder))
    except tf.errors.OpError as error:  # how TensorFlow says that a disk is full, or a folder gone
        raise OSError(
            f"{folder.parent.parent} cannot be written ({error.message}): free some space, or choose another."
        ) from error


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


def _warm_up(
    served: dict[str, endpoints.Endpoint], model: LatentVariableModel, examples: Examples, name: str
) -> list[Any]:
    """Requests as a server logs them: each signature, for a batch of one and for one of several."""
    try:
        from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2
    except ImportError as error:
        raise ImportError("Exporting for a server needs one more package: pip install 'keras-vae[export]'") from error

    requests = []
    for size in _WARM_UP_BATCHES:
        data = np.resize(examples.data, (size, *model.data_shape))
        labels = None if examples.labels is None else np.resize(examples.labels, (size,))
        noise = _random.normal((size, model.latent_size), _random.as_seed(0)).numpy()
        values = {"data": data, "noise": noise, "labels": labels}
        values["latents"] = model.encode(data, labels).mean().numpy()
        for signature, endpoint in served.items():
            request = predict_pb2.PredictRequest(model_spec=model_pb2.ModelSpec(name=name, signature_name=signature))
            for key, spec in endpoint.inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(values[key], dtype=spec.dtype))
            requests.append(
                prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            )
    return requests
