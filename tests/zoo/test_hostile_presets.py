"""Presets that are made to harm: each ends in one clear error, before memory or time is spent on it."""

import hashlib
import json
import os
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from keras_vae import VAE, ConditionalVAE, _budget, _untrusted, _weights, zoo
from keras_vae._backend import keras
from keras_vae.cli import app
from keras_vae.models import plain_data
from keras_vae.training import Recipe

SMALL = {"name": "mlp", "hidden_units": [8]}


@pytest.fixture
def folder(tmp_path):
    return zoo.save_to_preset(ConditionalVAE((8, 8, 1), 3, 2, network=SMALL), tmp_path / "mine")


def _say(folder, **facts):
    path = folder / "weights.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def _write(folder, text):
    (folder / "preset.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "model",
    [
        "class = 'VAE'\nlatent_size = 2\nhidden_units = [16384, 16384]",
        "class = 'VQVAE'\nnetwork = {filters = 16384, residual_filters = 16384}",
        "class = 'VQVAE'\nprior = {filters = 16384, kernel_size = 31}",
        "class = 'VQVAE'\nnum_codes = 16384\ncode_size = 16384",
        "class = 'VAE'\nlatent_size = 2\nprior = {name='real_nvp', num_couplings=32, hidden_units=[16384, 16384]}",
        "class = 'VAE'\nlatent_size = 2\nprior = {name='real_nvp', num_couplings=32, hidden_units=["
        + "2," * 32
        + "]}\nhidden_units=[1]",
        "class = 'MultiDomainAutoencoder'\nlatent_size = 2\nnum_domains = 100\nnetwork = {name='mlp', hidden_units=[9999, 9999]}",
    ],
)
def test_a_model_that_the_file_of_weights_cannot_hold_is_not_built(folder, model, monkeypatch):
    made, real = [], _budget._init
    monkeypatch.setattr(
        _budget, "_init", lambda self, how, shape=None, *a, **k: made.append(shape) or real(self, how, shape, *a, **k)
    )
    _write(folder, f"[model]\ndata_shape = [8, 8, 1]\n{model}\n")
    with pytest.raises(
        ValueError, match=r"preset.toml: \[model\]: .* more than [\d,]+ weights.*model.safetensors is too small"
    ):
        zoo.load(folder)
    assert sum(int(np.prod(shape)) for shape in made if shape is not None) < 10_000
    assert len(made) < 300


def test_a_model_of_words_alone_has_a_bound_too_and_other_threads_have_none():
    with pytest.raises(ValueError, match="VAE would have more than 1,000 weights"):
        plain_data.build({"class": "VAE", "data_shape": [8, 8, 1], "latent_size": 2}, max_weights=1000)
    with _budget.weights(100):
        keras.Variable(np.zeros(10))  # a value that is there already takes no more memory
        with pytest.raises(_budget.TooManyWeightsError):
            keras.Variable("zeros", shape=(200,))
    assert keras.Variable("zeros", shape=(200,)).shape == (200,)


def test_the_bytes_that_are_verified_are_those_that_are_used(folder, monkeypatch):
    right = load_file(folder / "model.safetensors")
    other = folder.parent / "other.safetensors"
    save_file({name: np.full_like(value, 7.0) for name, value in right.items()}, other)
    read = _untrusted.read_bytes

    def exchanged(path, maximum):
        data = read(path, maximum)
        if path.name == "model.safetensors" and other.exists():
            path.write_bytes(other.read_bytes())
            other.unlink()
        return data

    monkeypatch.setattr(_untrusted, "read_bytes", exchanged)
    loaded = zoo.load(folder)
    for name, variable in _weights.named(loaded).items():
        np.testing.assert_array_equal(variable.numpy(), right[name])
    with pytest.raises(zoo.CorruptFileError, match="SHA-256"):
        zoo.load(folder)


