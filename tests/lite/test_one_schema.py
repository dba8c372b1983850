"""One module knows what `build.json` is called and holds: all others use a `lite.Manifest`, and name no field as text."""

import ast
import dataclasses
from pathlib import Path

import pytest

import keras_vae
from keras_vae.lite import manifest, rules

PACKAGE = Path(keras_vae.__file__).parent
OWNER = PACKAGE / "lite" / "manifest.py"
RECORDS = (
    manifest.Manifest, manifest.File, manifest.Operation, manifest.Parity, manifest.Error, manifest.Nats, manifest.Bar,
)  # fmt: skip
# Names of other things too: of parts and tensors of a build, arguments of models, and fields of weights.json and metrics.json,
# which cards and commands read beside builds.
SHARED = {
    *manifest.PARTS, "mean", "name", "posterior", "attributes", "num_classes", "num_codes", "condition_shape", "completes",
    "bytes", "class", "keras", "sha256", "source", "versions",
}  # fmt: skip
FIELDS = {rules.key_of(field) for record in RECORDS for field in dataclasses.fields(record)} - SHARED


def _modules():
    """The syntax trees of the package and, in a working copy, of the programs beside it."""
    beside = [PACKAGE.parent / name for name in ("export", "experiments", "benchmarks")]
    for folder in (PACKAGE, *beside):
        for path in folder.rglob("*.py"):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _handles_builds(path, tree):
    """Whether a module is of `lite` or of `export`, or imports from `lite`."""
    if path.parent in (PACKAGE / "lite", PACKAGE / "export"):
        return True
    names = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    return any(name.startswith("keras_vae.lite") for name in names)


def names_the_file(tree):
    """Whether the file's name stands in a syntax tree as text that is no docstring."""
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return any(manifest.MANIFEST in node.value for node in texts if id(node) not in documentation)


def fields_named(tree):
    """The fields that a syntax tree names as text: `x["files"]`, `x.get("files")`, `"files" in x` and `{"files": ...}`."""
    found = set()
    for node in ast.walk(tree):
        keys = []
        if isinstance(node, ast.Subscript):
            keys = [node.slice]
        elif isinstance(node, ast.Dict):
            keys = node.keys
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            keys = [node.left]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
            keys = node.args[:1]
        found |= {key.value for key in keys if isinstance(key, ast.Constant)} & FIELDS
    return found


def test_one_module_names_the_file():
    assert [path for path, tree in _modules() if names_the_file(tree)] == [OWNER]


def test_no_module_names_a_field():
    handling = {path: tree for path, tree in _modules() if _handles_builds(path, tree)}
    names = {path.relative_to(PACKAGE).as_posix() for path in handling if PACKAGE in path.parents}
    assert names >= {
        "lite/model.py",
        "lite/folders.py",
        "export/tflite.py",
        "export/parity.py",
        "zoo/card.py",
        "cli/export.py",
    }
    named = {path.relative_to(PACKAGE.parent).as_posix(): fields_named(tree) for path, tree in handling.items()}
    assert {path: fields for path, fields in named.items() if fields} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("proof['files']['decoder']['latency_ms']", {"files", "latency_ms"}),
        ("proof.get('support')", {"support"}),
        ("'parity' in proof", {"parity"}),
        ("{'data_shape': shape, **more}", {"data_shape"}),
        ("proof.files['decoder'].bytes", set()),
        ("build(data=x)['mean']", set()),
    ],
)
def test_a_field_would_be_found(text, found):
    assert fields_named(ast.parse(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(folder / 'build.json').read_text()", True),
        ("f'{folder}/build.json'", True),
        ("def f():\n    'Writes `build.json`.'", False),
        ("folder / MANIFEST", False),
    ],
)
def test_the_name_of_the_file_would_be_found(text, found):
    assert names_the_file(ast.parse(text)) is found
