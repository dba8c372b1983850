"""Packages import their public names on first use, and are otherwise like any other."""

import importlib
import subprocess
import sys
import types

import pytest

from keras_vae import _lazy, zoo

NAMES = (
    "lite", "data", "distributions", "networks", "objectives", "models", "training", "evaluation", "zoo", "export", "plots",
)  # fmt: skip
PACKAGES = ("keras_vae", *(f"keras_vae.{name}" for name in NAMES))


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_listed_is_what_is_imported_for_type_checkers(package):
    module = importlib.import_module(package)
    assert set(module.__all__) - {"__version__"} == set(_lazy._homes(package))
    assert dir(module) == sorted(module.__all__)


@pytest.mark.parametrize("package", PACKAGES[1:])
def test_a_public_name_is_never_the_module_of_the_same_name(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert not isinstance(getattr(module, name), types.ModuleType), name


def test_a_function_stays_where_the_module_of_its_name_is_imported():
    script = (
        "import keras_vae.data.about, keras_vae.zoo.card\n"
        "from keras_vae import data, zoo\n"
        "assert data.about('mnist').startswith('MNIST')\n"
        "assert callable(zoo.card)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_modules_of_a_package_are_found_without_an_import():
    script = "import keras_vae; assert keras_vae.zoo.facts.manifest is keras_vae.zoo.manifest"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_unknown_name_gets_the_names_there_are_and_the_nearest():
    with pytest.raises(
        AttributeError, match=r"module 'keras_vae.zoo' has no attribute 'lod'; it has .*Did you mean 'load'"
    ):
        zoo.lod  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        from keras_vae.data import Nothing  # noqa: F401


def test_importing_every_package_imports_neither_tensorflow_nor_any_other_heavy_package():
    heavy = ("tensorflow", "keras", "sklearn", "scipy", "matplotlib", "tensorflow_datasets")
    script = (
        f"import sys, {', '.join(PACKAGES)}\n"
        f"there = [name for name in {heavy} if name in sys.modules]\nassert not there, there"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_data_set_is_known_without_tensorflow():
    script = (
        "import sys\nfrom keras_vae import augment, data\n"
        "assert 'mnist' in data.DATASETS and data.class_names('cifar10')[3] == 'cat'\n"
        "assert type(augment.preprocessing_named('random_shift')).__name__ == 'RandomShift'\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
