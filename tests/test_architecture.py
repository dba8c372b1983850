"""A room imports only the rooms that stand above it, and what is public is what is listed."""

import ast
import graphlib
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import keras_vae
from keras_vae import _lazy

PACKAGE = Path(keras_vae.__file__).parent
# docs/architecture.md tells why. What begins with an underscore serves all.
ORDER = [
    "lite", "augment", "data", "networks",
    "distributions", "objectives", "models", "training", "evaluation", "zoo", "export", "plots", "cli",
]  # fmt: skip


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "keras_vae":
            parts = node.module.split(".")
            if len(parts) > 1:
                yield parts[1]
            else:
                yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("keras_vae."):
                    yield alias.name.split(".")[1]


def test_every_room_has_its_place():
    assert sorted(p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").exists()) == sorted(ORDER)


@pytest.mark.parametrize("room", ORDER)
def test_no_import_points_down(room):
    below = set(ORDER[ORDER.index(room) + 1 :])
    if room == "plots":
        below.discard("plots")
    for path in (PACKAGE / room).rglob("*.py"):
        wrong = below & set(_imports(path))
        assert not wrong, f"{path.relative_to(PACKAGE)} imports {sorted(wrong)}, which stand below {room}"


def test_nothing_imports_the_rooms_that_draw_or_print():
    for room in ORDER[: ORDER.index("plots")]:
        for path in (PACKAGE / room).rglob("*.py"):
            assert not {"plots", "cli"} & set(_imports(path)), path


def test_helpers_import_no_room():
    allowed = {"_named.py": set(), "_backend.py": set()}
    for path in PACKAGE.glob("_*.py"):
        if path.name not in ("__init__.py", "__main__.py"):
            assert set(_imports(path)) & set(ORDER) <= allowed.get(path.name, set()), path


def _modules():
    """The files of the package by the names of their modules."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if path.name == "__init__.py" else parts)] = path
    return found


def _executed(node):
    """The parts of a syntax tree that run at some time, inside functions too: not what is there for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _executed(child)


def _needed(text, modules):
    """The modules whose code a module uses, wherever in it they are imported; a package stands for where its names come from."""
    found, packages = set(), {}

    def add(package, name):
        is_package = modules.get(package, PACKAGE).name == "__init__.py"
        home = _lazy._homes(package).get(name) if is_package and importlib.import_module(package) else None
        homes = (home if home != package else None, f"{package}.{name}", package)
        module = next((m for m in homes if m in modules), None)
        if module and modules[module].name == "__init__.py":
            return module
        found.add(module)
        return None

    nodes = list(_executed(ast.parse(text)))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "keras_vae":
            for alias in node.names:
                if package := add(node.module, alias.name):
                    packages[alias.asname or alias.name] = package
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("keras_vae.")}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in packages:
            add(packages[node.value.id], node.attr)
    return found - {None}


def _order(needed):
    return list(graphlib.TopologicalSorter(needed).static_order())


def test_no_modules_import_each_other():
    modules = _modules()
    needed = {name: _needed(path.read_text(encoding="utf-8"), modules) - {name} for name, path in modules.items()}
    assert "keras_vae.zoo.hub" in needed["keras_vae.zoo.presets"], "imports of modules are found"
    assert "keras_vae.zoo.presets" in needed["keras_vae.cli.pictures"], "and so are names of a package, in functions"
    assert len(_order(needed)) >= len(modules)


def test_a_circle_would_be_found():
    modules = _modules()
    text = "def f():\n    from keras_vae import zoo\n    zoo.load('x')\n"
    needed = {"keras_vae.zoo.hub": _needed(text, modules), "keras_vae.zoo.presets": {"keras_vae.zoo.hub"}}
    with pytest.raises(graphlib.CycleError) as caught:
        _order(needed)
    assert set(caught.value.args[1]) == {"keras_vae.zoo.hub", "keras_vae.zoo.presets"}


def _model_classes():
    """The classes of models, whose names no other package asks for; capabilities are what it asks for instead."""
    classes = {
        node.name: node for path in (PACKAGE / "models").glob("*.py") for node in _tree(path).body if _is_class(node)
    }

    def is_model(name):
        node = classes.get(name)
        return name == "keras.Model" or (node is not None and any(is_model(ast.unparse(base)) for base in node.bases))

    return {name for name in classes if is_model(name)}


