"""TFLite builds: what is written, the proof, the bars, and what goes wrong."""

import hashlib
import json
import sys

import numpy as np
import pytest
import scipy.stats

from keras_vae import VAE, ConditionalVAE, export, lite
from keras_vae._backend import tf
from keras_vae.export import parity, quantize
from keras_vae.export.examples import examples_for
from keras_vae.export.tflite import _hold_to_bar


@pytest.fixture(scope="module")
def model(digits):
    """A model that has learnt something, so that there is something to lose."""
    model = ConditionalVAE((28, 28, 1), 10, 4, network={"name": "mlp", "hidden_units": (32,), "activation": "silu"})
    model.adapt_output_bias(digits[0].mean(axis=0))
    model.compile("adam")
    model.fit(*digits, epochs=60, verbose=0)
    return model


@pytest.mark.parametrize(
    ("target", "format", "dtype"),
    [
        ("cpu", "dynamic_range", "float32"),
        ("cpu", "float32", "float32"),
        ("gpu", "float16", "float32"),
        ("edge", "int8", "int8"),
        ("web", "float16", "float32"),
    ],
)
def test_a_build_holds_what_its_manifest_says(model, digits, tmp_path, target, format, dtype):
    words = []
    proof = export.tflite(
        model, tmp_path / "b", target, format=format, examples=digits, source="digits", test=digits, say=words.append
    )
    assert json.loads((tmp_path / "b" / lite.MANIFEST).read_text()) == proof
    assert (proof["target"], proof["format"], proof["num_classes"]) == (target, format, 10)
    assert (proof["parity"]["examples"], proof["parity"]["source"]) == (64, "digits")
    assert set(proof["files"]) == {"encoder", "decoder"}
    for part, entry in proof["files"].items():
        content = (tmp_path / "b" / f"{part}.tflite").read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])
        build = lite.Build(content)
        details = [*build.inputs.values(), *build.outputs.values()]
        assert {np.dtype(detail["dtype"]).name for detail in details} == {dtype}
        assert all(detail["shape"][0] == 1 for detail in details)
        assert set(build.outputs) == {"mean", "params"}
        assert entry["latency_ms"] > 0
        assert {"name", "version", "times"} == set(entry["operations"][0])
        assert not any(op["name"].startswith("Flex") for op in entry["operations"])
    assert words[0] == "converting to float32"


def test_smaller_formats_are_smaller(model, digits, tmp_path):
    sizes = {}
    for target, format in (("cpu", "float32"), ("gpu", "float16"), ("edge", "int8")):
        proof = export.tflite(model, tmp_path / target, target, format=format, examples=digits)
        sizes[format] = proof["files"]["encoder"]["bytes"]
    assert sizes["float16"] < 0.6 * sizes["float32"]
    assert sizes["int8"] < 0.4 * sizes["float32"]


def test_the_elbo_of_the_proof_is_the_elbo(model, digits):
    """The bound is computed anew, from the parameters that a build puts out, with SciPy's densities."""
    examples = examples_for(model, digits)
    content = {part: _float32_of(model)[part] for part in ("encoder", "decoder")}
    builds = {part: lite.Build(value) for part, value in content.items()}
    proof = parity.measure(model, builds, examples, seed=3)
    condition = examples.condition(model)
    params = builds["encoder"](data=examples.data, condition=condition)["params"]
    mean, stddev = params[:, :4], np.logaddexp(0, params[:, 4:] + np.log(np.expm1(1.0))) + 1e-5
    kl = 0.5 * (mean**2 + stddev**2 - 1 - 2 * np.log(stddev)).sum(axis=1)
    bounds = []
    for seed in range(40):
        z = scipy.stats.norm(mean, stddev).rvs(random_state=seed).astype("float32")
        logits = builds["decoder"](latents=z, condition=condition)["params"]
        p = scipy.stats.bernoulli(1 / (1 + np.exp(-logits.astype("float64"))))
        bounds.append((p.logpmf(examples.data).sum(axis=(1, 2, 3)) - kl).mean())
    spread = np.std(bounds)
    assert proof["elbo"]["build"] == pytest.approx(np.mean(bounds), abs=4 * spread)
    assert proof["elbo"]["change"] == pytest.approx(0.0, abs=1e-3)


_CONVERTED = {}


def _float32_of(model):
    from keras_vae.export.ways import float32

    if id(model) not in _CONVERTED:
        _CONVERTED[id(model)] = float32(model)
    return _CONVERTED[id(model)]


def test_the_proof_sees_a_wrong_build(model, digits):
    """A decoder of other weights must show, in the error and in the ELBO."""
    other = ConditionalVAE.from_config(model.get_config())
    builds = {
        "encoder": lite.Build(_float32_of(model)["encoder"]),
        "decoder": lite.Build(_float32_of(other)["decoder"]),
    }
    proof = parity.measure(model, builds, examples_for(model, digits))
    assert proof["errors"]["encoder"]["mean"]["maximum"] < 1e-4
    assert proof["errors"]["decoder"]["mean"]["mean"] > 0.05
    assert proof["elbo"]["change"] < -10
    for format in ("float32", "float16", "dynamic_range", "int8"):
        with pytest.raises(export.ExportError, match="the ELBO falls by"):
            _hold_to_bar(format, proof)


