"""Presets on the hub, against a stand-in: what is uploaded is what is loaded, and nothing else is believed."""

import itertools
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import keras_vae
from keras_vae import VAE, zoo
from keras_vae.cli import app
from keras_vae.data.sources import Images
from keras_vae.zoo import HubError, fetch, hub_card
from tests.zoo.stand_in_hub import StandInHub

pytest.importorskip("huggingface_hub")


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


def test_the_card_of_a_preset_of_the_zoo_has_the_metadata_of_the_hub(hub):
    zoo.upload(zoo.find_preset("mnist_cvae"), "hf://ada/digits")
    files = hub.repositories["ada/digits"][-1][1]
    head, card = files["README.md"].decode().removeprefix("---\n").split("\n---\n\n", 1)
    assert card == (zoo.preset_folder("mnist_cvae") / "README.md").read_text(encoding="utf-8")
    metadata = yaml.safe_load(head)
    assert metadata["license"] == "apache-2.0"
    assert metadata["library_name"] == "keras-vae"
    assert metadata["pipeline_tag"] == "unconditional-image-generation"
    assert metadata["datasets"] == ["mnist"]
    assert "variational-autoencoder" in metadata["tags"]
    (model,) = metadata["model-index"]
    assert model["name"] == "digits"
    found = {metric["type"]: metric["value"] for result in model["results"] for metric in result["metrics"]}
    figures = zoo.read_metrics("mnist_cvae")["figures"]
    assert found["nll"] == figures["nll"]
    assert found["class_accuracy"] == figures["class_accuracy"]
    assert "nll_first_100" not in found  # it is kept for checks only


@pytest.mark.parametrize("head", ["", "---\nlicense: mit\npipeline_tag: other\n---\n\n"], ids=["plain", "with_license"])
def test_the_license_of_ones_own_preset_is_ones_own_and_metadata_do_not_pile_up(hub, preset, head):
    (preset / "README.md").write_text(f"{head}# mine\n")
    zoo.upload(preset, "hf://ada/tiny")
    text = hub.repositories["ada/tiny"][-1][1]["README.md"].decode()
    assert text.endswith("\n---\n\n# mine\n")
    assert text.count("---") == 2
    metadata = yaml.safe_load(text.split("---\n")[1])
    assert metadata.get("license") == ("mit" if head else None)
    assert metadata["pipeline_tag"] == "unconditional-image-generation"


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("mnist_classifier", "image-classification"),
        ("mnist_swap", "image-to-image"),
        ("mnist_quadrant_cvae", "image-to-image"),
        ("mnist_ae", "image-feature-extraction"),
        ("cifar10_vqvae", "unconditional-image-generation"),
    ],
)
def test_each_family_has_its_task_on_the_hub(name, task):
    head = hub_card.with_metadata("# x\n", zoo.find_preset(name), name).split("---\n")[1]
    assert yaml.safe_load(head)["pipeline_tag"] == task


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


def _api(**facts):
    """The hub answers with other facts about a repository."""
    return lambda path, status, content, headers: (
        status,
        content | facts if path.startswith("/api/models") else content,
        headers,
    )


def _sizes(size):
    return _api(siblings=[{"rfilename": n, "size": size} for n in ("preset.toml", "weights.json", "model.safetensors")])


def _weights(**changes):
    """The hub sends another file of weights, or other headers with it."""

    def change(path, status, content, headers):
        if not path.endswith("model.safetensors"):
            return status, content, headers
        return changes.get("status", 200), changes.get("content", content), headers | changes.get("headers", {})

    return change


