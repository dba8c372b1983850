"""The suite that every deterministic autoencoder passes: shapes, gradients, saving, seeds, eager = graph = compiled, exports."""

import json
import subprocess
import sys

import numpy as np
import pytest

import keras_vae
from keras_vae import zoo
from keras_vae._backend import keras, tf
from keras_vae.models import Autoencoder, Clusters, Samples, copy_of, freeze, plain_data
from tests.contract.cases import AUTOENCODER_PRESETS, AUTOENCODERS, CLASSES, SHAPE, one_of_each_class
from tests.contract.training import often, trains_the_same

EVERY = {**AUTOENCODERS, **AUTOENCODER_PRESETS}

BATCH = 6

# What hangs on a model's class and not on its weights or its size is asked of a small model of each class alone.
SMALL = pytest.mark.parametrize("model", AUTOENCODERS, indirect=True)
ONE_EACH = pytest.mark.parametrize("model", one_of_each_class(AUTOENCODERS), indirect=True)
LOGS = ["loss", "log_likelihood", "penalty", "squared_error"]
MORE_LOGS = {"WAE": ["mmd"]}


@pytest.fixture(params=EVERY)
def model(request):
    keras.utils.set_random_seed(0)
    return EVERY[request.param]()


@pytest.fixture
def batch(model, rng):
    return _batch(rng, model.data_shape)


def _batch(rng, shape=SHAPE):
    return rng.uniform(size=(BATCH, *shape)).astype("float32"), rng.integers(0, 2, BATCH)


def _labels(model, labels):
    return {"labels": labels} if model.conditional else {}


def test_every_autoencoder_has_a_case():
    classes = {cls for cls in plain_data.classes().values() if issubclass(cls, Autoencoder)}
    assert {CLASSES[name] for name in AUTOENCODERS} == classes


def test_shapes_and_dtypes(model, batch):
    x, y = batch
    code = model.encode(x)
    assert (tuple(code.shape), code.dtype) == ((BATCH, model.latent_size), tf.float32)
    likelihood = model.decode(code, **_labels(model, y))
    assert (tuple(likelihood.batch_shape), tuple(likelihood.event_shape)) == ((BATCH,), model.data_shape)
    again = model.reconstruct(x, **_labels(model, y))
    assert (tuple(again.shape), again.dtype) == ((BATCH, *model.data_shape), tf.float32)
    np.testing.assert_allclose(again, likelihood.mean(), atol=1e-6)


