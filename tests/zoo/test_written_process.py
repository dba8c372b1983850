"""The table of symbols is read from a preset's card where that is of the same model and objective."""

import shutil

import pytest

from keras_vae import zoo


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(zoo.preset_folder("shapes_beta_tc_vae"), tmp_path / "mine")


@pytest.mark.parametrize("name", zoo.list_presets())
def test_every_card_of_the_zoo_has_it(name):
    folder = zoo.preset_folder(name)
    written = zoo.written_process(folder)
    assert written is not None
    assert "\n".join(written) in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["mnist_cvae", "cifar10_vqvae", "mnist_swap", "mnist_classifier", "mnist_quadrant_cvae"]
)
def test_it_is_what_the_model_gives(name):
    folder = zoo.preset_folder(name)
    assert zoo.card(folder, process=zoo.written_process(folder)) == zoo.card(folder)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("latent_size = ", "latent_size = 1", False),
        ("[objective]\n", "[objective]\nignored = 3\n", False),
        ("epochs = ", "epochs = 1", True),
        ('title = "', 'title = "My ', True),
    ],
)
def test_a_card_of_another_model_or_objective_is_not_believed(folder, old, new, same):
    text = (folder / "preset.toml").read_text()
    assert old in text
    (folder / "preset.toml").write_text(text.replace(old, new, 1))
    assert (zoo.written_process(folder) is not None) == same


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"## Where data come from, says the model\n"])
def test_a_damaged_card_is_not_believed(folder, content):
    (folder / "README.md").write_bytes(content)
    assert zoo.written_process(folder) is None
    (folder / "README.md").unlink()
    assert zoo.written_process(folder) is None