def _instead(content):
    return lambda path, *answer: (200, content, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_instead(b"<html>log in</html>"), "the answer is not the hub's"),
        (_instead([1, 2]), "the answer is not the hub's"),
        (_instead(b"[" * 100_000), "the answer is not the hub's"),
        (_api(siblings=None), "without a commit and a list of files"),
        (_api(siblings=[1, {"rfilename": []}]), "holds no preset.toml"),
        (_api(sha=None), "without a commit and a list of files"),
        (_api(sha="../../../up"), "without a commit and a list of files"),
        (_sizes("12"), "preset.toml has '12' bytes"),
        (_sizes(None), "preset.toml has None bytes"),
        (_sizes(-5), "preset.toml has -5 bytes"),
        (_sizes(True), "preset.toml has True bytes"),
        (_sizes(1), "sends more than the 1 bytes"),
        (_weights(content=b"short"), "model.safetensors ended after 5 of"),
        (_weights(headers={"Content-Length": str(10 * 2**40)}, content=b"0" * 10_000), "sends more than"),
        (_weights(content=itertools.repeat(b"0" * 100_000)), "sends more than"),
        (_weights(headers={"X-Repo-Commit": "c" * 40}), "a file of another commit"),
        (_weights(status=302, headers={"Location": "file:///etc/passwd"}), "could not be reached or refused"),
        (_weights(status=302, headers={"Location": "http://\x00"}), "could not be reached or refused"),
        (
            lambda path, status, content, headers: (302, itertools.repeat(b"0" * 100_000), {"Location": path}),
            "redirects again and again",
        ),
        (_weights(status=500), "the hub refused .status 500"),
    ],
)
def test_what_a_hub_should_not_answer_ends_in_one_error_and_leaves_nothing(hub, there, tmp_path, change, message):
    hub.change = change
    with pytest.raises(HubError, match=rf"{there}.* {message}"):
        zoo.load(there)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    hub.change = lambda path, *answer: answer
    assert zoo.load(there).name == "tiny"


def test_no_file_is_named_as_the_hub_says(hub, there, tmp_path):
    hub.change = _weights(headers={"ETag": f'"../../../../../../../../../../{tmp_path}/up"'})
    assert zoo.load(there).name == "tiny"
    assert not (tmp_path / "up").exists()


def _slowly():
    while True:
        yield b" "
        time.sleep(0.05)


@pytest.mark.parametrize("how", ["silent", "a byte now and then"])
def test_a_slow_hub_is_not_waited_for(hub, there, monkeypatch, how):
    monkeypatch.setattr(fetch, "_SILENCE", 0.3 if how == "silent" else 20.0)
    monkeypatch.setattr(fetch, "_LISTING_SECONDS", 0.6)

    def change(path, *answer):
        if how != "silent":
            return 200, _slowly(), {}
        time.sleep(2)
        return answer

    hub.change = change
    started = time.monotonic()
    with pytest.raises(HubError, match="could not be reached|took longer than"):
        zoo.load(there)
    assert time.monotonic() - started < 1.5


def test_the_token_goes_to_no_other_host_and_into_no_error(hub, there):
    other, seen = StandInHub(), []
    other.repositories = hub.repositories
    respond = other.answer
    other.answer = lambda request, body: (seen.append(dict(request.headers)), respond(request, body))
    name = "model.safetensors"
    repository, commit = there.removeprefix("hf://").split("@")
    hub.change = _weights(status=302, headers={"Location": f"{other.address}/{repository}/resolve/{commit}/{name}"})
    try:
        assert zoo.load(there).name == "tiny"
    finally:
        other.close()
    assert seen
    assert "hf_stand_in" not in str(seen)


def test_an_address_is_resolved_once_per_evaluation(hub, there, tmp_path):
    """Otherwise the figures could be of one commit and the SHA-256 beside them of another."""
    newer = zoo.save_to_preset(VAE((8, 8, 1), 2, hidden_units=(4,)), tmp_path / "newer")
    asked = []

    def moving(path, *answer):
        if path.startswith("/api/models"):
            asked.append(path)
            hub.commit("ada/tiny", {file.name: file.read_bytes() for file in newer.iterdir()})
        return answer

    hub.change = moving
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metrics = zoo.evaluate_preset("hf://ada/tiny", source=_Images(), num_samples=2)
        assert len(asked) == 1
        assert metrics["weights_sha256"] == zoo.manifest(zoo.preset_folder(there))["sha256"]
        pinned = zoo.pinned("hf://ada/tiny")
    assert zoo.pinned(pinned) == pinned != there
    assert zoo.Preset.read(zoo.preset_folder(pinned)).name == "tiny"
    assert zoo.pinned("mnist_vae") == "mnist_vae"


class _Images:
    """Ten images of one's own."""

    name = "mine"

    def __call__(self, split):
        return Images(np.zeros((10, 8, 8, 1), "uint8"), np.zeros(10, "int64"))
