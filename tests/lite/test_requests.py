"""One loaded model, asked by several threads and for the wrong things; and folders that hold more than builds."""

import concurrent.futures
import hashlib
import json
import os
import shutil
import threading

import numpy as np
import pytest

from keras_vae import lite


@pytest.fixture(scope="module")
def digits():
    return lite.load("mnist_cvae")


@pytest.fixture
def victim(tmp_path):
    return shutil.copytree(lite.build_folder("mnist_cvae"), tmp_path / "victim")


def _calls(model):
    """Every method, with a request of its own for each number."""
    x = np.random.default_rng(0).uniform(size=(200, *model.data_shape)).astype("float32")
    z = np.random.default_rng(1).normal(size=(200, 2, model.latent_size)).astype("float32")
    return [
        lambda i: model.sample(labels=[i % 10], seed=i),
        lambda i: np.concatenate(model.encode(x[i : i + 1], [i % 10])),
        lambda i: model.decode(z[i], [i % 10, 3]),
        lambda i: model.reconstruct(x[i : i + 1], [i % 10]),
    ]


def test_each_of_eight_threads_gets_the_answer_to_its_own_request():
    model = lite.load("mnist_cvae")
    calls = _calls(model)

    def ask(i):
        return calls[i % len(calls)](i)

    alone = [ask(i) for i in range(200)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ask, range(200)))
    assert [i for i in range(200) if not np.array_equal(alone[i], together[i])] == []


def test_threads_that_ask_first_at_once_read_a_file_once(monkeypatch):
    read, barrier = [], threading.Barrier(4)
    real = lite.model.read_build
    monkeypatch.setattr(lite.model, "read_build", lambda *given: (read.append(given[1]), real(*given))[1])
    model = lite.load("mnist_cvae")

    def ask(_):
        barrier.wait()
        return model.build("decoder")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert read == ["decoder"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: m.sample(labels=[]), "labels is empty"),
        (lambda m: m.sample(labels=["3"]), "arrays of numbers"),
        (lambda m: m.sample(labels=[[1], [1, 2]]), "no array"),
        (lambda m: m.sample(labels=[2**32 + 3]), "A label is 4294967299"),
        (lambda m: m.sample(labels=[0], temperature=None), "temperature=None"),
        (lambda m: m.sample(labels=[0], temperature=[1]), "temperature"),
        (lambda m: m.sample(labels=[0], seed=np.array([1, 2])), "seed"),
        (lambda m: m.sample(labels=[0], seed=True), "seed=True"),
        (lambda m: m.encode(None, [0]), "arrays of numbers"),
        (lambda m: m.encode(np.full((1, 28, 28, 1), np.inf, "float32"), [0]), "not finite"),
        (lambda m: m.decode("a", [0]), "arrays of numbers"),
        (lambda m: m.decode(np.full((1, m.latent_size), 1e39), [0]), "not finite in float32"),
        (lambda m: m.decode(np.full((1, m.latent_size), 3e38, "float32"), [0]), "params overflows"),
        (lambda m: lite.load("mnist_cvae", num_threads=-1), "num_threads=-1"),
        (lambda m: lite.load("mnist_cvae", num_threads="2"), "num_threads='2'"),
        (lambda m: lite.load("mnist_cvae", target=None), "is shipped for"),
        (lambda m: lite.load(None), "must be the name of a shipped build, or a path"),
        (lambda m: lite.load(b"mnist_cvae"), "must be the name"),
        (lambda m: lite.Build("abc"), "bytes of a .tflite file"),
        (lambda m: lite.load("mnist_vqvae").decode(np.zeros((1, 1), float)), "whole numbers"),
        (lambda m: lite.load("mnist_vqvae").decode(np.full((1, 1), 2**32)), "A code is 4294967296"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(digits, call, says):
    with pytest.raises(ValueError, match=says):
        call(digits)


def test_the_name_of_a_shipped_build_is_not_taken_for_a_folder(tmp_path, monkeypatch):
    (tmp_path / "mnist_vae").mkdir()
    (tmp_path / "mnist_vae" / lite.MANIFEST).write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert lite.load("mnist_vae").latent_size == 50
    with pytest.raises(lite.BuildError, match="has no"):
        lite.load("./mnist_vae")


def _replaced(path, kind):
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["build.json", "decoder.tflite"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing"])
def test_what_is_no_regular_file_is_not_read(victim, name, kind):
    _replaced(victim / name, kind)
    with pytest.raises(ValueError, match=r"victim"):
        lite.load(victim).sample(labels=[1], seed=0)


def test_a_link_to_a_file_is_read(victim, tmp_path):
    (victim / "decoder.tflite").rename(tmp_path / "blob")
    (victim / "decoder.tflite").symlink_to(tmp_path / "blob")
    assert lite.load(victim).sample(labels=[1], seed=0).shape == (1, 28, 28, 1)


def test_no_more_is_read_than_the_manifest_says(victim):
    os.truncate(victim / "decoder.tflite", 3 * 2**30)  # sparse: it takes no space
    with pytest.raises(lite.BuildError, match="it has 3221225472 bytes, at most"):
        lite.load(victim).sample(labels=[1], seed=0)
    (victim / lite.MANIFEST).write_bytes(b"[" + b" " * 2_000_000 + b"]")
    with pytest.raises(lite.BuildError, match="at most 1000000 are read"):
        lite.load(victim)


def _swapped(folder, part, content):
    (folder / f"{part}.tflite").write_bytes(content)
    found = json.loads((folder / lite.MANIFEST).read_text())
    found["files"][part].update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    (folder / lite.MANIFEST).write_text(json.dumps(found))


@pytest.mark.parametrize("other", [("mnist_cvae", "encoder"), ("mnist_vae", "decoder"), ("frey_vae", "decoder")])
def test_a_part_of_another_model_is_refused(victim, other):
    name, part = other
    _swapped(victim, "decoder", (lite.build_folder(name) / f"{part}.tflite").read_bytes())
    with pytest.raises(lite.BuildError, match=r"they are not of one model"):
        lite.load(victim).sample(labels=[1], seed=0)


@pytest.mark.parametrize("content", [b"", b"\x1c\0\0\0TFL3" + bytes(range(256)) * 10])
def test_bytes_that_are_no_build_are_refused_with_their_path(victim, content):
    _swapped(victim, "decoder", content)
    with pytest.raises(lite.BuildError, match=r"victim/decoder.tflite cannot be used"):
        lite.load(victim).sample(labels=[1], seed=0)


@pytest.mark.parametrize(("field", "value"), [("data_shape", [14, 14, 1]), ("latent_size", 7), ("num_classes", 11)])
def test_a_manifest_of_other_sizes_than_the_builds_is_refused(victim, field, value):
    found = json.loads((victim / lite.MANIFEST).read_text())
    (victim / lite.MANIFEST).write_text(json.dumps({**found, field: value}))
    with pytest.raises(lite.BuildError, match=r"build.json asks for"):
        lite.load(victim).sample(labels=[1], seed=0)
