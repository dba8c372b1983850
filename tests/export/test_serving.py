"""SavedModels: signatures, versions, warm-up requests, and what goes wrong."""

import numpy as np
import pytest

from keras_vae import VAE, ConditionalVAE, distributions, export
from keras_vae._backend import keras, serializable, tf
from keras_vae.models import Classifier


@pytest.fixture(scope="module")
def model():
    return ConditionalVAE((4, 4, 1), 3, 2, network={"name": "mlp", "hidden_units": (8,)}, prior="conditional_gaussian")


@pytest.fixture(scope="module")
def version(model, tmp_path_factory):
    return export.saved_model(model, tmp_path_factory.mktemp("models") / "digits")


def test_the_signatures_have_static_names_and_any_batch(version):
    signatures = tf.saved_model.load(str(version)).signatures
    assert set(signatures) == {"serving_default", "reconstruct", "encode", "decode", "sample"}
    inputs = {
        name: {key: (spec.dtype.name, tuple(spec.shape)) for key, spec in s.structured_input_signature[1].items()}
        for name, s in signatures.items()
    }
    labels = {"labels": ("int32", (None,))}
    assert inputs["reconstruct"] == inputs["encode"] == {"data": ("float32", (None, 4, 4, 1)), **labels}
    assert inputs["decode"] == {"latents": ("float32", (None, 2)), **labels}
    assert inputs["sample"] == {"noise": ("float32", (None, 2)), **labels}
    outputs = {name: set(s.structured_outputs) for name, s in signatures.items()}
    assert outputs == {
        "serving_default": {"data"},
        "reconstruct": {"data"},
        "encode": {"mean", "stddev"},
        "decode": {"mean"},
        "sample": {"data"},
    }


def test_nothing_in_the_graph_is_random(version):
    for signature in tf.saved_model.load(str(version)).signatures.values():
        graph = signature.graph.as_graph_def()
        operations = [node.op for node in graph.node] + [n.op for f in graph.library.function for n in f.node_def]
        assert not [op for op in operations if "Random" in op or "Uniform" in op]


