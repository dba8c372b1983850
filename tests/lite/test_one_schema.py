"""One module knows what `build.json` holds: the others write and read it as objects, and name no field as text."""

import ast
import dataclasses
from pathlib import Path

import pytest

import keras_vae
from keras_vae.lite import manifest

PACKAGE = Path(keras_vae.__file__).parent
RECORDS = (
    manifest.Manifest, manifest.File, manifest.Operation, manifest.Parity, manifest.Error, manifest.Nats, manifest.Bar,
)  # fmt: skip
# Names of other things too: of parts and of tensors of a build, and of settings of models.
SHARED = {
    *manifest.PARTS, "mean", "name", "posterior", "attributes", "num_classes", "num_codes", "condition_shape", "completes",
}  # fmt: skip
# Names of fields of other files too, which cards and commands read beside builds: weights.json, metrics.json, preset.toml.
OF_OTHER_FILES = {"bytes", "class", "keras", "sha256", "source", "versions"}
FIELDS = {field.name for record in RECORDS for field in dataclasses.fields(record)} | {"class", "elbo_change"}


def _users():
    """The modules that write or read builds: all of lite and export, and whatever else imports one of them."""
    web = PACKAGE.parent / "export" / "web" / "build.py"
    for path in [*PACKAGE.rglob("*.py"), *([web] if web.exists() else [])]:
        text = path.read_text(encoding="utf-8")
        if path.parent.name in ("lite", "export") or "lite.read_proof" in text or "lite.Manifest" in text:
            yield path, text


def named_as_text(text):
    """The fields that a module names as text: `x["files"]`, `x.get("files")` and `{"files": ...}`."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        keys = []
        if isinstance(node, ast.Subscript):
            keys = [node.slice]
        elif isinstance(node, ast.Dict):
            keys = node.keys
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
            keys = node.args[:1]
        found |= {key.value for key in keys if isinstance(key, ast.Constant)} & (FIELDS - SHARED)
    return found


def test_no_other_module_names_a_field():
    users = dict(_users())
    assert {path.name for path in users} >= {"tflite.py", "parity.py", "model.py", "folders.py", "card.py", "export.py"}
    named = {}
    for path, text in users.items():
        if found := named_as_text(text) - (set() if path.parent.name == "lite" else OF_OTHER_FILES):
            named[path.relative_to(PACKAGE.parent).as_posix()] = found
    assert set(named) == {"keras_vae/lite/manifest.py"}, named


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("proof['files']['decoder']['bytes']", {"files", "bytes"}),
        ("proof.get('support')", {"support"}),
        ("{'data_shape': shape, **more}", {"data_shape"}),
        ("proof.files['decoder'].bytes", set()),
        ("build(data=x)['mean']", set()),
    ],
)
def test_a_field_would_be_found(text, found):
    assert named_as_text(text) == found