def _is_class(node):
    return isinstance(node, ast.ClassDef)


def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _named(node):
    """The names in an expression, such as those of `A | models.B` or `(A, B)`."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }


def _is_model(node):
    """Whether an expression is a model by its name: `model`, `self.model`, `self._model`."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.strip("_") == "model"


def class_checks(tree, classes):
    """The lines of a syntax tree that ask for the class of a model: by isinstance, by type, by a match, or by a method."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            if node.func.id in ("isinstance", "issubclass") and len(node.args) == 2 and _named(node.args[1]) & classes:
                found.append(node.lineno)
            if node.func.id in ("hasattr", "getattr") and _is_model(node.args[0]):
                found.append(node.lineno)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            of_type = [side for side in sides if isinstance(side, ast.Call) and ast.unparse(side.func) == "type"]
            of_name = [side for side in sides if ast.unparse(side).endswith("__class__")]
            rest = [side for side in sides if side not in of_type]
            if (of_type or of_name) and any(_named(side) & classes for side in rest):
                found.append(node.lineno)
        if isinstance(node, ast.MatchClass) and _named(node.cls) & classes:
            found.append(node.lineno)
    return sorted(found)


def test_no_package_asks_for_the_class_of_a_model():
    """Capabilities are asked for, so that a new kind of model is one class: see `keras_vae.models.capabilities`."""
    classes = _model_classes()
    assert {"VAE", "VQVAE", "EncoderDecoder", "Classifier"} <= classes
    assert not {"Clusters", "Samples", "HasPosterior"} & classes
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("models/"):
            lines = class_checks(_tree(path), classes)
            assert not lines, f"{name} asks for classes of models in the lines {lines}"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("isinstance(model, VAE)", [1]),
        ("x = 1\nif isinstance(thing, models.VAE):\n    pass", [2]),
        ("isinstance(model, (int, VQVAE | None))", [1]),
        ("issubclass(cls, VAE)", [1]),
        ("hasattr(model, 'sample')", [1]),
        ("getattr(self.model, 'num_classes', None)", [1]),
        ("type(model) is VAE", [1]),
        ("model.__class__ == VAE", [1]),
        ("match model:\n    case VAE():\n        pass", [2]),
        ("isinstance(model, Samples) and isinstance(model.prior, StandardNormal)", []),
        ("type(model.prior) is StandardNormal", []),
        ("getattr(source, 'name', None)", []),
        ("VAE(model)", []),
    ],
)
def test_the_count_of_checks_sees_each_form(source, lines):
    assert class_checks(ast.parse(source), {"VAE", "VQVAE"}) == lines


@pytest.mark.parametrize("room", ["", *ORDER])
def test_all_lists_what_is_there(room):
    module = importlib.import_module(f"keras_vae.{room}".rstrip("."))
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("room", ORDER[:-1])
def test_every_public_class_and_function_is_documented(room):
    module = importlib.import_module(f"keras_vae.{room}")
    for name in module.__all__:
        value = getattr(module, name)
        if callable(value):
            assert value.__doc__, f"{room}.{name}"
            assert len(value.__doc__) > 20, f"{room}.{name}"


def test_the_import_is_lazy_and_load_needs_neither_scikit_learn_nor_matplotlib(tmp_path):
    script = (
        "import sys, keras_vae\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules), 'import keras_vae loads TensorFlow'\n"
        # Keras imports some of these where it finds them, so they are made impossible to import.
        "for name in ('sklearn', 'matplotlib', 'tensorflow_datasets', 'typer'):\n"
        "    sys.modules[name] = None\n"
        "keras_vae.load('mnist_cvae').sample(labels=[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-600:]


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(AttributeError, match="no attribute 'lode'; it has .*load"):
        keras_vae.lode  # noqa: B018


def test_another_backend_is_refused_with_the_remedy():
    script = "import os; os.environ['KERAS_BACKEND'] = 'jax'; import keras_vae; keras_vae.VAE"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "backend is 'jax'. Set the environment variable KERAS_BACKEND=tensorflow" in done.stderr


def test_tests_of_the_same_name_in_two_folders_do_not_meet():
    tests = Path(__file__).parent
    folders = {path.parent for path in tests.rglob("test_*.py")}
    assert not [folder.name for folder in folders if not (folder / "__init__.py").exists()]
