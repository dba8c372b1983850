"""A GPU delegate's own verdict: LiteRT's GPU accelerator compiles and runs the builds, on Vulkan in software (SwiftShader)."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_vae import VAE, ConvVAE, export, lite

# One worker makes what all of these need.
pytestmark = pytest.mark.xdist_group("gpu")

# Debian's packages of the Vulkan loader and, within Chromium's files, of SwiftShader.
_PACKAGES = ("libvulkan1", "chromium-common")


@pytest.fixture(scope="session")
def vulkan(tmp_path_factory):
    """Environment variables with which Vulkan runs in software; skips, saying why, where it cannot be had."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or not shutil.which("apt-get"):
        pytest.skip(
            "SwiftShader is fetched from Debian's packages for x86-64, and this machine has no apt-get for them"
        )
    folder = tmp_path_factory.mktemp("vulkan")
    if not (_fetched(folder) or (_command(["apt-get", "update"], folder).returncode == 0 and _fetched(folder))):
        pytest.skip(f"the package manager cannot fetch {' and '.join(_PACKAGES)}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "root"], check=True)
    loader = next((folder / "root" / "usr" / "lib").rglob("libvulkan.so.1"))
    shader = next((folder / "root").rglob("libvk_swiftshader.so"))
    icd = folder / "icd.json"
    icd.write_text(
        json.dumps({"file_format_version": "1.0.0", "ICD": {"library_path": str(shader), "api_version": "1.0.5"}})
    )
    return {**os.environ, "VK_ICD_FILENAMES": str(icd), "LD_LIBRARY_PATH": str(loader.parent)}


def _fetched(folder):
    return _command(["apt-get", "download", *_PACKAGES], folder).returncode == 0


def _command(words, folder):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def _run(vulkan, tmp_path, builds, inputs):
    np.savez(tmp_path / "in.npz", **{f"{i}/{k}": v for i, given in enumerate(inputs) for k, v in given.items()})
    script = Path(__file__).with_name("run_on_gpu.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path / "in.npz", tmp_path / "out.npz", *builds],
        env=vulkan,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, np.load(tmp_path / "out.npz") if done.returncode == 0 else None


def _compare(vulkan, tmp_path, builds, rng):
    cpu = [lite.Build(Path(path).read_bytes()) for path in builds]
    inputs = [
        {name: rng.uniform(size=detail["shape"]).astype("float32") for name, detail in build.inputs.items()}
        for build in cpu
    ]
    done, found = _run(vulkan, tmp_path, builds, inputs)
    assert done.returncode == 0, done.stderr[-2000:]
    for number, (build, given) in enumerate(zip(cpu, inputs, strict=True)):
        outputs = {name: value for name, value in build(**given).items() if f"{number}/{name}" in found}
        assert (
            outputs
        )  # two names of one tensor, such as the mean and the parameters of a Gaussian, are listed once there
        for name, expected in outputs.items():
            # A GPU may compute in half precision: 11 bits, over a few layers.
            tolerance = 5e-3 * max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(found[f"{number}/{name}"], expected, atol=tolerance, err_msg=str(builds[number]))


@pytest.mark.slow
def test_the_delegate_takes_every_shipped_build(vulkan, tmp_path, rng):
    builds = [
        str(lite.build_folder(name, "gpu") / f"{part}.tflite")
        for name, targets in lite.list_builds().items()
        if "gpu" in targets
        for part in ("encoder", "decoder")
    ]
    assert builds
    _compare(vulkan, tmp_path, builds, rng)


@pytest.mark.slow
def test_the_delegate_takes_what_the_target_lets_through(vulkan, tmp_path, rng):
    """Activations and likelihoods that the export does not refuse, with biases as training leaves them."""
    models = {
        **{name: ConvVAE((8, 8, 1), 2, filters=(4, 8), dense_units=(8,), activation=name) for name in ("silu", "tanh")},
        **{
            name: VAE((4, 4, 1), 2, hidden_units=(8,), activation="relu", likelihood=name)
            for name in ("bernoulli", "continuous_bernoulli", "gaussian")
        },
        **{
            f"gaussian {scale}": VAE((4, 4, 1), 2, hidden_units=(8,), likelihood={"name": "gaussian", "scale": scale})
            for scale in ("learned", "per_element")
        },
        **{
            f"dense {name}": VAE((4, 4, 1), 2, hidden_units=(8,), activation=name)
            for name in ("elu", "leaky_relu", "gelu", "hard_silu")
        },
    }
    builds = []
    for name, model in models.items():
        for weight in model.weights:
            if "bias" in weight.path:
                weight.assign(0.1 * rng.normal(size=weight.shape))
        try:
            export.tflite(model, tmp_path / name, "gpu")
        except export.ExportError:
            assert name == "dense gelu", name
            continue
        builds += [str(tmp_path / name / f"{part}.tflite") for part in ("encoder", "decoder")]
    _compare(vulkan, tmp_path, builds, rng)


@pytest.mark.slow
def test_the_delegate_refuses_what_the_export_refuses(vulkan, tmp_path, rng):
    """Else the list of the target would be stricter than the device: ReLU on a transposed convolution."""
    model = ConvVAE((8, 8, 1), 2, filters=(4, 8), residual_blocks=0, dense_units=(8,), activation="relu")
    for weight in model.weights:
        if "bias" in weight.path:
            weight.assign(0.1 * rng.normal(size=weight.shape))
    export.tflite(model, tmp_path / "cpu", format="float32")
    done, _ = _run(
        vulkan, tmp_path, [str(tmp_path / "cpu" / "decoder.tflite")], [{"latents": np.zeros((1, 2), "float32")}]
    )
    assert done.returncode != 0
    assert "TRANSPOSE_CONV" in done.stderr