def test_weights_of_a_type_that_numpy_has_not(folder):
    path = folder / "model.safetensors"
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    name, entry = next((n, e) for n, e in header.items() if n != "__metadata__")
    size = int(np.prod(entry["shape"]))
    text = json.dumps({name: {"dtype": "F8_E4M3", "shape": entry["shape"], "data_offsets": [0, size]}}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * size)
    _say(folder, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(zoo.CorruptFileError, match="holds numbers of the type 'F8_E4M3'"):
        zoo.load(folder)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.mkdir(),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text(json.dumps({"sha256": "0" * 64, "x": "a" * 1_000_000})),
        lambda path: path.write_text(json.dumps({"sha256": "0" * 64, "bytes": 1})),
        lambda path: path.write_text(json.dumps({"sha256": "0" * 64, "bytes": 1, "parameters": "x"})),
    ],
)
def test_a_manifest_that_is_none(folder, spoil):
    (folder / "weights.json").unlink()
    spoil(folder / "weights.json")
    for use in (zoo.load, zoo.card, zoo.class_names):
        with pytest.raises(zoo.CorruptFileError, match=r"weights.json cannot be read"):
            use(folder)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b"), "the model has 3 classes"),
        ((1, 2, 3), "must be a list of words"),
        ("abc", "must be a list of words"),
        (5, "must be a list of words"),
        ({"a": 1}, "must be a list of words"),
        (("a", "b", "a"), "'a' is there twice"),
        (("a", "b", ""), "must be a list of words"),
        (("a", "b", "\x1b[2J"), r"'\\x1b\[2J' is none"),
    ],
)
def test_names_of_classes_that_would_not_be_read_are_not_saved(folder, names, message):
    model = zoo.load(folder)
    with pytest.raises(ValueError, match=message):
        zoo.save_to_preset(model, folder, class_names=names, overwrite=True)
    _say(folder, class_names=list(names) if isinstance(names, tuple) else names)
    with pytest.raises(zoo.CorruptFileError, match="weights.json"):
        zoo.class_names(folder)


def test_what_is_frozen_in_a_preset_stays_so(folder):
    model = zoo.load(folder)
    model.encoder.trainable = False
    zoo.save_to_preset(model, folder, overwrite=True)
    again = zoo.load(folder)
    assert not again.encoder.trainable
    assert len(again.trainable_variables) == len(model.trainable_variables) < len(again.variables)
    for old, new in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    _say(folder, frozen=["surprise"])
    with pytest.raises(zoo.CorruptFileError, match="frozen=.*'surprise'"):
        zoo.load(folder)


@pytest.mark.parametrize("name", [None, 3, ["x"], b"mnist_vae", "", "a\0b", "a" * 5000])
def test_what_names_no_preset(name):
    with pytest.raises(ValueError, match="names no preset|There is no preset"):
        zoo.load(name)


