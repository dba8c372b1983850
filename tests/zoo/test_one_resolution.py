"""A command looks for its preset once: on the hub, on the disk, and for the weights, so that nothing is of two presets."""

import json
import warnings

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_vae import ConditionalVAE, _weights, zoo
from keras_vae.cli import app
from keras_vae.zoo import facts
from keras_vae.zoo import hub as hub_module

pytest.importorskip("huggingface_hub")
ADDRESS = "hf://ada/tiny"
SHAPE = (28, 28, 1)


@pytest.fixture
def here(hub, tmp_path, monkeypatch):
    """A folder with images, and a preset on a hub where each question finds a newer commit."""
    monkeypatch.chdir(tmp_path)
    for label in "ab":
        (tmp_path / "images" / label).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(np.full(SHAPE[:2], 20 * i, "uint8")).save(tmp_path / "images" / label / f"{i}.png")
    model = ConditionalVAE(SHAPE, 2, 2, network={"name": "mlp", "hidden_units": [4]})
    preset = zoo.save_to_preset(model, tmp_path / "mine", class_names=["a", "b"])
    zoo.upload(preset, ADDRESS)

    def moving(path, *answer):
        if path.startswith("/api/models/ada/tiny") and "commit" not in path and "preupload" not in path:
            hub.commit("ada/tiny", {"README.md": str(len(hub.requests)).encode()})
        return answer

    hub.change = moving
    return tmp_path


@pytest.fixture
def counted(monkeypatch):
    """How often each step was taken."""
    counts = {}

    def count(owner, name, key):
        inner = getattr(owner, name)

        def counting(*arguments, **settings):
            counts[key] = counts.get(key, 0) + 1
            return inner(*arguments, **settings)

        monkeypatch.setattr(owner, name, counting)

    count(hub_module, "download", "resolved")
    count(zoo.Preset, "parse", "parsed")
    count(facts, "manifest", "manifests")
    count(_weights, "read", "weights")
    return counts


READING, LOADING = {"resolved": 1, "parsed": 1}, {"resolved": 1, "parsed": 1, "manifests": 1, "weights": 1}


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        ("info {} --json", READING | {"manifests": 1}),
        ("sample {} --labels a,b --json", LOADING),
        ("sample {} --n 2 --json", LOADING),
        ("reconstruct {} images/a/1.png images/b/2.png --labels a,b --json", LOADING),
        ("reconstruct {} --data images --n 4 --json", LOADING),
        ("interpolate {} --data images --n 2 --json", LOADING),
        ("traverse {} --data images --rows 1 --json", LOADING),
        ("manifold {} --size 2 --label 1 --json", LOADING),
        ("compare {} --data images --n 2 --json", LOADING),
        ("evaluate {} --data images --samples 2 --json", LOADING),
        ("export {} --target cpu --format float32 --data images", LOADING),
        ("upload {} hf://ada/other", LOADING),
    ],
)
def test_a_command_finds_its_preset_once(hub, here, counted, command, steps):
    asked = len(hub.requests)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = CliRunner().invoke(app, command.format(ADDRESS).split(), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    listings = [path for _, path in hub.requests[asked:] if path == "/api/models/ada/tiny"]
    assert len(listings) == 1
    assert counted == steps


def test_training_finds_its_preset_once(here, counted):
    recipe = '[data]\nname = "folder"\n[training]\nepochs = 1\nbatch_size = 8\n'
    path = here / "mine" / "preset.toml"
    path.write_text(path.read_text() + recipe)
    command = "train ./mine --data images --verbose 0 --run run"
    done = CliRunner().invoke(app, command.split(), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert counted == {"parsed": 1}


def test_weights_that_were_exchanged_since_the_preset_was_found_are_refused(here):
    found = zoo.trained_preset(here / "mine")
    model = ConditionalVAE(SHAPE, 2, 2, network={"name": "mlp", "hidden_units": [4]})
    zoo.save_to_preset(model, here / "mine", overwrite=True)
    with pytest.raises(zoo.CorruptFileError, match="where weights.json says"):
        zoo.load(found)
    assert zoo.load(here / "mine").count_params() == model.count_params()


def test_what_was_found_stands_for_the_name_everywhere(here):
    found = zoo.find_preset(here / "mine")
    assert zoo.find_preset(found) is found
    assert zoo.preset_folder(found) == here / "mine"
    assert str(found) == str(here / "mine")
    assert zoo.class_names(found) == ("a", "b")
    weights = zoo.read_weights(found)
    for name, variable in _weights.named(zoo.load(found)).items():
        np.testing.assert_array_equal(weights[name], variable)
    assert str(zoo.find_preset("mnist_cvae")) == "mnist_cvae"
    figures = zoo.read_metrics(zoo.find_preset("mnist_cvae"))
    assert figures == json.loads((zoo.preset_folder("mnist_cvae") / "metrics.json").read_text())


def test_a_preset_on_the_hub_is_called_by_its_commit(here):
    with pytest.warns(UserWarning, match="names no commit"):
        found = zoo.find_preset(ADDRESS)
    assert str(found) == f"{ADDRESS}@{found.folder.name}"
    assert str(zoo.find_preset(str(found))) == str(found)
