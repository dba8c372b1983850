"""The builder of Frey faces, on small files made here."""

import functools
import hashlib
import http.server
import threading

import numpy as np
import pytest
from scipy.io import savemat

from keras_vae import data
from keras_vae.data import DataUnavailableError, frey_faces


@pytest.fixture
def faces(rng):
    return rng.integers(0, 256, size=(40, 28, 20), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    (tmp_path / "tfds").mkdir()
    return tmp_path


def _all(faces):
    parts = [data.read("frey_faces", split).images for split in ("train", "test")]
    assert [len(part) for part in parts] == [36, 4]
    found = {image.tobytes() for part in parts for image in part}
    assert found == {face.tobytes() for face in faces}


def test_a_local_copy_beside_tfdss_folder_is_taken(folder, faces):
    np.savez(folder / "frey_faces.npz", images=faces)
    _all(faces)
    (folder / "frey_faces.npz").unlink()
    _all(faces)  # prepared once, it stays


def test_two_processes_may_prepare_it_at_once(folder, faces, monkeypatch):
    np.savez(folder / "frey_faces.npz", images=faces)
    read_file, others = frey_faces.read_file, []

    def while_another_is_first(path):
        monkeypatch.setattr(frey_faces, "read_file", read_file)
        others.append(data.read("frey_faces").images)
        return read_file(path)

    monkeypatch.setattr(frey_faces, "read_file", while_another_is_first)
    np.testing.assert_array_equal(data.read("frey_faces").images, others[0])
    assert [path.name for path in folder.glob("tfds/frey_faces/*")] == ["1.0.0"]


def test_the_public_file_is_taken_from_the_manual_folder(folder, faces):
    manual = folder / "tfds" / "downloads" / "manual"
    manual.mkdir(parents=True)
    savemat(manual / "frey_rawface.mat", {"ff": faces.reshape(len(faces), -1).T})
    _all(faces)
    assert data.read("frey_faces").labels.dtype == np.int64


@pytest.fixture
def published(folder, faces, tmp_path, monkeypatch):
    """An address that serves the file."""
    served = tmp_path / "served"
    served.mkdir()
    savemat(served / "frey_rawface.mat", {"ff": faces.reshape(len(faces), -1).T})
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=served)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(frey_faces, "URL", f"http://127.0.0.1:{server.server_port}/frey_rawface.mat")
        for proxy in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
            monkeypatch.delenv(proxy, raising=False)
        yield
        server.shutdown()


def test_the_public_file_is_downloaded(published, faces, monkeypatch):
    monkeypatch.setattr(frey_faces, "SHA256", hashlib.sha256(faces.tobytes()).hexdigest())
    _all(faces)


def test_a_download_of_other_frames_is_refused(published, folder):
    with pytest.raises(
        DataUnavailableError, match=r"sent holds 40 frames with the SHA-256 .*: the published ones are 1965"
    ):
        data.read("frey_faces")
    assert not list(folder.glob("tfds/frey_faces/1.0.0"))


def test_neighbouring_frames_are_on_both_sides(folder):
    faces = np.repeat(np.arange(100, dtype=np.uint8), 560).reshape(-1, 28, 20)
    np.savez(folder / "frey_faces.npz", images=faces)
    test = np.sort(data.read("frey_faces", "test").images[:, 0, 0, 0])
    assert len(test) == 10
    assert test.min() < 30 < 70 < test.max()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no such file", "is neither"),
        ({"images": np.zeros((3, 5), "uint8")}, "is neither"),
        ({"other": np.zeros((3, 28, 20), "uint8")}, "is neither"),
        ({"images": np.zeros((3, 28, 20), "float32")}, "float32"),
    ],
)
def test_another_file_is_refused_and_nothing_stays(folder, content, reason):
    path = folder / "frey_faces.npz"
    path.write_bytes(content) if isinstance(content, bytes) else np.savez(path, **content)
    with pytest.raises(DataUnavailableError, match=rf"'frey_faces'.*preparing it failed.*frey_faces\.npz.*{reason}"):
        data.read("frey_faces")
    assert not list(folder.glob("tfds/frey_faces/1.0.0"))
