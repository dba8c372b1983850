"""`--attribute`: what is asked of a model that is conditioned on attributes, and what is said of mistakes."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_vae import zoo
from keras_vae._attributes import Attributes
from keras_vae.cli import app
from keras_vae.cli.attributes import attributes_of, described_in, options_for, rows_in_words
from keras_vae.models import AttributeConditionalVAE

runner = CliRunner()
GIVEN = {"hat": ["no", "yes"], "age": {"mean": 40.0, "std": 12.5}, "hair colour": ["light, red", "dark"]}
HATS = Attributes(GIVEN).described
DARK = "hair colour=dark"


def test_one_value_stands_for_all_rows_and_words_may_hold_commas():
    found = attributes_of(["age = 20,40.5", "hat=yes", "hair colour=light, red"], HATS, "mine")
    assert found == {"age": [20.0, 40.5], "hat": ["yes", "yes"], "hair colour": ["light, red", "light, red"]}
    assert rows_in_words(found) == [
        "age=20, hat=yes, hair colour=light, red",
        "age=40.5, hat=yes, hair colour=light, red",
    ]
    assert described_in(SimpleNamespace(model={"attributes": GIVEN})) == HATS
    assert described_in(SimpleNamespace(model={})) is None
    assert options_for(HATS) == "--attribute age=40 --attribute 'hair colour=light, red' --attribute hat=no"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["hat"], r"--attribute hat: must be NAME=VALUE.*age \(a number, about 40 \+- 12\).*hat \(no, yes\)"),
        (["hut=yes"], r"mine has no attribute 'hut'; it has .*Did you mean 'hat'\?"),
        (["hat=maybe"], r"'maybe' is not a value of 'hat', which is one of no, yes\."),
        (["hat=yess"], r"Did you mean 'yes'\?"),
        (["age=old"], r"age \(a number, about 40 \+- 12\) needs a number, such as 40\."),
        (["age=nan"], "needs a number"),
        (["age="], "needs a number"),
        (["hat=no", "hat=yes"], "'hat' is given already. Write several values as hat=A,B"),
        (["hat=yes", DARK], r"conditioned on 3 attributes: add --attribute age=40\. They are age \(a number"),
        (["hat=yes,no", "age=1,2,3", DARK], "'hat' has 2 values and 'age' has 3"),
    ],
)
def test_mistakes_name_the_attribute_its_values_and_the_remedy(texts, message):
    with pytest.raises(ValueError, match=message):
        attributes_of(texts, HATS, "mine")


def test_a_model_without_attributes_is_told_so():
    with pytest.raises(ValueError, match="--attribute hat=yes: mine is not conditioned on attributes. Leave"):
        attributes_of(["hat=yes"], None, "mine")


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    model = AttributeConditionalVAE((8, 8, 1), GIVEN, 2, likelihood="gaussian")
    return zoo.save_to_preset(model, tmp_path_factory.mktemp("presets") / "hats")


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


def test_sample_takes_attributes(preset, tmp_path):
    options = ("--attribute", "hat=yes", "--attribute", "age=20,60", "--attribute", DARK)
    result = run("sample", preset, *options, "--n", 3, "--out", tmp_path / "a.png")
    assert result.exit_code == 0, result.output
    columns = {"age": [20.0] * 3 + [60.0] * 3, "hair colour": ["dark"] * 6, "hat": ["yes"] * 6}
    model = zoo.load(preset)
    from keras_vae import plots

    words = ["hat=yes, age=20, hair colour=dark", "hat=yes, age=60, hair colour=dark"]
    figure = plots.grid_figure(model.sample(labels=columns, seed=0), 3, f"samples of {model.name}", words)
    expected = np.asarray(Image.open(plots.save(figure, tmp_path / "b.png")))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), expected)


def test_mistakes_are_one_line_before_tensorflow_is_started(preset, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_vae.cli.pictures.start_tensorflow", None)  # a call would be a TypeError
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    for arguments, message in (
        (("sample", preset), "its conditions are not classes: add --attribute age=40"),
        (("sample", preset, "--labels", "1"), "in place of --labels 1"),
        (("sample", preset, "--attribute", "hat=maybe"), "one of no, yes"),
        (("sample", preset, "--attribute", "hat=yes", "--labels", 1), "give one of the two"),
        (("sample", "mnist_cvae", "--attribute", "hat=yes"), "mnist_cvae is not conditioned on attributes"),
        (("reconstruct", preset, tmp_path / "a.png"), "give --data TABLE.csv"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert message in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
    assert "--attribute" in run("sample", "--help").output
