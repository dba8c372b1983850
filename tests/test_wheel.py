"""The wheels: what they carry, and that models load from them alone."""

import importlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from keras_vae import lite, zoo

ROOT = Path(__file__).parents[1]
BUNDLED = ["mnist_classifier", "mnist_cvae", "mnist_vae_2d"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the library."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--quiet", "-w", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def data_wheels(tmp_path_factory):
    """The wheels of all weights."""
    sys.path.insert(0, str(ROOT / "packaging"))
    yield importlib.import_module("data_wheels").main(tmp_path_factory.mktemp("data"))
    sys.path.remove(str(ROOT / "packaging"))


@pytest.fixture
def site(wheel, tmp_path):
    """A folder with the library as pip installs it."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    return tmp_path / "site"


def _run(site, script):
    done = subprocess.run(
        [sys.executable, "-c", f"import keras_vae, pathlib\n{script}"],
        cwd=site.parent,
        env={"PYTHONPATH": str(site), "KERAS_VAE_CACHE": str(site.parent / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()


def test_the_wheel_is_small_and_has_the_weights_of_the_bundled_presets_alone(wheel):
    assert wheel.stat().st_size < 15_000_000
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "zoo", "export"))]
    weights = [Path(name).parent.name for name in names if name.endswith("model.safetensors")]
    assert sorted(weights) == BUNDLED
    texts = {Path(name).parent.name for name in names if name.startswith("keras_vae/zoo/presets/") and "toml" in name}
    assert set(zoo.preset_names()) <= texts
    assert "keras_vae/py.typed" in names
    builds = {"/".join(name.split("/")[3:5]) for name in names if name.startswith("keras_vae/lite/builds/")}
    assert builds == {"mnist_cvae/cpu"}


def test_what_is_bundled_works_and_what_is_not_is_an_error_with_the_ways_to_get_it(site):
    names, shape, lite_shape, error = _run(
        site,
        f"assert pathlib.Path(keras_vae.__file__).is_relative_to({str(site)!r}), keras_vae.__file__\n"
        "print(','.join(keras_vae.list_presets()))\n"
        "print(keras_vae.load('mnist_cvae').sample(labels=[3], seed=0).shape)\n"
        "print(keras_vae.lite.load('mnist_cvae').sample(labels=[3], seed=0).shape)\n"
        "try: keras_vae.load('mnist_vae')\n"
        "except keras_vae.zoo.MissingBlobError as error: print(error)\n",
    )
    assert names.split(",") == zoo.list_presets()
    assert shape == lite_shape == "(1, 28, 28, 1)"
    assert error.startswith("mnist_vae: its weights (0.9 MB) are not on this machine.")
    for remedy in ("pip install keras-vae-zoo", "KERAS_VAE_STORE", "clone of the repository"):
        assert remedy in error


def test_a_build_runs_from_the_wheel_without_tensorflow(site):
    (shape,) = _run(
        site,
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'tensorflow_probability', 'pydantic'): sys.modules[name] = None\n"
        "print(keras_vae.lite.load('mnist_cvae').sample(labels=[3], seed=0).shape)\n",
    )
    assert shape == "(1, 28, 28, 1)"
    assert "mnist_cvae" in lite.list_builds()


def test_data_wheels_have_the_weights_of_all_presets(site, data_wheels):
    assert all(path.stat().st_size < 100_000_000 for path in data_wheels)
    assert len(data_wheels) >= 2
    for path in data_wheels:
        zipfile.ZipFile(path).extractall(site)
    script = (
        "import json\nprint(json.dumps({n: len(keras_vae.zoo.read_weights(n)) for n in keras_vae.list_presets()}))\n"
    )
    counts, shape = _run(site, script + "print(keras_vae.load('mnist_vae').sample(2, seed=0).shape)")
    assert json.loads(counts) == {name: len(zoo.read_weights(name)) for name in zoo.list_presets()}
    assert shape == "(2, 28, 28, 1)"


def test_groups_are_full_and_none_is_too_large(data_wheels):
    groups = importlib.import_module("data_wheels").groups
    assert groups({"a": 3, "b": 3, "c": 5, "d": 1}, most=6) == [["a", "b"], ["c", "d"]]
    with pytest.raises(ValueError, match="b has 7 bytes, and a wheel takes at most 6"):
        groups({"a": 1, "b": 7}, most=6)
