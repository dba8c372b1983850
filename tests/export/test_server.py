"""A real server answers a real client: KServe over loopback, and TensorFlow's C API without Python."""

import ast
import concurrent.futures
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

import numpy as np
import pytest

import keras_vae
from keras_vae import VAE, export
from keras_vae._backend import tf

# One worker makes what all of these need.
pytestmark = pytest.mark.xdist_group("server")

SERVING = Path(keras_vae.__file__).parents[1] / "export" / "serving"


@pytest.fixture(scope="module")
def model():
    return keras_vae.load("mnist_cvae")


@pytest.fixture(scope="module")
def served(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "mnist_cvae"
    export.saved_model(model, folder)
    return folder


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    """KServe in a virtual environment of its own; of this one it sees TensorFlow alone, behind its own packages."""
    folder = tmp_path_factory.mktemp("kserve")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    done = subprocess.run(
        # What the server imports is compiled when it does; of what is installed most is never imported.
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "kserve==0.21.*"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"KServe cannot be installed from the package index: {done.stderr.strip().splitlines()[-1]}")
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "zz_tensorflow.pth").write_text(sysconfig.get_path("purelib") + "\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "log.txt").open("w+")
    process = subprocess.Popen(
        [python, SERVING / "kserve_server.py", served, "--http_port", str(port)], stdout=log, stderr=subprocess.STDOUT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert process.poll() is None, (folder / "log.txt").read_text()[-3000:]
            try:
                with urllib.request.urlopen(f"{address}/v1/models/mnist_cvae", timeout=5) as answer:
                    if json.load(answer)["ready"]:
                        break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.5)
        else:
            pytest.fail((folder / "log.txt").read_text()[-3000:])
        yield address
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.fixture(scope="module")
def predict():
    """The client's own function, from the file that users copy."""
    spec = importlib.util.spec_from_file_location("client", SERVING / "client.py")
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    return client.predict


@pytest.mark.slow
def test_the_server_samples_and_reconstructs_as_the_model_does(server, predict, model, digits):
    noise = np.random.default_rng(0).normal(size=(3, model.latent_size)).astype("float32")
    labels = [3, 1, 4]
    found = predict(server, "mnist_cvae", "sample", {"noise": noise.tolist(), "labels": labels})
    np.testing.assert_allclose(found, model.decode(noise, np.array(labels)).mean(), atol=1e-5)
    x, y = digits[0][:2], digits[1][:2]
    found = predict(server, "mnist_cvae", "reconstruct", {"data": x.tolist(), "labels": y.tolist()})
    np.testing.assert_allclose(found, model.reconstruct(x, y), atol=1e-5)
    found = predict(server, "mnist_cvae", "encode", {"data": x.tolist(), "labels": y.tolist()})
    np.testing.assert_allclose(found["mean"], model.encode(x, y).mean(), atol=1e-5)
    np.testing.assert_allclose(found["stddev"], model.encode(x, y).stddev(), atol=1e-5)


def _post(server, body):
    request = urllib.request.Request(f"{server}/v1/models/mnist_cvae:predict", body)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_the_client_tells_the_servers_reason(server, predict):
    with pytest.raises(ValueError, match="no signature 'draw'"):
        predict(server, "mnist_cvae", "draw", {"noise": [[0.0] * 40]})


@pytest.mark.slow
def test_the_server_takes_requests_by_row(server, model):
    z = np.zeros(model.latent_size).tolist()
    body = {"signature_name": "decode", "instances": [{"latents": z, "labels": 7}, {"latents": z, "labels": 2}]}
    found = _post(server, json.dumps(body).encode())["predictions"]
    expected = model.decode(np.zeros((2, model.latent_size), "float32"), np.array([7, 2])).mean()
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"signature_name": "smaple", "inputs": {}}, "no signature 'smaple': there are decode"),
        ({"signature_name": "sample", "inputs": {"noise": [[0.0, 1.0]], "labels": [3]}}, "noise has shape"),
        ({"signature_name": "sample", "inputs": {"noise": [[0.0] * 40]}}, "sample takes labels, noise; given: noise"),
        ({"signature_name": "sample", "inputs": {"noise": [[0.0] * 40], "labels": [10]}}, "labels must be from 0 to 9"),
        (
            {"signature_name": "sample", "inputs": {"noise": [[0.0] * 40], "labels": [0.5]}},
            "labels must be whole numbers",
        ),
        ({"signature_name": "sample", "inputs": {"noise": [["a"] * 40], "labels": [1]}}, "noise must be numbers"),
        ({"signature_name": "sample", "inputs": {"noise": [[0.0] * 40] * 2, "labels": [1]}}, "of one number"),
        ({"signature_name": "decode", "instances": [{"latents": [0.0] * 40}]}, "an instance has latents"),
        ({"signature_name": "decode", "instances": 5}, "instances must be a list"),
        (
            {"signature_name": "sample", "inputs": {"noise": [[0.0] * 40], "labels": [2**32 + 3]}},
            "labels must be whole numbers from",
        ),
        ({"signature_name": "sample", "inputs": {"noise": [[0.0] * 40], "labels": [2**80]}}, "of 64 bits at most"),
        (
            {"signature_name": "sample", "inputs": {"noise": [[0.0], [0.0, 1.0]], "labels": [1]}},
            "rows of several lengths",
        ),
        (
            {"signature_name": "sample", "inputs": {"noise": [[1e39] * 40], "labels": [3]}},
            "noise must be finite in float32",
        ),
        (
            {"signature_name": "sample", "inputs": {"noise": [[3e38] * 40], "labels": [3]}},
            "data overflows for these inputs",
        ),
        ({"signature_name": ["sample"], "inputs": {}}, "no signature ['sample']"),
        ([1, 2], "must be a table"),
        ({"signature_name": "decode"}, "must be a table with 'inputs' or 'instances'"),
        (b"{", "no JSON"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(server, body, says):
    with pytest.raises(urllib.error.HTTPError) as caught:
        _post(server, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert caught.value.code == 400
    assert says in json.load(caught.value)["error"]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["unload", "load"])
def test_nobody_unloads_the_model(server, verb):
    address = f"{server}/v2/repository/models/mnist_cvae/{verb}"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(address, b"", method="POST"), timeout=60)
    assert 400 <= caught.value.code < 600
    with urllib.request.urlopen(f"{server}/v1/models/mnist_cvae", timeout=60) as answer:
        assert json.load(answer)["ready"]