def test_a_wrong_request_is_told_what_is_wrong(version):
    sample = tf.saved_model.load(str(version)).signatures["sample"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels must be from 0 to 2"):
        sample(noise=tf.zeros((1, 2)), labels=tf.constant([3]))
    reconstruct = tf.saved_model.load(str(version)).signatures["reconstruct"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be finite and from 0 to 1"):
        reconstruct(data=tf.fill((1, 4, 4, 1), 255.0), labels=tf.constant([0]))


def test_the_warm_up_requests_are_real_requests(version, model):
    from tensorflow_serving.apis import prediction_log_pb2

    path = version / "assets.extra" / "tf_serving_warmup_requests"
    signatures = tf.saved_model.load(str(version)).signatures
    seen = []
    for record in tf.data.TFRecordDataset(str(path)):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        assert request.model_spec.name == "digits"
        arguments = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        outputs = signatures[request.model_spec.signature_name](**arguments)
        assert all(np.isfinite(value).all() for value in outputs.values())
        seen.append((request.model_spec.signature_name, len(arguments["labels"])))
    assert sorted(seen) == sorted((name, n) for name in ("reconstruct", "encode", "decode", "sample") for n in (1, 8))


def test_warm_up_requests_come_from_the_examples(model, tmp_path):
    from tensorflow_serving.apis import prediction_log_pb2

    x = np.full((2, 4, 4, 1), 0.25, "float32")
    path = (
        export.saved_model(model, tmp_path / "m", examples=(x, [2, 1])) / "assets.extra" / "tf_serving_warmup_requests"
    )
    for record in tf.data.TFRecordDataset(str(path)):
        inputs = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request.inputs
        assert set(tf.make_ndarray(inputs["labels"])) <= {2, 1}
        if "data" in inputs:
            assert (tf.make_ndarray(inputs["data"]) == 0.25).all()


def test_versions_count_up_and_none_is_overwritten(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    folder = tmp_path / "m"
    assert export.saved_model(model, folder).name == "1"
    assert export.saved_model(model, folder, version=9).name == "9"
    assert export.saved_model(model, folder).name == "10"
    before = (folder / "9" / "saved_model.pb").read_bytes()
    with pytest.raises(FileExistsError, match="give a version that is new"):
        export.saved_model(model, folder, version=9)
    assert (folder / "9" / "saved_model.pb").read_bytes() == before
    assert sorted(p.name for p in folder.iterdir()) == ["1", "10", "9", "batching.config", "models.config"]
    assert 'name: "m"' in (folder / "models.config").read_text()
    assert "max_batch_size" in (folder / "batching.config").read_text()


@pytest.mark.parametrize("version", [0, -1, 1.5, "1", True])
def test_a_version_is_a_whole_number_from_1(tmp_path, version):
    with pytest.raises(ValueError, match="whole number from 1"):
        export.saved_model(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "m", version=version)


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    """The disk fills while the warm-up requests are written, after the model."""

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.io.TFRecordWriter, "write", full)
    with pytest.raises(OSError, match=r"Could not write .*No space left.*Free some space"):
        export.saved_model(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "m")
    assert list((tmp_path / "m").iterdir()) == []


@serializable
class _Forgetful(keras.layers.Layer):
    """Computes something else each time it is traced."""

    calls = 0

    def call(self, inputs):
        type(self).calls += 1
        return inputs + float(type(self).calls)


def test_a_model_that_the_saved_model_does_not_repeat_is_refused(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    decoder = model.decoder
    model.decoder = keras.Model(decoder.inputs, _Forgetful()(decoder.output))
    with pytest.raises(export.ExportError, match="gives a .* that is off by"):
        export.saved_model(model, tmp_path / "m")
    assert list((tmp_path / "m").iterdir()) == []


def test_configuration_that_the_user_changed_is_left_alone(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    export.saved_model(model, tmp_path / "m")
    (tmp_path / "m" / "batching.config").write_text("mine")
    export.saved_model(model, tmp_path / "m")
    assert (tmp_path / "m" / "batching.config").read_text() == "mine"


def test_what_a_killed_export_left_is_removed_by_the_next(tmp_path):
    left = tmp_path / "m" / ".1.0123abcd.part"
    (left / "variables").mkdir(parents=True)
    export.saved_model(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "m")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["1", "batching.config", "models.config"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="choose another folder"):
        export.saved_model(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / "file" / "m")


def test_the_name_of_the_model_is_checked(tmp_path):
    with pytest.raises(ValueError, match="its last part names the model"):
        export.saved_model(VAE((2, 2, 1), 1, hidden_units=(3,)), tmp_path / 'a"b')


def test_only_the_librarys_models(tmp_path):
    for model in (keras.Sequential([keras.layers.Dense(2)]), Classifier((4, 4, 1), 2), "mnist_cvae"):
        with pytest.raises(TypeError, match="is no autoencoder of this library"):
            export.saved_model(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


class _Secretive(distributions.StandardNormal):
    """A prior that does not say how noise becomes a draw."""

    from_noise = distributions.Prior.from_noise


def test_a_prior_without_a_map_from_noise_is_refused(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,), prior=_Secretive(1))
    with pytest.raises(NotImplementedError, match="define its from_noise"):
        export.saved_model(model, tmp_path / "m")
    assert list((tmp_path / "m").iterdir()) == []


@pytest.mark.parametrize(
    ("examples", "says"),
    [
        (np.zeros((0, 4, 4, 1), "float32"), "no examples"),
        ((np.zeros((0, 4, 4, 1), "float32"), np.zeros(0, int)), "no examples"),
        (np.zeros((2, 4, 4, 1), "float32"), "conditional"),
        ((np.zeros((2, 4, 4, 1), "float32"), [0, 3]), "A label is 3"),
        ((np.zeros((2, 4, 4, 1), "float32"), [0]), "1 labels for 2"),
        ((np.zeros((2, 5, 4, 1), "float32"), [0, 1]), "shape"),
        ((np.full((2, 4, 4, 1), 3.0, "float32"), [0, 1]), "from 0 to 1"),
    ],
)
def test_wrong_examples(model, tmp_path, examples, says):
    with pytest.raises(ValueError, match=says):
        export.saved_model(model, tmp_path / "m", examples=examples)
    assert not (tmp_path / "m").exists()
