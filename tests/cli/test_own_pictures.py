"""From a folder of images to a trained preset, by three commands."""

import json
import warnings

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from keras_vae import lite, models, training, zoo
from keras_vae.cli import app, inputs
from keras_vae.data import ImageFolder, ImageTable
from keras_vae.zoo import KINDS, Preset, recipe_template

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


def short(kind, **settings):
    """A recipe of four steps for the folder."""
    return recipe_template(kind, 8, images=72, steps=4, **settings)


@pytest.fixture
def folder(tmp_path, rng):
    for name, level in (("dark", 40), ("light", 200)):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for i in range(40):
            array = np.clip(level + rng.normal(0, 20, (20, 24, 3)), 0, 255).astype("uint8")
            Image.fromarray(array).save(tmp_path / "mine" / name / f"{i}.png")
    return tmp_path / "mine"


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(("size", "grey"), [(8, True), (12, False), (64, False)])
def test_every_template_is_a_recipe_that_builds(tmp_path, kind, size, grey):
    (tmp_path / "mine.toml").write_text(recipe_template(kind, size, grey, num_classes=3))
    preset = Preset.read(tmp_path / "mine.toml")
    assert preset.name == "mine"
    model = models.plain_data.build(preset.model)
    assert tuple(model.data_shape) == (size, size, 1 if grey else 3)
    assert getattr(model, "num_classes", None) == (3 if kind == "conditional_vae" else None)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_template_trains_to_a_preset_that_loads(tmp_path, folder, kind):
    recipe, preset = tmp_path / "mine.toml", tmp_path / "run" / "preset"
    result = run("new", recipe, "--data", folder, "--kind", kind, "--size", 8, "--steps", 4)
    assert result.exit_code == 0, result.output
    assert "72 training images and 8 test images, grayscale" in result.output or "color" in result.output
    assert "2 classes: dark 40, light 40." in result.output
    result = run("train", recipe, "--data", folder, "--run", tmp_path / "run", "--verbose", 0, "--gif")
    if kind == "autoencoder":
        assert result.exit_code == 1
        assert "leave TrainingGif out" in result.stderr
        result = run("train", recipe, "--data", folder, "--run", tmp_path / "run", "--verbose", 0)
    else:
        assert (tmp_path / "run" / "training.gif").exists()
    assert result.exit_code == 0, result.output
    assert "Label 0 is the class dark" in result.output
    assert "4 steps in all, 4 per epoch. That is little" in result.output
    labelled = kind == "conditional_vae"  # the others do not use labels, so their presets have no names for them
    assert zoo.class_names(preset) == (("dark", "light") if labelled else ())
    model = zoo.load(preset)
    assert tuple(model.data_shape) == (8, 8, 3)
    if kind == "conditional_vae":
        named, numbered = (tmp_path / f"{number}.png" for number in range(2))
        assert run("sample", preset, "--labels", "light,dark", "--out", named).exit_code == 0
        assert run("sample", preset, "--labels", "1,0", "--out", numbered).exit_code == 0
        np.testing.assert_array_equal(np.asarray(Image.open(named)), np.asarray(Image.open(numbered)))
        wrong = run("sample", preset, "--labels", "light,green")
        assert "whole numbers, or the classes dark, light" in wrong.stderr
    result = run("evaluate", preset, "--data", folder, "--samples", 3, "--json", "--write")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["protocol"]["data"] == "mine test"
    assert "mine test" in (preset / "README.md").read_text()
    assert ("Labels: 0 dark, 1 light." in (preset / "README.md").read_text()) == labelled
    result = run("evaluate", preset)
    assert result.exit_code == 1
    assert "--data FOLDER" in result.stderr