@pytest.mark.slow
def test_it_listens_on_this_machine_alone(server):
    """All of 127.0.0.0/8 is this machine, and a server on every address of it would answer on the second one too."""
    port = int(server.rsplit(":", 1)[1])
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", port))


@pytest.mark.slow
def test_it_says_that_it_is_alive_while_it_computes(server, model):
    """A request of many images takes seconds; the answers to the question whether the server lives do not wait for it."""
    body = {"signature_name": "sample", "inputs": {"noise": [[0.0] * model.latent_size] * 3000, "labels": [3] * 3000}}
    content = json.dumps(body).encode()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        request = urllib.request.Request(f"{server}/v1/models/mnist_cvae:predict", content)
        started = time.monotonic()
        asked = pool.submit(lambda: len(urllib.request.urlopen(request, timeout=300).read()))
        answered = 0
        while not asked.done():
            with urllib.request.urlopen(f"{server}/v2/health/live", timeout=60) as answer:
                answered += json.load(answer)["live"] and not asked.done()
        took = time.monotonic() - started
        assert asked.result() > 10**6
    assert answered >= 5, f"{answered} answers in the {took:.1f} s of the request"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The C program, linked with the libraries of the TensorFlow wheel."""
    if not shutil.which("gcc"):
        pytest.skip("there is no C compiler on this machine")
    path = tmp_path_factory.mktemp("c") / "run_saved_model"
    library = tf.sysconfig.get_lib()
    names = [
        name for name in os.listdir(library) if name.startswith(("libtensorflow_cc.so", "libtensorflow_framework.so"))
    ]
    if len(names) < 2:
        pytest.skip("this TensorFlow wheel does not bring its C library")
    subprocess.run(
        [
            "gcc",
            "-Wall",
            "-Werror",
            SERVING / "run_saved_model.c",
            "-o",
            path,
            f"-I{tf.sysconfig.get_include()}",
            f"-L{library}",
            f"-Wl,-rpath,{library}",
            *(f"-l:{name}" for name in names),
        ],
        check=True,
    )
    return path


def _tensors(version, signature):
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
    found = saved.meta_graphs[0].signature_def[signature]
    return ({key: value.name for key, value in each.items()} for each in (found.inputs, found.outputs))


def _pixels(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    return np.array(done.stdout.split(), "float32")


@pytest.mark.slow
def test_a_program_in_c_loads_and_runs_every_kind(program, served, model, tmp_path):
    inputs, outputs = _tensors(served / "1", "sample")
    found = _pixels(program, served / "1", 40, inputs["noise"], outputs["data"], inputs["labels"], 7)
    expected = model.decode(np.zeros((1, 40), "float32"), np.array([7])).mean()
    np.testing.assert_allclose(found.reshape(28, 28, 1), expected[0], atol=1e-5)
    for other in (
        VAE((4, 4, 1), 2, hidden_units=(8,)),
        keras_vae.ConvVAE((8, 8, 1), 2, filters=(4, 8), dense_units=(8,)),
    ):
        version = export.saved_model(other, tmp_path / other.name)
        inputs, outputs = _tensors(version, "sample")
        found = _pixels(program, version, 2, inputs["noise"], outputs["data"])
        expected = other.decode(np.zeros((1, 2), "float32")).mean()
        np.testing.assert_allclose(found.reshape(other.data_shape), expected[0], atol=1e-5)


@pytest.mark.slow
def test_the_program_says_what_is_wrong(program, served):
    for arguments in ((), ("nowhere", "40", "a:0", "b:0"), (str(served / "1"), "40", "no_such:0", "b:0")):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert done.stderr.strip()


def test_the_files_that_users_copy_stand_alone():
    """They import nothing of this library."""
    for path in SERVING.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "keras_vae"], path
