import errno
import json
import os
import struct

import numpy as np
import pytest

from keras_vae import VAE, ConditionalVAE, _files, _locks, zoo
from keras_vae.distributions import Bernoulli
from keras_vae.models import plain_data
from keras_vae.zoo import CorruptFileError, figures, presets


@pytest.fixture
def folder(tmp_path):
    return zoo.save_to_preset(ConditionalVAE((8, 8, 1), 3, 2), tmp_path / "mine")


def _tree(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _rehash(folder):
    manifest = json.loads((folder / "weights.json").read_text())
    import hashlib

    manifest["sha256"] = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    (folder / "weights.json").write_text(json.dumps(manifest))


def test_an_unknown_name_lists_the_presets():
    with pytest.raises(ValueError, match="no preset 'mnist_cvea'. Did you mean 'mnist_cvae'. Give one of .*mnist_cvae"):
        zoo.load("mnist_cvea")


def test_a_loaded_model_fits_evaluates_and_predicts_at_once(folder):
    model = zoo.load(folder)
    assert model.name == "mine"
    x, y = np.zeros((4, 8, 8, 1), "float32"), np.array([0, 1, 2, 0])
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"][0])
    assert len(model.evaluate(x, y, verbose=0)) == 4
    assert model.predict((x, y), verbose=0).shape == (4, 8, 8, 1)


def test_truncated_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    before = _tree(folder)
    with pytest.raises(CorruptFileError, match="SHA-256.*damaged or was changed"):
        zoo.load(folder)
    _rehash(folder)
    with pytest.raises(CorruptFileError, match="no whole safetensors file"):
        zoo.load(folder)
    assert _tree(folder)["model.safetensors"] == before["model.safetensors"]


def test_one_changed_bit(folder):
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptFileError, match="has the SHA-256 [0-9a-f]{64}, where weights.json says"):
        zoo.load(folder)


@pytest.mark.parametrize("length", [0, 3, 2**40, 2**63])
def test_a_hostile_header(folder, length):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + b"{}")
    _rehash(folder)
    with pytest.raises(CorruptFileError, match="no whole safetensors file"):
        zoo.load(folder)


def test_an_empty_file(folder):
    (folder / "model.safetensors").write_bytes(b"")
    _rehash(folder)
    with pytest.raises(CorruptFileError, match="no whole safetensors file"):
        zoo.load(folder)


def test_weights_of_another_model_or_not_finite(folder):
    from safetensors.numpy import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = "decoder/output/bias"
    for change, message in (
        ({name: np.full((8, 8, 1), np.nan, "float32")}, f"{name} holds values that are not finite"),
        ({name: np.zeros((4, 4, 1), "float32")}, rf"{name} has shape \(4, 4, 1\)"),
        ({name: np.zeros((8, 8, 1), "float64")}, f"{name} has shape .* float64"),
        ({"surprise": np.zeros(1, "float32")}, r"unknown \['surprise'\]"),
    ):
        save_file({**tensors, **change}, path)
        _rehash(folder)
        with pytest.raises(CorruptFileError, match=message):
            zoo.load(folder)
    save_file({key: value for key, value in tensors.items() if key != name}, path)
    _rehash(folder)
    with pytest.raises(CorruptFileError, match=rf"missing \['{name}'\]"):
        zoo.load(folder)


@pytest.mark.parametrize("text", ["", "[]", '{"sha256": 3}', "{"])
def test_a_broken_manifest(folder, text):
    (folder / "weights.json").write_text(text)
    with pytest.raises(CorruptFileError, match=r"weights.json cannot be read.*cannot be verified"):
        zoo.load(folder)


def test_a_preset_in_a_run_has_the_runs_name(tmp_path):
    folder = zoo.save_to_preset(VAE((4, 4, 1), 2, hidden_units=(3,)), tmp_path / "faces" / zoo.IN_A_RUN)
    assert zoo.Preset.read(folder).name == "faces"
    assert "# faces\n" in zoo.card(folder)


@pytest.mark.parametrize(
    "path", sorted(presets.presets_home().glob("*/preset.toml")), ids=lambda path: path.parent.name
)
def test_every_recipe_of_the_zoo_makes_its_model_and_objective(path):
    preset = zoo.Preset.read(path.parent)
    assert preset.recipe is not None
    model = plain_data.build(preset.model)
    objective = preset.recipe.build_objective(10, 100)
    model.compile(**({"objective": objective} if objective else {}))
    assert model.count_params() > 0
    for target in preset.card.get("targets", []):
        figures.check_target(target)


