"""The library knows no preset by name but its default; which there are, the zoo's folders say."""

import ast
import re
from pathlib import Path

import pytest

import keras_vae
from keras_vae import zoo
from keras_vae.zoo import home

PACKAGE = Path(keras_vae.__file__).parent
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if home.presets_home() not in path.parents)


def named_in(text, default=zoo.DEFAULT_PRESET):
    """The presets that a source names: the default in what runs, others anywhere, comments and docstrings too."""
    others = [name for name in zoo.preset_names() if name != default]
    found = set(re.findall(rf"\b({'|'.join(others)})\b", text))
    nodes = list(ast.walk(ast.parse(text)))
    said = {
        id(node.value) for node in nodes if isinstance(node, ast.Expr)
    }  # docstrings, which may show how it is loaded
    texts = (n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in said)
    return found | {default for text in texts if re.search(rf"\b{default}\b", text)}


def test_the_default_is_a_preset_and_named_in_one_place():
    assert zoo.DEFAULT_PRESET in zoo.list_presets()
    assert {path.relative_to(PACKAGE).as_posix(): named_in(path.read_text(encoding="utf-8")) for path in SOURCES} == {
        path.relative_to(PACKAGE).as_posix(): {zoo.DEFAULT_PRESET} if path.name == "home.py" else set()
        for path in SOURCES
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("'''Such as mnist_swap.'''", {"mnist_swap"}),
        ("x = 1  # as in mnist_vae", {"mnist_vae"}),
        ("'''>>> load('mnist_cvae')'''", set()),
        ("x = 'the preset mnist_cvae'", {"mnist_cvae"}),
        ("x = 'mnist_quadrants'", set()),
    ],
)
def test_a_name_would_be_found(text, found):
    assert named_in(text) == found
