"""The command that fetches weights."""

import shutil

import pytest
from typer.testing import CliRunner

from keras_vae import zoo
from keras_vae.cli import app
from keras_vae.zoo import preset_file, presets, store


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A zoo of one preset whose weights are in a folder of the store."""
    preset = zoo.find_preset("mnist_vae")
    folder = tmp_path / "zoo" / "mnist_vae"
    shutil.copytree(preset.folder, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.png"))
    for module in (presets, preset_file):
        monkeypatch.setattr(module, "presets_home", lambda: tmp_path / "zoo")
    monkeypatch.setenv(store.CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv(store.STORE, str(tmp_path / "store"))
    (tmp_path / "store").mkdir()
    blob = tmp_path / "store" / preset.manifest["sha256"]
    shutil.copy(preset.weights_file(), blob)
    return blob


def _run(*arguments):
    return CliRunner().invoke(app, ["fetch", *arguments])


def test_it_says_where_the_weights_are(elsewhere):
    for arguments in (["mnist_vae"], ["--all"]):
        result = _run(*arguments)
        assert result.exit_code == 0, result.output
        assert result.output == f"mnist_vae: {elsewhere}\n"


def test_weights_that_are_nowhere_are_an_error_with_the_ways_to_get_them(elsewhere):
    elsewhere.unlink()
    result = _run("mnist_vae")
    assert result.exit_code == 1
    assert "its weights (0.9 MB) are not on this machine" in result.output
    assert "pip install keras-vae-zoo" in result.output


def test_other_commands_miss_them_before_tensorflow_is_started(elsewhere):
    elsewhere.unlink()
    result = CliRunner().invoke(app, ["sample", "mnist_vae"])
    assert result.exit_code == 1
    assert "are not on this machine" in result.output
    assert "starting TensorFlow" not in result.output


def test_a_blob_of_other_bytes_is_refused_when_it_is_loaded(elsewhere):
    content = elsewhere.read_bytes()
    elsewhere.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(zoo.CorruptFileError, match="has the SHA-256"):
        zoo.load("mnist_vae")


def test_a_model_loads_from_the_store(elsewhere):
    assert zoo.load("mnist_vae").sample(2, seed=0).shape == (2, 28, 28, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give the names of presets, or --all"),
        (["mnist_vae", "--all"], "Give the names of presets"),
        (["mnist_vea"], "Did you mean 'mnist_vae'"),
    ],
)
def test_wrong_arguments_are_one_line(elsewhere, arguments, message):
    result = _run(*arguments)
    assert result.exit_code == 1
    assert message in result.output
