"""What the shell completes."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keras_vae import augment, data, export, zoo
from keras_vae._named import snake_case
from keras_vae.cli import app, completion, targets


def completed(line):
    words = line.split(" ")
    environment = {
        "_KERAS_VAE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"keras-vae {line}",
        "COMP_CWORD": str(len(words)),
    }
    return CliRunner().invoke(app, [], prog_name="keras-vae", env=environment).output.split()


def test_names_of_presets():
    for command in ("sample", "compare mnist_vae"):
        found = completed(f"{command} mnist_c")
        assert {"mnist_classifier", "mnist_conv_vae", "mnist_cvae"} <= set(found)
        assert not [name for name in found if not name.startswith("mnist_c")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("list --family ", zoo.FAMILIES),
        ("list --data ", data.DATASETS),
        ("new my.toml --kind ", zoo.KINDS),
        ("export mnist_vae --target ", (*export.TARGETS, targets.SERVER, targets.ALL)),
        ("export mnist_vae --format ", export.TARGETS["cpu"].formats),
        ("reproduce ", zoo.published_tables()),
    ],
)
def test_options_and_arguments_of_a_few_words(line, expected):
    assert set(completed(line)) == set(expected)


def test_every_preprocessing():
    steps = [getattr(augment, name) for name in augment.__all__]
    names = {snake_case(s.__name__) for s in steps if isinstance(s, type) and issubclass(s, augment.Preprocessing)}
    assert set(completed("evaluate mnist_vae --preprocessing ")) == names - {"preprocessing"}


def test_data_is_a_set_or_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diaries").mkdir()
    (tmp_path / "diary.txt").touch()
    assert completed("reconstruct mnist_vae --data di") == ["digits", "digits_outlines", "digits_quadrants", "diaries/"]


def test_it_holds_no_list_of_its_own():
    tree = ast.parse(Path(completion.__file__).read_text(encoding="utf-8"))
    lists = [node for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict)]
    copied = [
        ast.unparse(node)
        for node in lists
        if any(isinstance(part, ast.Constant) for part in ast.iter_child_nodes(node))
    ]
    assert copied == []


@pytest.mark.parametrize(
    ("command", "words"),
    [("list", zoo.FAMILIES), ("new", zoo.KINDS), ("export", (*targets.names(), *export.TARGETS["cpu"].formats))],
)
def test_help_names_every_word_that_an_option_takes(command, words):
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "500"}).output
    for word in words:
        assert re.search(rf"\b{word}\b", shown), word


def test_it_does_not_wait_for_tensorflow():
    script = "import sys; from keras_vae.cli import app; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