def test_a_name_of_the_zoo_is_the_zoos_wherever_one_stands(tmp_path, monkeypatch):
    name = zoo.list_presets()[0]
    here = zoo.save_to_preset(VAE((8, 8, 1), 2, hidden_units=(4,)), tmp_path / name)
    zoo.save_to_preset(VAE((8, 8, 1), 2, hidden_units=(4,)), tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=f"is the zoo's preset. For the folder of that name here, write './{name}'"):
        found = zoo.preset_folder(name)
    assert found.resolve() != here.resolve()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert zoo.preset_folder(f"./{name}").resolve() == here.resolve()
        assert zoo.preset_folder(here.relative_to(tmp_path)).resolve() == here.resolve()
        assert zoo.preset_folder("other").resolve() == tmp_path / "other"
        monkeypatch.chdir(found.parent)
        assert zoo.preset_folder(name) == found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("card = []", r"card=\[\]: must be a table"),
        ("card = ''", "card='': must be a table"),
        ("codes = 5", "codes=5: must be a table"),
        ("card = {titel = 'x'}", r"\[card\] has no setting 'titel'.* Did you mean 'title'"),
        ("card = {title = 5}", r"title=5: must be text"),
        ("card = {task = [1]}", "task=.*must be text"),
        ("card = {targets = {}}", "must be a list of tables"),
        ("card = {targets = [{figure = 'zzz', source = 's', at_most = 1.0}]}", "There is no metric 'zzz'"),
        ("card = {targets = [{figure = 3, source = 's', at_most = 1.0}]}", "There is no metric 3"),
        ("card = {targets = [{figure = 'nll', source = 's', at_most = 'x'}]}", "must be a finite number"),
        (f"card = {{targets = [{'{}, ' * 200}]}}", "must have at most 100 entries"),
        (
            "card = {targets = [{figure = 'nll', source = 4, at_most = 1.0}]}",
            r"card.targets\[0\].source=4: must be text",
        ),
        ("card = {targets = [{figure = 'nll', at_least = 4, at_most = 1.0}]}", "has the target"),
        ('card = {title = "a\\u001b]0;owned\\u0007"}', "holds the control character"),
    ],
)
def test_words_for_the_card_are_checked(folder, words, message):
    text = (folder / "preset.toml").read_text()
    _write(folder, f"{words}\n{text}")
    with pytest.raises(ValueError, match=f"preset.toml: .*{message}"):
        zoo.load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"figures": 5}, "'figures' is missing"),
        ({"figures": {"nll": "x"}}, "the metric nll='x' is no number"),
        ({"figures": {"active_units": 1.5}}, "active_units"),
        ({"figures": {"classifier_error_100_labels": 0.1}}, "has no classifier_error_100_labels_spread"),
        ({"protocol": {"data": "x", "images": "many", "preprocessing": "scaling"}}, "protocol.images"),
        ({"versions": {"keras": "\x1b[31m"}}, "holds the control character"),
    ],
)
def test_metrics_are_checked(folder, change, message):
    right = {
        "figures": {"nll": 1.0, "kl_by_level": [1.0, 2.0]},
        "protocol": {"data": "digits test", "images": 5, "preprocessing": "scaling"},
        "weights_sha256": "0" * 64,
        "versions": {"keras": "3"},
    }
    path = folder / "metrics.json"
    path.write_text(json.dumps(right))
    assert zoo.read_metrics(folder) == right
    assert "negative log-likelihood" in zoo.card(folder)
    path.write_text(json.dumps(right | change))
    for use in (zoo.read_metrics, zoo.card):
        with pytest.raises(zoo.CorruptFileError, match=f"metrics.json cannot be read .*{message}"):
            use(folder)


def test_the_card_names_no_folder_of_this_machine(tmp_path, monkeypatch):
    folder = zoo.save_to_preset(VAE((8, 8, 1), 2, hidden_units=(4,)), tmp_path / "alice" / "secret" / "mine")
    for where in ("/", tmp_path, folder):
        monkeypatch.chdir(where)
        text = zoo.card(folder)
        assert "secret" not in text
        assert 'load("./mine")' in text
    assert 'load("x/mine")' in zoo.card(folder, "x/mine")


def test_the_terminal_obeys_no_file(folder, tmp_path):
    text = (folder / "preset.toml").read_text()
    _write(folder, f'card = {{title = "a\\u001b[2J"}}\n{text}')
    for arguments in (["info", str(folder)], ["info", "a\x1b]0;owned\x07"], ["sample", str(tmp_path / "\x9b2J.toml")]):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 1
        assert "Error" in done.stderr
        assert not set("\x1b\x07\x9b") & set(done.output)


def test_a_recipe_is_read_within_the_same_bounds(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("a" + ".a" * 400_000 + " = 1\n")
    for read in (Recipe.read, zoo.Preset.read):
        with pytest.raises(ValueError, match="line 1 has 400000 dots"):
            read(path)
