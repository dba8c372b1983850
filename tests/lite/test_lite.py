"""Builds that are run by LiteRT and NumPy."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

import keras_vae
from keras_vae import VAE, ConditionalVAE, export, lite

ROOT = Path(keras_vae.__file__).parents[1]


@pytest.fixture(scope="module")
def model():
    return ConditionalVAE((4, 4, 1), 3, 2, network={"name": "mlp", "hidden_units": (8,)})


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lite") / "build"
    export.tflite(model, folder, format="float32")
    return folder


@pytest.fixture
def built(folder):
    return lite.load(folder)


@pytest.fixture
def copy(folder, tmp_path):
    """A copy that may be damaged."""
    target = tmp_path / "copy"
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_draws_from_labels(model, built):
    images = built.sample(labels=[2, 0, 1, 1], seed=4)
    assert images.shape == (4, 4, 4, 1)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, model.sample(labels=[2, 0, 1, 1], seed=4), atol=1e-5)
    assert np.abs(built.sample(labels=[0]) - built.sample(labels=[0])).max() > 0  # fresh noise without a seed


def test_batches_of_any_size_go_through_a_build_of_one(model, built, rng):
    x = (rng.uniform(size=(5, 4, 4, 1)) < 0.5).astype("float32")
    np.testing.assert_allclose(
        built.encode(x, [0, 1, 2, 0, 1]).mean, model.encode(x, np.array([0, 1, 2, 0, 1])).mean(), atol=1e-5
    )
    assert built.encode(x[:0], np.zeros(0, int)).mean.shape == (0, 2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: m.sample(3), "conditional"),
        (lambda m: m.sample(labels=[3]), "A label is 3"),
        (lambda m: m.sample(labels=[-1]), "A label is -1"),
        (lambda m: m.sample(labels=[0.5]), "integers"),
        (lambda m: m.sample(labels=[[1]]), "shape"),
        (lambda m: m.sample(labels=[0], temperature=-1), "temperature"),
        (lambda m: m.sample(labels=[0], temperature="1"), "temperature"),
        (lambda m: m.sample(labels=[0], temperature=np.nan), "temperature"),
        (lambda m: m.sample(labels=[0], seed="a"), "seed"),
        (lambda m: m.encode(np.zeros((1, 4, 4), "float32"), [0]), "shape"),
        (lambda m: m.encode(np.zeros((1, 4, 4, 1), "uint8"), [0]), "divide by 255"),
        (lambda m: m.encode(np.full((1, 4, 4, 1), 255.0), [0]), "divide by 255"),
        (lambda m: m.encode(np.full((1, 4, 4, 1), np.nan), [0]), "not finite"),
        (lambda m: m.encode(np.zeros((1, 4, 4, 1))), "conditional"),
        (lambda m: m.encode(np.zeros((1, 4, 4, 1)), [0, 1]), "one an example"),
        (lambda m: m.decode(np.zeros((1, 3)), [0]), "shape"),
        (lambda m: m.decode(np.zeros((1, 2), int), [0]), "dtype"),
        (lambda m: m.decode(np.full((1, 2), np.inf), [0]), "not finite"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(built, call, says):
    with pytest.raises(ValueError, match=says):
        call(built)


def test_a_model_without_a_condition(tmp_path):
    model = VAE((4, 4, 1), 2, hidden_units=(8,))
    export.tflite(model, tmp_path / "build", format="float32")
    built = lite.load(tmp_path / "build")
    np.testing.assert_allclose(built.sample(3, seed=1), model.sample(3, seed=1), atol=1e-5)
    assert built.sample().shape == (1, 4, 4, 1)
    with pytest.raises(ValueError, match="without labels"):
        built.sample(labels=[0])
    with pytest.raises(ValueError, match="n=0"):
        built.sample(0)


@pytest.mark.parametrize("target", ["gpu", "edge"])
def test_other_formats_run_the_same_way(model, tmp_path, target, rng):
    x = (rng.uniform(size=(300, 4, 4, 1)) < 0.5).astype("float32")
    export.tflite(model, tmp_path / "build", target, examples=(x, np.arange(300) % 3))
    built = lite.load(tmp_path / "build")
    np.testing.assert_allclose(built.sample(labels=[2, 0], seed=4), model.sample(labels=[2, 0], seed=4), atol=0.02)


def test_unknown_names_and_targets():
    with pytest.raises(ValueError, match="no build 'mnist_xvae'"):
        lite.load("mnist_xvae")
    for name, targets in lite.list_builds().items():
        missing = {"cpu", "gpu", "edge", "web", "tpu"} - set(targets)
        with pytest.raises(ValueError, match="is shipped for"):
            lite.load(name, target=missing.pop())


def test_a_damaged_build_is_refused(copy):
    content = bytearray((copy / "decoder.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "decoder.tflite").write_bytes(content)
    with pytest.raises(lite.BuildError, match="SHA-256"):
        lite.load(copy).sample(labels=[0])
    (copy / "decoder.tflite").unlink()
    with pytest.raises(lite.BuildError, match="cannot be read"):
        lite.load(copy).sample(labels=[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("latent_size"),
        lambda m: m.update(data_shape="big"),
        lambda m: m["files"].pop("decoder"),
        lambda m: m["files"].update(other={"sha256": ""}),
        lambda m: m["files"].update(decoder={}),
    ],
)
def test_a_wrong_manifest_is_refused(copy, change):
    manifest = json.loads((copy / lite.MANIFEST).read_text())
    change(manifest)
    (copy / lite.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(lite.BuildError, match=r"build\.json"):
        lite.load(copy)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_a_manifest_that_is_none_is_refused(copy, text):
    (copy / lite.MANIFEST).write_text(text)
    with pytest.raises(lite.BuildError, match="cannot be used"):
        lite.load(copy)


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(ValueError, match="LiteRT cannot run"):
        lite.Build(b"no model at all" * 10)


def test_without_litert_the_remedy_is_named(built, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ImportError, match="pip install ai-edge-litert"):
        built.sample(labels=[0], seed=0)


def test_the_inputs_of_a_build_are_checked(folder):
    build = lite.Build((folder / "decoder.tflite").read_bytes())
    with pytest.raises(ValueError, match="takes condition, latents; given: latents"):
        build(latents=np.zeros((1, 2), "float32"))
    with pytest.raises(ValueError, match="one size"):
        build(latents=np.zeros((1, 2), "float32"), condition=np.zeros((2, 3), "float32"))


@pytest.mark.slow
def test_it_needs_neither_tensorflow_nor_keras(folder, tmp_path):
    """In an environment that has NumPy and LiteRT and nothing else."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "numpy", "ai-edge-litert"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the package index cannot be reached: {done.stderr.strip().splitlines()[-1]}")
    script = (
        "import sys\n"
        "from keras_vae import lite\n"
        f"images = lite.load({str(folder)!r}).sample(labels=[2, 0, 1], seed=0)\n"
        "assert images.shape == (3, 4, 4, 1), images.shape\n"
        "assert not {'tensorflow', 'keras', 'tensorflow_probability'} & set(sys.modules)\n"
        "try:\n"
        "    import tensorflow\n"
        "except ImportError:\n"
        "    print('alone', float(images.mean()))\n"
    )
    done = subprocess.run(
        [python, "-c", script], capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    word, mean = done.stdout.split()
    assert word == "alone"
    assert float(mean) == pytest.approx(float(lite.load(folder).sample(labels=[2, 0, 1], seed=0).mean()), abs=1e-6)


def test_importing_it_loads_neither_tensorflow_nor_keras():
    script = "import sys; from keras_vae import lite; print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def completing():
    return keras_vae.models.ImageConditionalVAE(
        (4, 4, 1), (4, 4, 2), 2, num_features=3, network={"name": "mlp", "hidden_units": (8,)}, completes=True
    )


@pytest.fixture(scope="module")
def completes(completing, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lite") / "completes"
    x = (np.random.default_rng(0).uniform(size=(20, 4, 4, 1)) < 0.5).astype("float32")
    export.tflite(completing, folder, examples=(x, keras_vae.data.quadrants(x, 1)))
    return lite.load(folder)


def test_what_is_given_comes_out_as_it_is(completing, completes, rng):
    x = (rng.uniform(size=(5, 4, 4, 1)) < 0.5).astype("float32")
    pictures = keras_vae.data.quadrants(x, 2)
    given = pictures[..., 1:] > 0.5
    for found in (completes.sample(labels=pictures, seed=1), completes.reconstruct(x, pictures)):
        np.testing.assert_array_equal(found[given], x[given])
        assert np.abs(found[~given] - x[~given]).min() > 0
    np.testing.assert_allclose(
        completes.sample(labels=pictures, seed=1), completing.sample(labels=pictures, seed=1), atol=0.05
    )
    np.testing.assert_array_equal(
        completes.sample(labels=(255 * pictures).astype("uint8"), seed=1), completes.sample(labels=pictures, seed=1)
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m, c: m.sample(3), "one picture of shape"),
        (lambda m, c: m.sample(labels=c, seed=0, temperature=-1.0), "temperature=-1.0"),
        (lambda m, c: m.sample(labels=c[..., :1]), r"shape \(2, 4, 4, 1\)"),
        (lambda m, c: m.sample(labels=c + 1.0), "from 1 to 2"),
        (lambda m, c: m.sample(labels=c.astype(int)), "dtype int64"),
        (lambda m, c: m.decode(np.zeros((3, 2), "float32"), c), r"takes \(3, 4, 4, 2\)"),
        (lambda m, c: m.decode(np.zeros((3, 2), "float32")), "pass one picture"),
    ],
)
def test_bad_pictures(completes, call, says):
    pictures = keras_vae.data.quadrants(np.ones((2, 4, 4, 1), "float32"), 1)
    with pytest.raises(ValueError, match=says):
        call(completes, pictures)
