"""TFLite builds: what is written, the proof, the bars, and what goes wrong."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

import keras_vae
from keras_vae import VAE, ConditionalVAE, ConvVAE, distributions, export, lite
from keras_vae._backend import tf
from keras_vae.export import convert, parity, quantize
from keras_vae.export.converter import Converter
from keras_vae.export.examples import examples_for
from keras_vae.export.strategies import float32, strategies
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
    assert json.loads((tmp_path / "b" / lite.MANIFEST).read_text()) == proof.to_dict()
    assert lite.manifest.read((tmp_path / "b" / lite.MANIFEST).read_bytes()) == proof
    assert (proof.target, proof.format, proof.num_classes) == (target, format, 10)
    assert (proof.parity.examples, proof.parity.source) == (64, "digits")
    assert set(proof.files) == {"encoder", "decoder"}
    for part, entry in proof.files.items():
        content = (tmp_path / "b" / f"{part}.tflite").read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.bytes, entry.sha256)
        build = lite.Build(content)
        details = [*build.inputs.values(), *build.outputs.values()]
        assert {np.dtype(detail["dtype"]).name for detail in details} == {dtype}
        assert all(detail["shape"][0] == 1 for detail in details)
        assert set(build.outputs) == {"mean", "params"}
        assert entry.latency_ms > 0
        assert entry.operations[0].version >= 1
        assert entry.operations[0].times >= 1
        assert not any(op.name.startswith("Flex") for op in entry.operations)
    assert words[0] == "converting to float32"


def test_smaller_formats_are_smaller(model, digits, tmp_path):
    sizes = {}
    for target, format in (("cpu", "float32"), ("gpu", "float16"), ("edge", "int8")):
        proof = export.tflite(model, tmp_path / target, target, format=format, examples=digits)
        sizes[format] = proof.files["encoder"].bytes
    assert sizes["float16"] < 0.6 * sizes["float32"]
    assert sizes["int8"] < 0.4 * sizes["float32"]


def test_the_elbo_of_the_proof_is_the_elbo(model, digits):
    """The bound is computed anew, from the parameters that a build puts out, with SciPy's densities."""
    examples = examples_for(model, digits)
    builds = {part: lite.Build(content) for part, content in float32(model).items()}
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
    assert proof.elbo.build == pytest.approx(np.mean(bounds), abs=4 * spread)
    assert proof.elbo.change == pytest.approx(0.0, abs=1e-3)


def test_the_proof_sees_a_wrong_build(model, digits):
    """A decoder of other weights must show, in the error and in the ELBO."""
    other = ConditionalVAE.from_config(model.get_config())
    builds = {"encoder": lite.Build(float32(model)["encoder"]), "decoder": lite.Build(float32(other)["decoder"])}
    proof = parity.measure(model, builds, examples_for(model, digits))
    assert proof.errors["encoder"].maximum < 1e-4
    assert proof.errors["decoder"].mean > 0.05
    assert proof.elbo.change < -10
    for format in ("float32", "float16", "dynamic_range", "int8"):
        with pytest.raises(export.ExportError, match="the ELBO changes by"):
            _hold_to_bar(format, proof)


def proof_of(change, **means):
    """A proof with a change of the ELBO from -100 nats, and with mean errors of parts."""
    return lite.manifest.Parity(
        errors={part: lite.manifest.Error(maximum=mean, mean=mean) for part, mean in means.items()},
        elbo=lite.manifest.Nats(keras=-100.0, build=-100.0 + change, change=change),
        examples=1,
        source="made up",
    )


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
        ("float16", 5.0, 0.0, False),
    ],
)
def test_the_bars(format, change, mean, met):
    proof = proof_of(change, encoder=mean, decoder=mean)
    if met:
        bar = _hold_to_bar(format, proof)
        assert bar.elbo_change == (1.0 if format == "int8" else 0.1)
        assert (bar.mean_error, bar.log_likelihood_change) == (1e-5 if format == "float32" else None, None)
    else:
        with pytest.raises(export.ExportError, match="is let through"):
            _hold_to_bar(format, proof)


def test_the_bar_of_discrete_codes_is_a_share_of_them():
    assert _hold_to_bar("float32", proof_of(0.0, encoder=9e-5, decoder=9e-6), discrete=True).codes_that_differ == 1e-4
    with pytest.raises(export.ExportError, match=r"a share of 0.00011 of the codes differ: at most 1e-04"):
        _hold_to_bar("float32", proof_of(0.0, encoder=1.1e-4, decoder=0.0), discrete=True)
    with pytest.raises(export.ExportError, match="mean absolute error is 1.1e-05"):
        _hold_to_bar("float32", proof_of(0.0, encoder=0.0, decoder=1.1e-5), discrete=True)


