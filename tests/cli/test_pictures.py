"""The commands that draw: from test images and from a user's own files."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_vae import VAE, ConditionalVAE, models, zoo
from keras_vae.cli import app

runner = CliRunner()
SHAPE = (28, 28, 1)
SMALL = {"name": "mlp", "hidden_units": (16,)}


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    built = {
        "plain": VAE(SHAPE, 3, hidden_units=(16,)),
        "plane": VAE(SHAPE, 2, hidden_units=(16,)),
        "labels": ConditionalVAE(SHAPE, 10, 3, network=SMALL),
        "code": models.Autoencoder(SHAPE, 3, SMALL),
        "swap": models.MultiDomainAutoencoder(SHAPE, 3, 2, SMALL),
        "parts": models.ImageConditionalVAE(SHAPE, (28, 28, 2), 2, network=SMALL, completes=True),
    }
    return {name: zoo.save_to_preset(model, folder / name) for name, model in built.items()}


@pytest.fixture
def photo(tmp_path):
    array = np.full((60, 80, 3), 255, "uint8")
    array[20:40, 35:45] = 0
    Image.fromarray(array).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize(
    ("preset", "arguments"),
    [
        ("plain", ("reconstruct", "--data", "digits", "--n", 3)),
        ("labels", ("reconstruct", "--data", "digits", "--n", 3)),
        ("code", ("reconstruct", "--data", "digits", "--n", 3)),
        ("plain", ("interpolate", "--data", "digits", "--n", 2, "--steps", 3)),
        ("labels", ("interpolate", "--data", "digits", "--n", 2, "--steps", 3)),
        ("code", ("interpolate", "--data", "digits", "--n", 1)),
        ("labels", ("traverse", "--data", "digits", "--rows", 2, "--number", 5)),
        ("plane", ("manifold", "--size", 3)),
        ("parts", ("complete", "--data", "digits", "--n", 2, "--draws", 2, "--given", 3)),
        ("swap", ("swap", "--data", "digits", "--n", 2)),
    ],
)
def test_every_command_writes_its_picture(presets, tmp_path, preset, arguments):
    command, *options = arguments
    result = run(command, presets[preset], *options, "--out", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "out.png") as picture:
        assert len(set(np.asarray(picture.convert("L")).ravel())) > 10
    assert "Wrote" in result.output


@pytest.mark.parametrize(
    ("command", "options"), [("interpolate", ("--n", 2, "--steps", 4)), ("traverse", ("--rows", 2))]
)
def test_a_name_that_ends_in_gif_makes_a_moving_picture(presets, tmp_path, command, options):
    result = run(command, presets["plain"], "--data", "digits", *options, "--out", tmp_path / "out.gif")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "out.gif") as picture:
        assert picture.n_frames > 2


def test_own_pictures_are_brought_to_the_models_form_and_that_is_said(presets, photo, tmp_path):
    result = run("reconstruct", presets["plain"], photo, "--invert", "--out", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    words = "80x60 in colour: made grey, cut to its middle, scaled to 28x28, dark and light exchanged"
    assert words in result.output


def test_that_grey_becomes_black_or_white_is_said(presets, photo, tmp_path):
    words = "each grey pixel became white by chance"
    assert words in run("reconstruct", "mnist_vae", photo, "--invert", "--out", tmp_path / "a.png").output
    assert words not in run("reconstruct", presets["plain"], photo, "--invert", "--out", tmp_path / "b.png").output


def test_ink_on_paper_is_noticed(presets, photo, tmp_path):
    model = zoo.load(presets["code"])
    bias = model.decoder.get_layer("output").bias
    bias.assign(bias - 5.0)  # dark whatever the code is
    dark = zoo.save_to_preset(model, tmp_path / "dark")
    assert "try --invert" in run("reconstruct", dark, photo, "--out", tmp_path / "a.png").output
    assert "try --invert" not in run("reconstruct", dark, photo, "--invert", "--out", tmp_path / "a.png").output


def test_programs_read_json(presets, photo, tmp_path):
    result = run("reconstruct", presets["plain"], photo, "--json", "--out", tmp_path / "out.png")
    found = json.loads(result.stdout)
    assert found["file"] == str((tmp_path / "out.png").resolve())
    assert found["images"][0]["image"] == str(photo)
    assert 0 < found["images"][0]["squared_error"] < 1
    assert json.loads(run("sample", presets["plain"], "--json", "--out", tmp_path / "s.png").stdout)["file"]


def test_models_are_compared(presets, tmp_path):
    names = [presets[name] for name in ("plain", "labels", "code")]
    result = run("compare", *names, "--data", "digits", "--n", 3, "--out", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out.png").exists()
    assert "prepared as" not in result.output


def test_a_comparison_says_whose_preprocessing_all_are_shown(tmp_path):
    result = run("compare", "mnist_vae", "mnist_ae", "--data", "digits", "--n", 3, "--out", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    assert (
        "mnist_ae learned from images prepared as 'scaling'; here all are prepared as 'dynamic_binarization'"
        in result.output
    )


def test_a_folder_of_pictures_is_a_data_set(presets, tmp_path):
    for i in range(10):
        Image.new("L", (10, 10), 20 * i).save(tmp_path / f"{i}.png")
    result = run("reconstruct", presets["plain"], "--data", tmp_path, "--out", tmp_path / "out" / "r.png", "--json")
    assert result.exit_code == 0, result.output
    assert len(json.loads(result.stdout)["images"]) == 1  # every tenth is for the test


@pytest.mark.parametrize(
    ("preset", "arguments", "message"),
    [
        ("labels", ("reconstruct", "PHOTO"), "say what the images show"),
        ("labels", ("reconstruct", "PHOTO", "--labels", "1,2"), "2 for 1 image files"),
        ("plain", ("reconstruct", "nowhere.png"), "nowhere.png is no file"),
        ("plain", ("reconstruct",), "names no data set"),
        ("plain", ("reconstruct", "--data", "mnits"), "neither a folder nor one of the data sets"),
        ("plain", ("interpolate", "PHOTO"), "two image files or more"),
        ("plain", ("manifold",), "has 3 latents"),
        ("code", ("manifold",), "cannot draw a latent plane"),
        ("code", ("traverse", "PHOTO"), "has no posterior"),
        ("plain", ("complete", "PHOTO"), "completes no images"),
        ("plain", ("swap", "PHOTO"), "has no domains"),
        ("plain", ("traverse", "--data", "digits", "--number", "5000"), "there are 360 test images"),
    ],
)
def test_errors_are_one_line_with_the_remedy(presets, photo, tmp_path, preset, arguments, message):
    command, *rest = (str(photo) if a == "PHOTO" else a for a in arguments)
    result = run(command, presets[preset], *rest, "--out", tmp_path / "out.png")
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.png").exists()