def test_a_recipe_without_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="recipe without weights: train it with `keras-vae train"):
        zoo.load(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = 3", r"preset.toml: model=3: must be a table, \[model\]"),
        ("", r"preset.toml: A preset needs a table \[model\]"),
        (
            "[model]\nclass = 'VAE'\n[data]\nname = 'mnist'\n",
            r"preset.toml: \[data\] is of a recipe.* needs a table \[training\]",
        ),
        ("[model", "preset.toml: .*"),
        ("\x00", "preset.toml: .*"),
        ("[model]\nclass = 'VAE'\n[extra]\n", "no setting 'extra'"),
        ("[model]\nclass = '__import__'\n", "model class='__import__'"),
        (
            "[model]\nclass = 'VAE'\ndata_shape = [8, 8, 1]\nlatent_size = 'two'\n",
            r"preset.toml: \[model\]: latent_size='two': must be",
        ),
        (
            "[model]\nclass = 'VAE'\ndata_shape = [100000, 100000]\nlatent_size = 2\n",
            r"data_shape=\(100000, 100000\): has 10000000000 elements",
        ),
        (
            "[model]\nclass = 'VAE'\ndata_shape = [8, 8, 1]\nlatent_size = 2\nhidden_units = [99999999]\n",
            r"hidden_units\[0\]=99999999",
        ),
        (
            "[model]\nclass = 'VAE'\ndata_shape = [8, 8, 1]\nlatent_size = 2\nlikelihood = {class_name = 'Lambda', config = {}}\n",
            "likelihood=",
        ),
    ],
)
def test_a_hostile_or_broken_preset_file(folder, text, message):
    (folder / "preset.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        zoo.load(folder)


def test_a_huge_preset_file_is_not_read(folder):
    (folder / "preset.toml").write_text("#" * 1_000_001)
    with pytest.raises(ValueError, match="1000001 bytes: at most 1000000"):
        zoo.load(folder)


def test_saving_does_not_overwrite_unasked(folder):
    before = _tree(folder)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        zoo.save_to_preset(VAE((8, 8, 1), 2), folder)
    assert _tree(folder) == before
    zoo.save_to_preset(VAE((8, 8, 1), 2), folder, overwrite=True)
    assert type(zoo.load(folder)) is VAE
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_overwriting_deletes_nothing_but_a_preset(folder):
    (folder / "thesis.txt").write_text("years of work")
    before = _tree(folder)
    with pytest.raises(FileExistsError, match="holds 'thesis.txt', which is no file of a preset"):
        zoo.save_to_preset(VAE((8, 8, 1), 2), folder, overwrite=True)
    assert _tree(folder) == before


def test_half_the_bytes_keep_eleven_bits(folder):
    model = zoo.load(folder)
    whole = (folder / "model.safetensors").stat().st_size
    zoo.save_to_preset(model, folder, stored_as="float16", overwrite=True)
    assert (folder / "model.safetensors").stat().st_size < 0.6 * whole
    for old, new in zip(model.get_weights(), zoo.load(folder).get_weights(), strict=True):
        assert new.dtype == np.float32
        np.testing.assert_allclose(new, old, rtol=2**-11, atol=1e-7)
    model.decoder.get_layer("output").bias.assign_add(np.full((8, 8, 1), 1e5, "float32"))
    with pytest.raises(ValueError, match="decoder/output/bias holds values that are not finite"):
        zoo.save_to_preset(model, folder, stored_as="float16", overwrite=True)
    with pytest.raises(ValueError, match="stored_as='int8': must be one of"):
        zoo.save_to_preset(model, folder, stored_as="int8", overwrite=True)


def test_names_of_classes_are_kept_and_must_be_as_many(folder):
    assert zoo.class_names(folder) == ()
    model = zoo.load(folder)
    with pytest.raises(ValueError, match="the model has 3 classes"):
        zoo.save_to_preset(model, folder, class_names=("cat", "dog"), overwrite=True)
    zoo.save_to_preset(model, folder, class_names=("cat", "dog", "owl"), overwrite=True)
    assert zoo.class_names(folder) == ("cat", "dog", "owl")
    plain = VAE((4, 4, 1), 2, hidden_units=(4,))
    with pytest.raises(ValueError, match="VAE has no classes or domains, so leave them out"):
        zoo.save_to_preset(plain, folder, class_names=("cat", "dog"), overwrite=True)
    for facts in ({"epochs": float("nan"), "seconds": 3}, {"epochs": 3, "seconds": "x"}):
        with pytest.raises(ValueError, match=r"training\.(epochs|seconds)=.*: must be a number"):
            zoo.save_to_preset(plain, folder, training={**facts, "hardware": "a CPU"}, overwrite=True)
    text = (folder / "weights.json").read_text()
    (folder / "weights.json").write_text(text.replace('"cat"', "3"))
    with pytest.raises(zoo.CorruptFileError, match="must be a list of words"):
        zoo.class_names(folder)


def test_weights_that_are_not_finite_are_not_saved(folder):
    before = _tree(folder)
    model = ConditionalVAE((8, 8, 1), 3, 2)
    model.decoder.get_layer("output").bias.assign(np.full((8, 8, 1), np.nan))
    with pytest.raises(ValueError, match="decoder/output/bias holds values that are not finite"):
        zoo.save_to_preset(model, folder, overwrite=True)
    assert _tree(folder) == before


def test_a_model_of_another_kind_than_its_source_is_refused(folder, tmp_path):
    with pytest.raises(ValueError, match=r"not what mine's preset.toml describes"):
        zoo.save_to_preset(ConditionalVAE((8, 8, 1), 4, 2), tmp_path / "other", source=zoo.Preset.read(folder))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("hidden_units = [16384, 16384, 16384, 16384]", "encoder would have about .* weights: at most"),
        ("activation = {class_name = 'Dense', module = 'keras.layers', config = {units = 5}}", "activation="),
        ("[card]\ntargets = [{figure = 'nll'}]", r"\[card\] has the target"),
    ],
)
def test_a_preset_file_that_asks_for_too_much(folder, more, message):
    (folder / "preset.toml").write_text(f"[model]\nclass = 'VAE'\ndata_shape = [8, 8, 1]\nlatent_size = 2\n{more}\n")
    with pytest.raises(ValueError, match=message):
        zoo.load(folder)


