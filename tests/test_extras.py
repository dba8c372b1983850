"""What needs no extra works without any, and what needs one says which."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# By the module that is imported, the package that brings it. (The command needs rich too, which Keras brings.)
OF_EXTRAS = {
    "matplotlib": "matplotlib",
    "PIL": "pillow",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "tensorflow_datasets": "tensorflow-datasets",
    "typer": "typer",
    "huggingface_hub": "huggingface-hub",
    "ai_edge_litert": "ai-edge-litert",
    "ai_edge_quantizer": "ai-edge-quantizer",
    "tensorflow_serving": "tensorflow-serving-api",
}
WITHOUT = f"""
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname.partition(".")[0] in {sorted(OF_EXTRAS)}:
            raise ModuleNotFoundError(f"No module named {{fullname!r}}", name=fullname)
sys.meta_path.insert(0, Absent())
import numpy as np
import keras_vae
"""
REST = """
from keras_vae import models
model = keras_vae.load("mnist_vae_2d")
x = np.zeros((4, 28, 28, 1), "float32")
model.compile("adam")
model.fit(x, batch_size=4, verbose=0)
model.save(sys.argv[1] + "/mine.keras")
keras_vae.save_to_preset(model, sys.argv[1] + "/mine")
again = keras_vae.load(sys.argv[1] + "/mine")
assert again.sample(2, seed=0).shape == (2, 28, 28, 1)
assert np.isfinite(keras_vae.evaluation.likelihood_report(again, x, num_samples=10)["elbo"])
"""


def _run(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + script, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def _named(requirements):
    return {r.split("[")[0].split(">")[0].split("=")[0].strip().lower().replace("_", "-") for r in requirements}


def test_load_sample_fit_and_save_need_no_extra(tmp_path):
    done = _run(REST, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    ("what", "extra"),
    [
        ("keras_vae.plots.samples(None, 4)", "plots"),
        ("keras_vae.data.arrays('digits', 'test', 'scaling')", "data"),
        ("keras_vae.data.read_picture(sys.argv[1], (8, 8, 1))", "data"),
        ("keras_vae.evaluation.cluster(np.eye(4), 2)", "eval"),
        ("keras_vae.evaluation.linear_probe(np.eye(4), np.arange(4) % 2, np.eye(4))", "eval"),
        ("keras_vae.evaluation.mutual_information_gap(np.eye(4), np.arange(4)[:, None] % 2)", "eval"),
        ("keras_vae.load('hf://someone/something')", "hub"),
    ],
)
def test_what_needs_an_extra_names_it(what, extra, tmp_path):
    (tmp_path / "x.png").write_bytes(b"")
    done = _run(what, tmp_path / "x.png")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: "), last
    assert last.endswith(f"which is not installed: pip install 'keras-vae[{extra}]'"), last


def test_the_command_names_its_extra():
    done = _run("from keras_vae.__main__ import main\nmain()")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("which is not installed: pip install 'keras-vae[cli]'"), done.stderr


def test_every_package_is_declared_in_an_extra_and_not_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    offered = set().union(*(_named(extras[name]) for name in ("plots", "data", "eval", "cli", "export", "hub")))
    assert set(OF_EXTRAS.values()) <= offered
    assert not set(OF_EXTRAS.values()) & _named(project["dependencies"])


def test_the_package_says_that_it_has_types():
    import keras_vae

    assert (Path(keras_vae.__file__).parent / "py.typed").is_file()
