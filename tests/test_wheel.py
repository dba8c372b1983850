"""The wheel carries the presets and the builds, and `load` works from it."""

import subprocess
import sys
import zipfile
from pathlib import Path

from keras_vae import lite, zoo

ROOT = Path(__file__).parents[1]


def test_load_works_from_an_installed_wheel(tmp_path):
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "-w",
        str(tmp_path),
    ]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    script = (
        "import keras_vae, pathlib\n"
        f"assert pathlib.Path(keras_vae.__file__).is_relative_to({str(site)!r}), keras_vae.__file__\n"
        "print(','.join(keras_vae.list_presets()))\n"
        "print(keras_vae.load('mnist_cvae').sample(labels=[3], seed=0).shape)\n"
        "print(','.join(keras_vae.lite.list_builds()))\n"
        "print(keras_vae.lite.load('mnist_cvae').sample(labels=[3], seed=0).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]
    names, shape, builds, lite_shape = done.stdout.strip().splitlines()
    assert names.split(",") == zoo.list_presets()
    assert builds.split(",") == list(lite.list_builds())
    assert shape == lite_shape == "(1, 28, 28, 1)"
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(("tests", "benchmarks"))]