def test_a_build_that_misses_its_bar_is_not_written(model, digits, tmp_path, monkeypatch):
    """A quantiser that spoils the decoder on purpose: every way is tried, and none is written."""
    other = float32(ConditionalVAE.from_config(model.get_config()))["decoder"]
    right = float32(model)["encoder"]
    monkeypatch.setattr(
        quantize, "float16", lambda content: other if "latents" in lite.Build(content).inputs else right
    )
    with pytest.raises(export.ExportError, match="In float16 the ELBO changes by -"):
        export.tflite(model, tmp_path / "b", "gpu", examples=digits)
    tried = []
    monkeypatch.setattr(quantize, "int8", lambda content, examples: _spoiled(content))
    with pytest.raises(export.ExportError, match="In int8 the ELBO changes by -"):
        export.tflite(model, tmp_path / "b", "edge", examples=digits, say=tried.append)
    assert len([words for words in tried if words.startswith("comparing")]) == 2
    assert list(tmp_path.iterdir()) == []


def _spoiled(content):
    """An int8 build whose ranges are a hundredth of what they should be."""
    from ai_edge_quantizer.qtyping import TFLOperationName

    quantizer = quantize._quantizer(content)
    quantizer.add_static_config(".*", TFLOperationName.ALL_SUPPORTED, 8, 8)
    inputs = lite.Build(content).inputs
    ranges = quantize._ranges(content, {k: np.full((2, *d["shape"][1:]), 0.01, "float32") for k, d in inputs.items()})
    return quantize._quantized(quantizer, {k: {**v, "max": v["min"] + 0.01} for k, v in ranges.items()})


def test_the_quantizer_finds_the_grid_again(model, digits, tmp_path):
    """Rounded weights go through the quantizer unharmed: the build's int8 weights times their scales are the weights."""
    from keras_vae.export import rounding
    from keras_vae.export.strategies import _inputs

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
        proof = export.tflite(model, tmp_path / target, target, examples=(x, np.arange(200) % 3)).parity
        assert proof.errors["prior"].maximum < 1e-5
        drawn = lite.load(tmp_path / target).sample(labels=[0, 1, 2], seed=3)
        np.testing.assert_allclose(
            drawn, model.sample(labels=[0, 1, 2], seed=3), atol=0.03 if target == "edge" else 2e-3
        )


def test_without_examples_it_is_proven_on_the_models_own_draws(tmp_path):
    proof = export.tflite(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "b", format="float32")
    assert proof.parity.source == "sampled from the model itself"


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

    monkeypatch.setattr(_files, "write_text", full)
    with pytest.raises(OSError, match=r"No space left.*unharmed"):
        export.tflite(model, tmp_path / "b", format="float32", overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("count", "says"), [(10**9, "it must be a whole number from 1 to 16384"), (np.int64(3), "not JSON serializable")]
)
def test_a_manifest_that_could_not_be_read_is_not_written(tmp_path, monkeypatch, count, says):
    monkeypatch.setattr(VAE, "condition_fields", {"num_classes": count})
    with pytest.raises(export.ExportError, match=f"could not read this build: .*{says}.* Nothing was written"):
        export.tflite(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "b", format="float32")
    assert list(tmp_path.iterdir()) == []