def test_new_fits_the_recipe_to_the_time_on_this_machine(tmp_path, folder, monkeypatch):
    """The steps that are timed take as long as they take; what follows from it is counted."""
    monkeypatch.setattr(training.speed.time, "perf_counter", iter(np.arange(0.0, 100.0, 2.0)).__next__)
    result = run("new", tmp_path / "mine.toml", "--data", folder, "--size", 8, "--minutes", 1)
    assert result.exit_code == 0, result.output
    # Twenty steps took two seconds, and 15 % of the minute is for the rest: 510 steps.
    assert "1 minutes are about 510 optimizer steps" in result.output
    recipe = Preset.read(tmp_path / "mine.toml").recipe.training
    steps = recipe.epochs * (recipe.passes_per_epoch * 65 // recipe.batch_size)
    assert 510 <= steps < 510 + 160


def test_what_was_learned_from_ones_own_pictures_goes_to_a_device(tmp_path, folder):
    (tmp_path / "mine.toml").write_text(short("conditional_vae"))
    arguments = ("--data", folder, "--run", tmp_path / "run", "--verbose", 0)
    assert run("train", tmp_path / "mine.toml", *arguments).exit_code == 0
    preset, builds = tmp_path / "run" / "preset", tmp_path / "builds"
    result = run("export", preset, "--target", "cpu", "--format", "float32", "--data", folder, "--out", builds)
    assert result.exit_code == 0, result.output
    z = np.zeros((2, zoo.load(preset).latent_size), "float32")
    drawn = lite.load(builds / "cpu").decode(z, labels=[0, 1])
    expected = zoo.load(preset).decode(z, [0, 1]).mean()
    np.testing.assert_allclose(drawn, expected, atol=1e-4)


def test_a_folder_that_is_called_as_a_data_set_is_a_folder(tmp_path, folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder.rename(tmp_path / "shapes")
    (tmp_path / "mine.toml").write_text(short("vae"))
    result = run("train", "mine.toml", "--data", "shapes")
    assert result.exit_code == 1
    assert "is a data set and a folder here. Write ./shapes" in result.stderr
    assert not (tmp_path / "runs").exists()
    assert run("train", "mine.toml", "--data", "./shapes", "--verbose", 0).exit_code == 0
    result = run("evaluate", "runs/mine/preset", "--data", "./shapes", "--samples", 3, "--json")
    assert result.exit_code == 0, result.output
    assert "mig" not in json.loads(result.stdout)["figures"]


def test_a_run_of_other_pictures_is_not_gone_on_with(tmp_path, folder):
    recipe = tmp_path / "mine.toml"
    recipe.write_text(short("vae"))
    arguments = ("train", recipe, "--data", folder, "--run", tmp_path / "run", "--verbose", 0)
    assert run(*arguments).exit_code == 0
    Image.new("RGB", (9, 9)).save(folder / "dark" / "new.png")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "or of its images" in result.stderr


def test_a_damaged_picture_ends_the_bar_and_is_named(tmp_path, folder):
    (tmp_path / "mine.toml").write_text(short("vae"))
    for path in list((folder / "light").iterdir()):
        path.write_bytes(b"no picture")
    result = run("train", tmp_path / "mine.toml", "--data", folder, "--run", tmp_path / "run", "--verbose", 0)
    assert result.exit_code == 1
    assert "no image that can be read" in result.stderr
    assert inputs.errors._live_stack == []  # a bar that is left open keeps the terminal's cursor hidden


def test_damaged_images_are_skipped_as_asked_and_a_run_knows_which(tmp_path, folder):
    recipe = tmp_path / "mine.toml"
    recipe.write_text(short("vae"))
    content = (folder / "dark" / "1.png").read_bytes()
    (folder / "dark" / "1.png").write_bytes(b"no image")
    arguments = ("train", recipe, "--data", folder, "--run", tmp_path / "run", "--verbose", 0)
    result = run(*arguments)
    assert result.exit_code == 1
    assert "1.png is no image" in result.stderr
    assert "--skip-corrupt" in result.stderr
    with pytest.warns(UserWarning, match=r"skipped 1 of the .* files of .*1.png is no image"):
        assert run(*arguments, "--skip-corrupt").exit_code == 0
    evaluate = ("evaluate", tmp_path / "run" / "preset", "--data", folder, "--samples", 2, "--skip-corrupt", "--json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert run(*evaluate).exit_code == 0
        assert run(*arguments, "--skip-corrupt").exit_code == 0  # goes on
        preset, out = tmp_path / "run" / "preset", tmp_path / "again.png"
        shown = ("reconstruct", preset, "--data", folder, "--out", out)
        if "1.png is no image" in (said := run(*shown).stderr):  # it is one of the test images, or not
            assert "--skip-corrupt" in said
        assert run(*shown, "--skip-corrupt").exit_code == 0
    new = ("new", tmp_path / "other.toml", "--data", folder, "--size", 8)
    result = run(*new)
    assert result.exit_code == 1
    assert "1.png cannot be decoded (1 such files were found)" in result.stderr
    assert "--skip-corrupt" in result.stderr
    result = run(*new, "--skip-corrupt")
    assert result.exit_code == 0, result.output
    assert "dark 39, light 40" in result.output
    assert result.output.rstrip().endswith(" --skip-corrupt")
    (folder / "dark" / "1.png").write_bytes(content)
    result = run(*arguments, "--skip-corrupt")
    assert result.exit_code == 1
    assert "or of its images" in result.stderr


def test_links_that_lead_outside_are_followed_as_asked(tmp_path, folder):
    (tmp_path / "linked").mkdir()
    for name in ("dark", "light"):
        (tmp_path / "linked" / name).symlink_to(folder / name)
    recipe = tmp_path / "mine.toml"
    recipe.write_text(short("vae"))
    arguments = ("train", recipe, "--data", tmp_path / "linked", "--run", tmp_path / "run", "--verbose", 0)
    result = run(*arguments)
    assert result.exit_code == 1
    assert "dark leads to" in result.stderr
    assert "--follow-links" in result.stderr
    assert run(*arguments, "--follow-links").exit_code == 0
    preset, linked = tmp_path / "run" / "preset", tmp_path / "linked"
    for command in (
        ("new", tmp_path / "other.toml", "--data", linked, "--size", 8),
        ("reconstruct", preset, "--data", linked, "--out", tmp_path / "again.png"),
        ("export", preset, "--target", "server", "--data", linked, "--out", tmp_path / "builds"),
    ):
        result = run(*command)
        assert result.exit_code == 1
        assert "dark leads to" in result.stderr
        result = run(*command, "--follow-links")
        assert result.exit_code == 0, result.output


def test_a_table_of_attributes_is_trained_on_and_evaluated(tmp_path, folder):
    rows = [f"{name}/{i}.png,{name},{i % 7}" for name in ("dark", "light") for i in range(40)]
    (folder / "table.csv").write_text("\n".join(["file,tone,age", *rows]))
    recipe, preset = tmp_path / "mine.toml", tmp_path / "run" / "preset"
    text = short("conditional_vae")
    text = text.replace("ConditionalVAE", "AttributeConditionalVAE").replace(
        "num_classes = 2", 'attributes = { tone = "number" }'
    )
    recipe.write_text(text)
    arguments = ("train", recipe, "--data", folder / "table.csv", "--run", tmp_path / "run", "--verbose", 0)
    result = run(*arguments)
    assert result.exit_code == 1
    assert "[model.attributes.age]" in result.stderr
    own = ImageTable(folder / "table.csv", (8, 8, 3)).attributes
    age = f"{{ mean = {own['age']['mean']}, std = {own['age']['std']} }}"
    recipe.write_text(text.replace('tone = "number"', f'tone = ["dark", "light"], age = {age}'))
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert zoo.load(preset).attributes == own
    result = run("evaluate", preset, "--data", folder / "table.csv", "--samples", 2, "--json", "--write")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["protocol"]["images"] == 8
    result = run("sample", preset)
    assert result.exit_code == 1
    assert "its conditions are not classes" in result.stderr
    options = ("--attribute", "tone=dark,light", "--attribute", "age=3")
    result = run("sample", preset, *options, "--out", tmp_path / "samples.png")
    assert result.exit_code == 0, result.output
    result = run("reconstruct", preset, "--data", folder / "table.csv", "--out", tmp_path / "again.png")
    assert result.exit_code == 0, result.output


def test_new_writes_a_recipe_for_a_table(tmp_path, folder):
    rows = [f"{name}/{i}.png,{name},{i % 7}" for name in ("dark", "light") for i in range(40)]
    (folder / "table.csv").write_text("\n".join(["file,tone,age", *rows]))
    recipe = tmp_path / "mine.toml"
    options = ("--kind", "conditional_vae", "--size", 8, "--steps", 4)
    result = run("new", recipe, "--data", folder / "table.csv", *options)
    assert result.exit_code == 0, result.output
    assert "72 training images and 8 test images" in result.output
    assert "2 attributes: age (a number, about 2.833 +- 2), tone (dark, light)." in result.output
    assert f"keras-vae train {recipe} --data {folder / 'table.csv'}" in result.output
    own = ImageTable(folder / "table.csv", (8, 8, 3)).attributes
    assert Preset.read(recipe).model["class"] == "AttributeConditionalVAE"
    assert Preset.read(recipe).model["attributes"] == own
    arguments = ("train", recipe, "--data", folder / "table.csv", "--run", tmp_path / "run", "--verbose", 0)
    assert run(*arguments).exit_code == 0
    assert zoo.load(tmp_path / "run" / "preset").attributes == own
    result = run("new", tmp_path / "b.toml", "--data", folder / "table.csv", *options, "--classes", 2)
    assert "--classes 2: the images of" in result.stderr
    # Without class folders a folder's one table says what its conditions are.
    for path in sorted(folder.glob("*/*.png")):
        path.rename(folder / f"{path.parent.name}_{path.name}")
    (folder / "table.csv").write_text((folder / "table.csv").read_text().replace("/", "_"))
    result = run("new", tmp_path / "c.toml", "--data", folder, *options)
    assert result.exit_code == 0, result.output
    assert f"The attributes are those of {folder / 'table.csv'}." in result.output
    assert Preset.read(tmp_path / "c.toml").model["attributes"]["tone"] == ["dark", "light"]


def test_every_command_that_reads_a_folder_takes_the_options_of_its_files():
    commands = typer.main.get_command(app).commands
    reading = {name: {parameter.name for parameter in command.params} for name, command in commands.items()}
    reading = {name: given for name, given in reading.items() if "data" in given and name != "list"}
    assert set(reading) == {
        *("train", "evaluate", "export", "new"),
        *("reconstruct", "interpolate", "traverse", "complete", "swap", "compare"),
    }
    for name, given in reading.items():
        assert {"skip_corrupt", "follow_links"} <= given, name


def test_classes_must_be_as_many_as_the_models(tmp_path, folder):
    (tmp_path / "mine.toml").write_text(short("conditional_vae", num_classes=3))
    recipe = Preset.read(tmp_path / "mine.toml").recipe
    with pytest.raises(ValueError, match=r"num_classes=3: the images have 2 classes \(dark, light\)"):
        training.train(recipe, tmp_path / "run", source=ImageFolder(folder, (8, 8, 3)), verbose=0)


def test_options_take_the_place_of_settings_and_stand_in_the_preset(tmp_path, folder):
    (tmp_path / "mine.toml").write_text(short("vae"))
    arguments = ("train", tmp_path / "mine.toml", "--data", folder, "--run", tmp_path / "run", "--verbose", 0)
    for wrong, message in (
        (("--epochs", 0), "training.epochs=0"),
        (("--learning-rate", "nan"), "optimizer.learning_rate=nan"),
    ):
        result = run(*arguments, *wrong)
        assert result.exit_code == 1
        assert message in result.stderr
        assert not (tmp_path / "run").exists()
    changed = ("--epochs", 2, "--learning-rate", 0.002, "--seed", 7)
    assert run(*arguments, *changed).exit_code == 0
    recipe = Preset.read(tmp_path / "run" / "preset").recipe
    assert (recipe.training.epochs, recipe.optimizer.learning_rate, recipe.training.seed) == (2, 0.002, 7)
    assert len(training.read_history(tmp_path / "run")) == 2
    # The same command finds the run finished, and another one is told so.
    assert run(*arguments, *changed).exit_code == 0
    result = run(*arguments)
    assert result.exit_code == 1
    assert "a run of another recipe" in result.stderr


def test_a_mistake_in_the_model_is_told_first_and_names_the_file(tmp_path, folder):
    text = short("vae").replace("latent_size = ", "latent_size = -")
    (tmp_path / "mine.toml").write_text(text)
    result = run("train", tmp_path / "mine.toml", "--data", folder, "--run", tmp_path / "run")
    assert result.exit_code == 1
    assert f"{tmp_path / 'mine.toml'}: [model]: latent_size=-" in result.stderr
    assert "Training" not in result.output.replace(result.stderr, "")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("new", "mine.txt"), "ends in .toml"),
        (("new", "a.toml", "--kind", "gan"), "kind='gan': must be one of"),
        (("new", "a.toml", "--size", "30"), "divisible by 4"),
        (("train", "nowhere.toml"), "nowhere.toml does not exist: `keras-vae new nowhere.toml` writes"),
        (("train", "there.toml"), "--data FOLDER"),
        (("train", "there.toml", "--data", "nowhere"), "neither a folder nor"),
        (("new", "there.toml"), "is there already"),
        (("new", "a.toml", "--minutes", "5", "--steps", "9"), "--minutes 5 and --steps 9: give one of the two"),
        (("new", "a.toml", "--data", "nowhere"), "nowhere is no folder"),
        (("new", "a.toml", "--learning-rate", "nan"), "learning_rate=nan"),
        (("new", "a.toml", "--data", "flat", "--kind", "conditional_vae"), "flat has no class folders"),
    ],
)
def test_errors_are_one_line_with_the_remedy(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.toml").write_text(short("vae"))
    (tmp_path / "flat").mkdir()
    for i in range(3):
        Image.new("RGB", (9, 9)).save(tmp_path / "flat" / f"{i}.png")
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / "a.toml").exists()
    assert len(result.stderr.strip().splitlines()) == 1
    assert (tmp_path / "there.toml").read_text() == short("vae")
