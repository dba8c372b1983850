"""`build.json`: every shipped one is read, and one that is wrong in any field is refused with the field and the rule."""

import copy
import json

import numpy as np
import pytest

from keras_vae import _files, lite
from keras_vae.distributions import base, posteriors
from keras_vae.lite import manifest

NATS = {"keras": -90.0, "build": -90.0, "change": 0.0}


@pytest.fixture(scope="module")
def shipped():
    names = {"vae": "mnist_cvae", "codes": "mnist_vqvae", "images": "mnist_quadrant_cvae", "m2": "mnist_m2"}
    return {kind: lite.read_proof(name, "cpu").to_dict() for kind, name in names.items()}


def test_every_shipped_manifest_is_read():
    for name, targets in lite.list_builds().items():
        for target in targets:
            proof = lite.read_proof(name, target)
            assert set(manifest.tensors(proof, "encoder")[0]) >= {"data"}
            assert proof.parity.score.change == pytest.approx(0.0, abs=50.0)
            content = (lite.build_folder(name, target) / lite.MANIFEST).read_text()
            assert _files.as_json(proof.to_dict()) == content, "written again, it is the same bytes"
            assert manifest.Manifest.of(proof.to_dict()) == proof


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("data_shape", [-28, 28, 1], r"'data_shape'\[0\] is -28: it must be a whole number from 1"),
        ("data_shape", [28.0, 28, 1], r"\[0\] is 28.0"),
        ("data_shape", [None], r"\[0\] is None"),
        ("data_shape", [], "list of 1 to 8"),
        ("data_shape", [10**4, 10**4], "at most 4194304 elements"),
        ("latent_size", 10**12, "from 1 to 4194304"),
        ("latent_size", 10**100, "more than 30 digits"),
        ("latent_size", True, "is True"),
        ("num_classes", 10**9, "from 1 to 16384"),
        ("num_classes", "10", "is '10'"),
        ("num_classes", None, "is None"),
        ("support", [0.0], "two numbers"),
        ("support", {"a": 1}, "two numbers"),
        ("support", ["a", "b"], "finite number"),
        ("support", [float("nan"), 1.0], "finite number"),
        ("support", [1.0, 0.0], "less than the second"),
        ("posterior", "../../x", "must be one of none, diagonal_gaussian"),
        ("prior", "evil", "'prior' is 'evil' and 'files' has no prior"),
        ("prior", "vamp_prior", "'files' has no prior"),
        ("prior", "a/b", "a name of letters"),
        ("num_codes", 512, "discrete codes"),
        ("condition_shape", [28, 28, 2], "'condition_shape' and 'completes'"),
        ("origin", {"preset": 3}, "must be text"),
        ("softplus", 1, "which no build has"),
        ("files", {}, "encoder and decoder must be there"),
        ("files", {"../evil": {}}, "which no build has"),
        ("files", {"decoder": []}, "must be a table"),
        ("parity", {"errors": {}, "examples": 1, "source": "x"}, "either 'elbo' or 'log_likelihood'"),
        (
            "parity",
            {"errors": {}, "elbo": NATS, "log_likelihood": NATS, "examples": 1, "source": "x"},
            "either 'elbo' or",
        ),
        ("bar", {"elbo_change": float("inf")}, "finite number"),
        ("bar", {"log_likelihood_change": 0.1}, "must name elbo_change"),
        ("bar", {"elbo_change": 0.1, "log_likelihood_change": 0.1}, "must name elbo_change alone"),
        ("bar", {"elbo_change": 0.1, "luck": 0.1}, "which no build has"),
    ],
)
def test_a_wrong_field_is_named_with_the_rule(shipped, field, value, says):
    with pytest.raises(ValueError, match=says) as caught:
        manifest.Manifest.of({**shipped["vae"], field: value})
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "field", ["target", "format", "data_shape", "latent_size", "posterior", "prior", "files", "origin", "bar"]
)
def test_a_missing_field_is_named(shipped, field):
    with pytest.raises(ValueError, match=f"has no '{field}'"):
        manifest.Manifest.of({key: value for key, value in shipped["vae"].items() if key != field})


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("codes", lambda m: m.update(num_codes=0), "'num_codes' is 0"),
        ("codes", lambda m: m.update(num_codes=10**12), "from 1 to 16384"),
        ("codes", lambda m: m["files"].pop("prior"), "'files' has no prior"),
        ("images", lambda m: m.pop("completes"), "'condition_shape' and 'completes'"),
        ("images", lambda m: m.update(completes="no"), "true or false"),
        ("images", lambda m: m.update(condition_shape=["x"]), "is 'x'"),
        ("images", lambda m: m["files"].pop("features"), "file of features"),
        ("m2", lambda m: m.pop("num_classes"), "no 'num_classes'"),
        ("vae", lambda m: m["files"]["decoder"].update(sha256="x"), "64 hexadecimal digits"),
        ("vae", lambda m: m["files"]["decoder"].update(bytes=-1), "is -1"),
        ("vae", lambda m: m["files"]["decoder"].pop("bytes"), "has no 'bytes'"),
        ("vae", lambda m: m["files"]["decoder"].update(operations=[{"name": "ADD"}]), "has no 'times'"),
    ],
)
def test_fields_agree_with_each_other(shipped, kind, change, says):
    wrong = copy.deepcopy(shipped[kind])
    change(wrong)
    with pytest.raises(ValueError, match=says):
        manifest.Manifest.of(wrong)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"NaN", "NaN, which is no number of JSON"),
        (b"[]", "must be a table"),
        (b"\xff\xfe", "decode"),
        (b"", "Expecting value"),
        (b" " * 1_000_001, "has 1000001 bytes, at most 1000000"),
    ],
)
def test_bytes_that_are_no_manifest(content, says):
    with pytest.raises(ValueError, match=says):
        manifest.read(content)


def test_a_support_may_be_open_on_one_side(shipped):
    written = json.dumps({**shipped["vae"], "support": [0.0, None]})
    assert manifest.read(written.encode()).support == (0.0, None)


def test_standard_deviations_are_those_of_the_distributions():
    assert base.SOFTPLUS_SHIFT is manifest.SOFTPLUS_SHIFT
    assert posteriors._SCALE_FLOOR is manifest.STDDEV_FLOOR
    assert np.log1p(np.exp(manifest.SOFTPLUS_SHIFT)) == pytest.approx(1.0, abs=1e-15)