def test_unknown_targets_and_formats(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    with pytest.raises(ValueError, match="target='tpu': must be one of 'cpu', 'gpu', 'edge', 'web'"):
        export.tflite(model, tmp_path / "b", "tpu")
    with pytest.raises(ValueError, match="format='int8': must be one of 'dynamic_range', 'float32'"):
        export.tflite(model, tmp_path / "b", "cpu", format="int8")


def test_only_the_librarys_models(tmp_path):
    with pytest.raises(TypeError, match="is no autoencoder of this library"):
        export.tflite(tf.keras, tmp_path / "b")


def test_a_converter_that_dies_is_reported_and_started_again(tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text(
        f"import pathlib, sys\nif not pathlib.Path({str(tmp_path / 'mended')!r}).exists():\n    sys.exit('a word')\n"
    )
    broken.write_text(broken.read_text() + "from keras_vae.export import convert\nconvert.main()\n")
    monkeypatch.setenv("PYTHONPATH", str(Path(keras_vae.__file__).parents[1]))
    converter = Converter(str(broken))
    monkeypatch.setattr("keras_vae.export.converter.to_float32", converter)
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    with pytest.raises(export.ExportError, match="converter failed: a word"):
        export.tflite(model, tmp_path / "b", format="float32")
    (tmp_path / "mended").touch()
    export.tflite(model, tmp_path / "b", format="float32")
    converter.close()


def test_what_a_converter_logged_before_it_died_is_the_last_that_is_said(tmp_path):
    program = tmp_path / "dies.py"
    program.write_text(
        "import json, pathlib, sys\n"
        "(pathlib.Path(json.loads(sys.stdin.readline())[1]) / 'log.txt').write_text('why it ended')\n"
        "sys.exit(3)\n"
    )
    assert Converter(str(program))(tmp_path, tmp_path, ["encoder"]) == "it ended with status 3\nwhy it ended"


@pytest.mark.skipif(os.name == "nt", reason="of POSIX signals")
def test_a_conversion_ends_with_whoever_asked_for_it_and_leaves_nothing(tmp_path):
    """As when an export is killed: the pipe closes while TensorFlow is loaded or converts."""
    out = tmp_path / "out"
    out.mkdir()
    caller = (
        "import json, os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-P', {convert.__file__!r}], stdin=subprocess.PIPE, text=True)\n"
        f"child.stdin.write(json.dumps(['nowhere', {str(out)!r}, 'encoder']) + '\\n')\n"
        "child.stdin.flush()\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", caller], stdout=subprocess.PIPE, text=True, check=False)
    converter = int(done.stdout)
    for _ in range(600):
        if not (out.exists() or _runs(converter)):
            break
        time.sleep(0.1)
    assert not _runs(converter)
    assert not out.exists()


def _runs(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_converter_is_kept_for_so_many_conversions_and_so_long(tmp_path, monkeypatch):
    program = tmp_path / "counts.py"
    program.write_text(
        "import json, os, pathlib, sys\n"
        "for line in sys.stdin:\n"
        "    (pathlib.Path(json.loads(line)[1]) / 'log.txt').write_text(str(os.getpid()))\n"
        "    print('done', flush=True)\n"
    )
    monkeypatch.setattr("keras_vae.export.converter._CONVERSIONS", 2)
    converter = Converter(str(program))
    first, second, third = (converter(tmp_path, tmp_path, ["encoder"]) for _ in range(3))
    assert first == second != third
    monkeypatch.setattr("keras_vae.export.converter._SECONDS", 0.0)
    assert converter(tmp_path, tmp_path, ["encoder"]) == third
    for _ in range(100):
        if converter._process is None:
            break
        time.sleep(0.05)
    assert converter._process is None  # it was not asked for a while
    assert converter(tmp_path, tmp_path, ["encoder"]) != third
    converter.close()


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


class _Shifted(distributions.StandardNormal):
    """A prior of a user's own, with a map from noise of its own."""

    def from_noise(self, noise, condition=None):
        return noise + 3.0


def test_a_users_own_prior_is_not_taken_for_a_standard_normal(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,), prior=_Shifted(1))
    export.tflite(model, tmp_path / "b", format="float32")
    drawn = lite.load(tmp_path / "b").sample(2, seed=0)
    z = lite.noise.normal((2, 1), 0) + 3.0
    np.testing.assert_allclose(drawn, model.decode(z).mean(), atol=1e-5)


class _OtherPosterior(distributions.DiagonalGaussian):
    pass


def test_a_posterior_that_lite_does_not_know_is_refused(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,), posterior=_OtherPosterior(1))
    with pytest.raises(export.ExportError, match="The posterior is a _OtherPosterior"):
        export.tflite(model, tmp_path / "b", format="float32")


@pytest.mark.parametrize(
    "make",
    [lambda: VAE((2, 2, 1), 2, hidden_units=()), lambda: ConvVAE((4, 4, 1), 2, filters=(3,), dense_units=())],
)
@pytest.mark.parametrize(("target", "format"), [("cpu", "dynamic_range"), ("edge", "int8")])
def test_every_way_works_for_the_smallest_networks(make, target, format, rng):
    model = make()
    for weight in model.weights:
        weight.assign(0.5 * rng.normal(size=weight.shape))
    x = (rng.uniform(size=(200, *model.data_shape)) < 0.5).astype("float32")
    examples = examples_for(model, x)
    found = list(strategies(model, export.TARGETS[target], format, examples, lambda words: None))
    assert len(found) >= 2
    for words, contents in found:
        proof = parity.measure(model, {part: lite.Build(content) for part, content in contents.items()}, examples)
        assert abs(proof.elbo.change) < 0.3, words


def test_a_build_proven_on_what_it_was_calibrated_on_says_so(model, digits, tmp_path):
    proof = export.tflite(model, tmp_path / "b", format="float32", examples=digits)
    assert proof.parity.source == "the examples that it was calibrated on"


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "b").write_text("")
    with pytest.raises(FileExistsError, match="is a file"):
        export.tflite(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "b", format="float32", overwrite=True)