@pytest.mark.parametrize(
    ("format", "change", "mean", "met"),
    [
        ("float32", 0.0, 0.9e-5, True),
        ("float32", 0.0, 1.1e-5, False),
        ("float16", -0.099, 1.0, True),
        ("float16", -0.101, 0.0, False),
        ("dynamic_range", -0.101, 0.0, False),
        ("int8", -0.99, 1.0, True),
        ("int8", -1.01, 0.0, False),
        ("int8", float("nan"), 0.0, False),
        ("float16", 5.0, 0.0, True),
    ],
)
def test_the_bars(format, change, mean, met):
    proof = {
        "elbo": {"keras": -100.0, "build": -100.0 + change, "change": change},
        "errors": {part: {"mean": {"mean": mean, "maximum": mean}} for part in ("encoder", "decoder")},
    }
    if met:
        assert _hold_to_bar(format, proof)
    else:
        with pytest.raises(export.ExportError, match="is let through"):
            _hold_to_bar(format, proof)


def test_a_build_that_misses_its_bar_is_not_written(model, digits, tmp_path, monkeypatch):
    """Weights coarsened on purpose, in every way that is tried."""
    monkeypatch.setattr(
        quantize, "float16", lambda content: _float32_of(ConditionalVAE.from_config(model.get_config()))["decoder"]
    )
    with pytest.raises((export.ExportError, ValueError)):
        export.tflite(model, tmp_path / "b", "gpu", examples=digits)
    assert list(tmp_path.iterdir()) == []


def test_the_quantizer_finds_the_grid_again(model, digits, tmp_path):
    """Rounded weights go through the quantizer unharmed: the build's int8 weights times their scales are the weights."""
    from keras_vae.export import rounding
    from keras_vae.export.ways import _inputs, float32

    inputs = list(_inputs(model, examples_for(model, digits))["decoder"].values())
    network = rounding.round_network(model.decoder, inputs)
    exact = lite.Build(float32(model, {"decoder": network})["decoder"])
    content = quantize.dynamic_range(float32(model, {"decoder": network})["decoder"], float_activations=True)
    z, condition = (value[:20] for value in inputs)
    found, expected = (b(latents=z, condition=condition)["params"] for b in (lite.Build(content), exact))
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_a_learned_prior_is_a_build_of_its_own(tmp_path, rng):
    model = ConditionalVAE((4, 4, 1), 3, 2, network={"name": "mlp", "hidden_units": (8,)}, prior="conditional_gaussian")
    model.prior.kernel.assign(rng.normal(size=model.prior.kernel.shape))
    x = (rng.uniform(size=(200, 4, 4, 1)) < 0.5).astype("float32")
    for target in export.TARGETS:
        export.tflite(model, tmp_path / target, target, examples=(x, np.arange(200) % 3))
        drawn = lite.load(tmp_path / target).sample(labels=[0, 1, 2], seed=3)
        np.testing.assert_allclose(
            drawn, model.sample(labels=[0, 1, 2], seed=3), atol=0.03 if target == "edge" else 2e-3
        )


def test_without_examples_it_is_proven_on_the_models_own_draws(tmp_path):
    proof = export.tflite(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "b", format="float32")
    assert proof["parity"]["source"] == "drawn from the model itself"


def test_folders_that_are_there(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    export.tflite(model, tmp_path / "b", format="float32")
    before = (tmp_path / "b" / "decoder.tflite").read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        export.tflite(model, tmp_path / "b", format="float32")
    export.tflite(model, tmp_path / "b", format="float32", overwrite=True)
    assert (tmp_path / "b" / "decoder.tflite").read_bytes() == before  # the same bytes from the same weights
    (tmp_path / "b" / "mine.txt").write_text("")
    with pytest.raises(FileExistsError, match=r"holds 'mine\.txt'"):
        export.tflite(model, tmp_path / "b", format="float32", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b"]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="choose another"):
        export.tflite(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "file" / "b", format="float32")


def test_a_full_disk_leaves_the_old_build(tmp_path, monkeypatch):
    from keras_vae import _files

    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    export.tflite(model, tmp_path / "b", format="float32")
    before = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files, "write_json", full)
    with pytest.raises(OSError, match=r"No space left.*unharmed"):
        export.tflite(model, tmp_path / "b", format="float32", overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_unknown_targets_and_formats(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    with pytest.raises(ValueError, match="target='tpu': must be one of 'cpu', 'gpu', 'edge', 'web'"):
        export.tflite(model, tmp_path / "b", "tpu")
    with pytest.raises(ValueError, match="format='int8': must be one of 'dynamic_range', 'float32'"):
        export.tflite(model, tmp_path / "b", "cpu", format="int8")


def test_only_the_librarys_models(tmp_path):
    with pytest.raises(TypeError, match="is no VAE of this library"):
        export.tflite(tf.keras, tmp_path / "b")


def test_a_converter_that_dies_is_reported(tmp_path, monkeypatch):
    from keras_vae.export import convert

    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('a word from the converter')")
    monkeypatch.setattr(convert, "__file__", str(broken))
    with pytest.raises(export.ExportError, match="converter failed: a word from the converter"):
        export.tflite(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "b", format="float32")


@pytest.mark.parametrize("missing", ["ai_edge_quantizer", "tensorflow_serving.apis"])
def test_a_package_that_is_missing_is_named_with_the_remedy(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    with pytest.raises(ImportError, match=r"pip install 'keras-vae\[export\]'"):
        if missing == "ai_edge_quantizer":
            export.tflite(model, tmp_path / "b", "gpu")
        else:
            export.saved_model(model, tmp_path / "b")
    assert not list(tmp_path.glob("b*/*"))