def test_a_full_disk_leaves_the_old_preset_whole(folder, full_disk):
    before = _tree(folder)
    model = VAE((8, 8, 1), 2)
    with (
        full_disk(),
        pytest.raises(OSError, match=r"Could not write .*mine \(.*File too large.*unharmed.*Free some space"),
    ):
        zoo.save_to_preset(model, folder, overwrite=True)
    assert _tree(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_a_failed_exchange_puts_the_old_preset_back(folder, monkeypatch):
    """Where the file system cannot exchange two folders, they are renamed one after the other."""
    before = _tree(folder)
    rename = type(folder).rename

    def fails(self, target):
        if self.suffix == ".part" and target == folder:
            raise OSError("no")
        return rename(self, target)

    def cannot(first, second):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(_files, "_swap", cannot)
    monkeypatch.setattr(type(folder), "rename", fails)
    with pytest.raises(OSError, match="no"):
        zoo.save_to_preset(VAE((8, 8, 1), 2), folder, overwrite=True)
    assert _tree(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_what_a_killed_process_left_in_a_preset_is_no_strange_file(folder):
    part = folder / ".curves.png.abcd.part"
    part.write_text("half")
    (folder / ".notes.part").write_text("mine")
    model = zoo.load(folder)
    with pytest.raises(FileExistsError, match=r"holds '\.notes\.part'"):
        zoo.save_to_preset(model, folder, overwrite=True)
    (folder / ".notes.part").unlink()
    held = _locks.lock(part)
    with pytest.raises(FileExistsError, match=r"holds '\.curves\.png"):  # its writer lives
        zoo.save_to_preset(model, folder, overwrite=True)
    _locks.unlock(held)
    zoo.save_to_preset(model, folder, overwrite=True)
    assert sorted(_tree(folder)) == ["model.safetensors", "preset.toml", "weights.json"]


def test_the_rights_of_a_preset_are_those_of_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        folder = zoo.save_to_preset(VAE((2, 2, 1), 1, hidden_units=(2,)), tmp_path / "mine")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


@pytest.mark.parametrize(("step", "elbo"), [("_swap", "-9.50"), ("_remove", "-1.50")])
def test_an_interruption_leaves_metrics_and_card_of_the_same_evaluation(folder, monkeypatch, step, elbo):
    def metrics(value):
        protocol = {"data": "digits test", "images": 5, "preprocessing": "scaling", "labels_given": True}
        return {"figures": {"elbo": value}, "protocol": protocol, "weights_sha256": "x", "versions": {"keras": "3"}}

    zoo.write_metrics(folder, metrics(-9.5))
    real = getattr(_files, step)

    def interrupted(path, *more):
        if step == "_swap" or (path / "README.md").exists():  # when the old folder, now aside, is removed
            raise KeyboardInterrupt
        real(path, *more)

    with monkeypatch.context() as patch:
        patch.setattr(_files, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            zoo.write_metrics(folder, metrics(-1.5))
    assert zoo.read_metrics(folder)["figures"]["elbo"] == float(elbo)
    assert elbo in (folder / "README.md").read_text()
    zoo.load(folder)
    zoo.write_metrics(folder, metrics(-2.5))
    assert [path.name for path in folder.parent.iterdir()] == ["mine"], "what was left is removed"


def test_a_part_of_ones_own_cannot_be_a_preset(tmp_path):
    class Mine(Bernoulli):
        pass

    with pytest.raises(ValueError, match=r"likelihood is a Mine.*model.save\('x.keras'\)"):
        zoo.save_to_preset(VAE((8, 8, 1), 2, likelihood=Mine((8, 8, 1))), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_replacing_a_file_keeps_the_old_one_on_error(tmp_path):
    path = tmp_path / "a.txt"
    _files.write_text(path, "old")
    with pytest.raises(RuntimeError), _files.replacing(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]