def test_every_weight_gets_a_finite_gradient(model, batch):
    x, y = batch
    with tf.GradientTape() as tape:
        terms = model.default_objective().terms(
            model, tf.constant(x), model.condition_of(y, BATCH), 0, tf.constant([3, 4]), training=True
        )
        loss = tf.reduce_mean(terms.loss)
    gradients = tape.gradient(loss, model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None, variable.path
        assert np.isfinite(gradient).all(), variable.path
    assert any(np.abs(g).max() > 0 for g in gradients)


def _loss(model, batch):
    """Of all images, the same noise before and after: what single batches log of a noisy objective says too little."""
    objective, given = model.default_objective(), (tf.constant(batch[0]), model.condition_of(batch[1], BATCH))
    return np.mean([objective.terms(model, *given, 30, tf.constant([1, i])).loss for i in range(20)])


@pytest.mark.parametrize("model", AUTOENCODER_PRESETS, indirect=True)
def test_a_preset_is_fine_tuned(model, batch):
    before = _loss(model, batch)
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(*often(*batch), epochs=3, batch_size=3, verbose=0)
    assert _loss(model, batch) < before


@SMALL
def test_fit_lowers_the_loss_and_logs_identities(model, batch):
    x, y = batch
    before = _loss(model, batch)
    model.compile(keras.optimizers.Adam(1e-2))
    history = model.fit(*often(x, y), epochs=3, batch_size=3, validation_data=(x, y), verbose=0).history
    logs = LOGS + MORE_LOGS.get(type(model).__name__, [])
    assert set(logs) | {f"val_{name}" for name in logs} == set(history)
    assert _loss(model, batch) < before
    for prefix in ("", "val_"):
        columns = (np.float32(history[prefix + name]) for name in LOGS)
        for loss, log_likelihood, penalty, _ in zip(*columns, strict=True):
            assert loss == np.float32(penalty - log_likelihood)
    assert model.evaluate(x, y, verbose=0) == [model.evaluate(x, y, verbose=0, return_dict=True)[name] for name in logs]


def test_eager_graph_and_compiled_agree(model, batch):
    x, y = batch
    condition = model.condition_of(y, BATCH)

    def everything(x):
        terms = model.default_objective().terms(model, x, condition, 0, tf.constant([3, 4]))
        return model.encode(x), model.reconstruct(x, **_labels(model, y)), *terms

    eager = everything(tf.constant(x))
    # What is compiled is traced as a graph is: of the large ones the graph alone is not tried too.
    for jit_compile in (False, True) if model.data_shape == SHAPE else (True,):
        # AutoGraph, which takes most of the time of a trace, reads the library in the first round.
        other = tf.function(everything, autograph=not jit_compile, jit_compile=jit_compile)(tf.constant(x))
        for a, b in zip(eager, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)


@SMALL
def test_training_is_the_same_compiled(model, batch):
    trains_the_same(model, batch, 1e-4, {"jit_compile": True})


@ONE_EACH
def test_training_is_the_same_eager_and_in_longer_executions(model, batch):
    trains_the_same(model, batch, 1e-4, {"run_eagerly": True}, {"steps_per_execution": 2})


@ONE_EACH
def test_sample_weights_of_zero_leave_examples_out(model, batch):
    x, y = batch
    model.compile(run_eagerly=True)
    weight = np.array([1, 1, 1, 0, 0, 0], "float32")
    options = {"sample_weight": weight, "batch_size": BATCH, "verbose": 0, "return_dict": True}
    whole = model.evaluate(x, y, **options)
    changed = model.evaluate(np.concatenate([x[:3], 1 - x[3:]]), y, **options)
    assert whole["log_likelihood"] == pytest.approx(changed["log_likelihood"], rel=1e-6)


@ONE_EACH
def test_predict_takes_arrays_and_pairs(model, batch):
    x, y = batch
    expected = model.reconstruct(x, **_labels(model, y))
    pairs = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    np.testing.assert_allclose(model.predict(pairs, verbose=0), expected, rtol=1e-4, atol=1e-5)
    inputs = (x, y) if model.conditional else x
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_mixed_precision_trains(rng):
    x, y = _batch(rng)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        built = {name: build() for name, build in AUTOENCODERS.items()}
    finally:
        keras.config.set_dtype_policy("float32")
    for name, model in built.items():
        model.compile(run_eagerly=True)
        assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all(), name
        assert model.encode(x).dtype == tf.float32, name


@ONE_EACH
def test_keras_file_round_trip_keeps_weights_optimizer_and_objective(model, batch, tmp_path):
    x, y = batch
    model.compile("adam", seed=3, run_eagerly=True)
    model.fit(x, y, epochs=2, batch_size=3, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    again.run_eagerly = True  # as the other, whose last digit is not that of a graph
    np.testing.assert_array_equal(model.encode(x), again.encode(x))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    histories = [m.fit(x, y, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(*histories, rtol=1e-6)


@SMALL
def test_a_frozen_encoder_stays(model, batch):
    x, y = batch
    before = model.encode(x).numpy()
    freeze(model, "encoder")
    model.compile(keras.optimizers.Adam(0.1), run_eagerly=True)
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(model.encode(x), before)
    assert [v.path for v in copy_of(model).trainable_variables] == [v.path for v in model.trainable_variables]


def test_preset_round_trip_is_bit_equal(model, batch, tmp_path):
    x, y = batch
    zoo.save_to_preset(model, tmp_path / "mine")
    again = zoo.load(tmp_path / "mine")
    np.testing.assert_array_equal(model.reconstruct(x, **_labels(model, y)), again.reconstruct(x, **_labels(model, y)))
    assert again.get_config() | {"name": ""} == model.get_config() | {"name": ""}
    again.run_eagerly = True
    again.fit(x, y, verbose=0)  # it is compiled, and trains on


def test_reload_in_a_new_process_is_bit_equal(tmp_path, rng):
    x, _ = _batch(rng)
    np.save(tmp_path / "x.npy", x)
    expected = {}
    for name, build in AUTOENCODERS.items():
        model = build()
        zoo.save_to_preset(model, tmp_path / name)
        model.save(tmp_path / f"{name}.keras")
        expected[name] = model.encode(x).numpy().tobytes().hex()
    script = (
        "import sys, json, pathlib, keras, keras_vae, numpy as np\n"
        "home, out = pathlib.Path(sys.argv[1]), {}\n"
        "x = np.load(home / 'x.npy')\n"
        "for folder in sorted(p for p in home.iterdir() if p.is_dir()):\n"
        "    pair = keras_vae.load(folder), keras.models.load_model(str(folder) + '.keras')\n"
        "    out[folder.name] = [m.encode(x).numpy().tobytes().hex() for m in pair]\n"
        "print(json.dumps(out))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {name: [value, value] for name, value in expected.items()}


@SMALL
def test_adapting_the_output_bias_predicts_the_mean(model, rng):
    mean = np.clip(rng.uniform(size=model.data_shape), 0.2, 0.8)
    for variable in model.decoder.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    model.adapt_output_bias(mean)
    code = np.zeros((2, model.latent_size), "float32")
    np.testing.assert_allclose(model.decode(code, **_labels(model, np.array([0, 1]))).mean()[1], mean, atol=0.03)


def test_the_saved_model_computes_what_the_model_does(model, batch, tmp_path):
    x, y = batch
    given = {"labels": tf.constant(y, tf.int32)} if model.conditional else {}
    folder = keras_vae.export.saved_model(model, tmp_path / "served", examples=(x, y))
    served = tf.saved_model.load(str(folder)).signatures
    clusters = {"cluster"} if isinstance(model, Clusters) else set()
    samples = {"sample"} if isinstance(model, Samples) else set()
    assert set(served) - {"serving_default"} == {"reconstruct", "encode", "decode"} | clusters | samples
    labels, code = _labels(model, y), model.encode(x)
    same = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(served["encode"](data=x)["code"], code, **same)
    np.testing.assert_allclose(
        served["decode"](latents=code, **given)["mean"], model.decode(code, **labels).mean(), **same
    )
    np.testing.assert_allclose(served["reconstruct"](data=x, **given)["data"], model.reconstruct(x, **labels), **same)
    for name in samples:
        noise = np.random.default_rng(1).normal(size=(BATCH, model.noise_size)).astype("float32")
        expected = model.decode(model.latents_from_noise(noise, None)).mean()
        np.testing.assert_allclose(served[name](noise=noise)["data"], expected, **same)
    for name in clusters:
        found = served[name](data=x)
        np.testing.assert_allclose(found["log_probs"], model.cluster_log_probs(x), **same)
        np.testing.assert_array_equal(found["cluster"], model.cluster(x))


@SMALL
def test_the_float32_build_computes_what_the_model_does(model, batch, tmp_path):
    x, y = batch
    proof = keras_vae.export.tflite(model, tmp_path / "build", format="float32", examples=(x, y))
    found = proof.parity.log_likelihood
    assert found.keras == pytest.approx(found.build, rel=1e-4)
    assert found.keras == pytest.approx(
        float(np.mean(model.decode(model.encode(x), **_labels(model, y)).log_prob(x))), rel=1e-4
    )
    built = keras_vae.lite.load(tmp_path / "build")
    same = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(built.encode(x).mean, model.encode(x), **same)
    labels = _labels(model, y)
    np.testing.assert_allclose(built.reconstruct(x, **labels), model.reconstruct(x, **labels), **same)
    if isinstance(model, Clusters):
        np.testing.assert_array_equal(built.cluster(x), model.cluster(x))
    if isinstance(model, Samples):
        np.testing.assert_allclose(built.sample(2, seed=3), model.sample(2, seed=3), **same)
    else:
        with pytest.raises(ValueError, match="no prior to draw from"):
            built.sample(**(labels or {"n": 2}))


def test_an_export_without_examples_says_what_it_needs(tmp_path):
    model = AUTOENCODERS["autoencoder"]()
    with pytest.raises(ValueError, match="Autoencoder does not sample: give examples"):
        keras_vae.export.tflite(model, tmp_path / "build")
    assert not list(tmp_path.iterdir())


def test_a_swap_changes_the_decoder_and_not_the_code(rng):
    model = AUTOENCODERS["swap"]()
    x, _ = _batch(rng)
    np.testing.assert_allclose(model.swap(x, 1), model.decode(model.encode(x), labels=np.ones(BATCH, int)).mean())
    assert np.abs(model.swap(x, 1) - model.swap(x, 0)).max() > 1e-3
    with pytest.raises(ValueError, match="A label is 2: labels must be from 0 to 1"):
        model.swap(x, 2)
    with pytest.raises(ValueError, match="conditional"):
        model.reconstruct(x)
