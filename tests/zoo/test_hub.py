"""Presets on the hub, against a stand-in: what is uploaded is what is loaded, and nothing else is believed."""

import os
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import keras_vae
from keras_vae import VAE, zoo
from keras_vae.cli import app
from keras_vae.zoo import HubError
from tests.zoo.stand_in_hub import StandInHub

pytest.importorskip("huggingface_hub")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    from huggingface_hub import constants

    stand_in = StandInHub()
    monkeypatch.setattr(constants, "ENDPOINT", stand_in.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", stand_in.address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_stand_in")
    yield stand_in
    stand_in.close()


@pytest.fixture
def preset(tmp_path):
    return zoo.save_to_preset(VAE((8, 8, 1), 2, hidden_units=(4,)), tmp_path / "mine")


@pytest.fixture
def there(hub, preset):
    """The address, with its commit, of the preset on the hub."""
    return zoo.upload(preset, "hf://ada/tiny")


def test_what_was_uploaded_is_what_is_loaded(there, preset):
    model = keras_vae.load(there)
    assert model.name == "tiny"
    np.testing.assert_array_equal(model.sample(3, seed=0), zoo.load(preset).sample(3, seed=0))


def test_only_the_files_of_a_preset_go_up(hub, preset):
    (preset / "secrets.txt").write_text("mine")
    zoo.upload(preset, "hf://ada/tiny", private=True)
    assert sorted(hub.repositories["ada/tiny"][-1][1]) == ["model.safetensors", "preset.toml", "weights.json"]
    assert hub.private == {"ada/tiny"}


def test_a_pinned_commit_stays_the_same_and_needs_no_network_again(hub, there, tmp_path):
    first = zoo.load(there).sample(2, seed=0)
    newer = zoo.upload(zoo.save_to_preset(VAE((8, 8, 1), 2, hidden_units=(4,)), tmp_path / "newer"), "hf://ada/tiny")
    assert newer != there
    asked = len(hub.requests)
    np.testing.assert_array_equal(zoo.load(there).sample(2, seed=0), first)
    assert len(hub.requests) == asked
    assert np.any(zoo.load(newer).sample(2, seed=0) != first)


def test_an_address_without_a_commit_says_which_it_is(there):
    with pytest.warns(UserWarning, match="names no commit") as caught:
        zoo.load("hf://ada/tiny")
    assert there in str(caught[0].message)


def test_weights_that_are_not_those_of_the_manifest_are_refused(hub, there):
    files = hub.repositories["ada/tiny"][-1][1]
    damaged = files["model.safetensors"][:-1] + bytes([files["model.safetensors"][-1] ^ 1])
    commit = hub.commit("ada/tiny", {"model.safetensors": damaged})
    with pytest.raises(zoo.CorruptFileError, match="SHA-256"):
        zoo.load(f"hf://ada/tiny@{commit}")


def test_what_is_too_large_or_no_preset_is_not_fetched(hub, there):
    commit = hub.commit("ada/tiny", {"preset.toml": b"#" * 1_000_001})
    asked = len(hub.requests)
    with pytest.raises(HubError, match=r"preset.toml has 1000001 bytes; at most 1000000"):
        zoo.load(f"hf://ada/tiny@{commit}")
    assert not any("resolve" in path for _, path in hub.requests[asked:])
    other = hub.commit("ada/other", {"README.md": b"hello"})
    with pytest.raises(HubError, match="no preset folder"):
        zoo.load(f"hf://ada/other@{other}")


def test_other_files_stay_where_they_are(hub, there):
    commit = hub.commit("ada/tiny", {"setup.py": b"raise SystemExit", "../up": b"x"})
    folder = zoo.download(f"hf://ada/tiny@{commit}")
    assert sorted(path.name for path in folder.iterdir()) == ["model.safetensors", "preset.toml", "weights.json"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("hf://ada/nothing@main", "no such repository"),
        ("hf://ada/tiny@" + "0" * 40, "no such revision"),
    ],
)
def test_what_is_not_there_is_said(there, address, message):
    with pytest.raises(HubError, match=message):
        zoo.load(address)


@pytest.mark.parametrize(
    "address", ["hf://ada", "hf://ada/../tiny", "hf://ada/tiny@", "hf://a/b/c", "hf://ada/tiny@a..b"]
)
def test_what_is_no_address_is_said(address):
    with pytest.raises(ValueError, match="is no address on the hub"):
        zoo.load(address)


def test_an_upload_makes_its_own_revision_and_takes_presets_alone(hub, preset, tmp_path):
    with pytest.raises(ValueError, match="leave out @main"):
        zoo.upload(preset, "hf://ada/tiny@main")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="preset.toml"):
        zoo.upload(tmp_path / "empty", "hf://ada/tiny")
    (preset / "model.safetensors").write_bytes(b"other")
    with pytest.raises(zoo.CorruptFileError):
        zoo.upload(preset, "hf://ada/tiny")
    assert "ada/tiny" not in hub.repositories


def test_without_a_hub_the_error_is_one_line(there, hub, tmp_path):
    """In a process of its own, so that no connection is left open."""
    hub.close()
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "other"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [
        sys.executable,
        "-c",
        "from keras_vae.cli import app; app()",
        "sample",
        there,
        "--out",
        str(tmp_path / "x.png"),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "the hub could not be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_commands_upload_and_load(hub, preset, tmp_path):
    done = CliRunner().invoke(app, ["upload", str(preset), "hf://ada/tiny"])
    assert done.exit_code == 0, done.output
    address = done.output.split('"')[1]
    done = CliRunner().invoke(app, ["sample", address, "--out", str(tmp_path / "out.png")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.png").exists()
