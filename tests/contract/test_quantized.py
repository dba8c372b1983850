"""The suite that every model with discrete codes passes: shapes, gradients, saving, seeds, eager = graph = compiled."""

import json
import subprocess
import sys

import numpy as np
import pytest

import keras_vae
from keras_vae import zoo
from keras_vae._backend import keras, tf
from keras_vae.models import VQVAE, copy_of, freeze, plain_data
from tests.contract.cases import CLASSES, QUANTIZED, QUANTIZED_PRESETS, SHAPE, one_of_each_class
from tests.contract.training import often, trains_the_same

EVERY = {**QUANTIZED, **QUANTIZED_PRESETS}

BATCH = 6

# What hangs on a model's class and not on its weights or its size is asked of a small model of each class alone.
SMALL = pytest.mark.parametrize("model", QUANTIZED, indirect=True)
ONE_EACH = pytest.mark.parametrize("model", one_of_each_class(QUANTIZED), indirect=True)
LOGS = ["loss", "elbo", "log_likelihood", "kl", "perplexity", "squared_error"]


@pytest.fixture(params=EVERY)
def model(request):
    keras.utils.set_random_seed(0)
    return EVERY[request.param]()


@pytest.fixture
def batch(model, rng):
    return _batch(rng, model.data_shape)


@pytest.fixture
def small_batch(rng):
    return _batch(rng)


def _batch(rng, shape=SHAPE):
    return rng.uniform(size=(BATCH, *shape)).astype("float32"), rng.integers(0, 3, BATCH)


def _labels(model, labels):
    return {"labels": labels} if model.conditional else {}


def _see(model, batch):
    """The books take their first codes from the data, as in the first step of a training."""
    x, y = batch
    objective, seed = model.default_objective(), tf.constant([3, 4])
    objective.terms(model, tf.constant(x), model.condition_of(y, BATCH), 0, seed, training=True)


def test_every_model_with_discrete_codes_has_a_case():
    classes = {cls for cls in plain_data.classes().values() if issubclass(cls, VQVAE)}
    assert {CLASSES[name] for name in QUANTIZED} == classes


def test_shapes_and_dtypes(model, batch):
    x, y = batch
    codes = model.encode(x)
    assert (tuple(codes.shape), codes.dtype) == ((BATCH, model.latent_size), tf.int32)
    grids = model.grids(codes)
    assert [grid.shape[0] for grid in grids] == [BATCH] * len(model.downsampling)
    np.testing.assert_array_equal(np.concatenate([np.reshape(grid, (BATCH, -1)) for grid in grids], axis=1), codes)
    likelihood = model.decode(codes)
    assert (tuple(likelihood.batch_shape), tuple(likelihood.event_shape)) == ((BATCH,), model.data_shape)
    np.testing.assert_allclose(model.reconstruct(x), likelihood.mean(), atol=1e-6)
    given = {"labels": [0, 2]} if model.conditional else {"n": 2}
    drawn = model.sample(**given, seed=0)
    assert (tuple(drawn.shape), drawn.dtype) == ((2, *model.data_shape), tf.float32)
    assert tuple(model.elbo(x, **_labels(model, y)).shape) == (BATCH,)


def test_every_weight_gets_a_finite_gradient(model, batch):
    x, y = batch
    with tf.GradientTape() as tape:
        terms = model.default_objective().terms(
            model, tf.constant(x), model.condition_of(y, BATCH), 0, tf.constant([3, 4]), training=True
        )
        loss = tf.reduce_mean(terms.loss)
    for variable, gradient in zip(
        model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
    ):
        assert gradient is not None, variable.path
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), variable.path


@pytest.mark.parametrize("model", QUANTIZED_PRESETS, indirect=True)
@pytest.mark.filterwarnings("ignore:num_codes")
def test_a_preset_trains_on(model, batch):
    before = [variable.numpy() for variable in model.trainable_variables]
    model.compile(keras.optimizers.Adam(1e-4), run_eagerly=True)
    # Under a scale as sharp as photographs allow, noise is too far away for its loss to fall in a few steps.
    assert np.isfinite(model.fit(*batch, verbose=0).history["loss"]).all()
    assert all(np.any(a != b.numpy()) for a, b in zip(before, model.trainable_variables, strict=True))


@SMALL
def test_fit_lowers_the_loss_and_logs_identities(model, batch):
    x, y = batch
    model.compile(keras.optimizers.Adam(1e-2))
    history = model.fit(*often(x, y), epochs=3, batch_size=3, validation_data=(x, y), verbose=0).history
    assert set(LOGS) | {f"val_{name}" for name in LOGS} == set(history)
    assert history["loss"][-1] < history["loss"][0]
    for prefix in ("", "val_"):
        for elbo, log_likelihood, kl in zip(
            *(history[prefix + n] for n in ("elbo", "log_likelihood", "kl")), strict=True
        ):
            assert np.float32(elbo) == np.float32(log_likelihood) - np.float32(kl)
    expected = float(np.mean(model.elbo(x, **_labels(model, y))))
    assert model.evaluate(x, y, verbose=0, return_dict=True)["elbo"] == pytest.approx(expected, rel=1e-4)


def test_eager_graph_and_compiled_agree(model, batch):
    x, y = batch
    condition = model.condition_of(y, BATCH)
    given = {"labels": [0, 2]} if model.conditional else {"n": 2}

    def everything(x):
        terms = model.default_objective().terms(model, x, condition, 0, tf.constant([3, 4]))
        return model.encode(x), model.reconstruct(x), model.sample(**given, seed=1), *terms

    eager = everything(tf.constant(x))
    # What is compiled is traced as a graph is: of the large ones the graph alone is not tried too.
    for jit_compile in (False, True) if model.data_shape == SHAPE else (True,):
        # AutoGraph, which takes most of the time of a trace, reads the library in the first round.
        other = tf.function(everything, autograph=not jit_compile, jit_compile=jit_compile)(tf.constant(x))
        for a, b in zip(eager, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)


@SMALL
@pytest.mark.filterwarnings("ignore:num_codes")
def test_training_is_the_same_compiled(model, batch):
    trains_the_same(model, batch, 1e-4, {"jit_compile": True}, rtol=1e-3)


@ONE_EACH
@pytest.mark.filterwarnings("ignore:num_codes")
def test_training_is_the_same_eager_and_in_longer_executions(model, batch):
    trains_the_same(model, batch, 1e-4, {"run_eagerly": True}, {"steps_per_execution": 2}, rtol=1e-3)


@SMALL
def test_the_same_seed_draws_the_same_images_and_another_does_not(model):
    given = {"labels": [0, 1, 2] * 5} if model.conditional else {"n": 15}
    drawn = model.sample(**given, seed=7)
    np.testing.assert_array_equal(drawn, model.sample(**given, seed=7))
    assert np.abs(drawn - model.sample(**given, seed=8)).max() > 1e-4


@ONE_EACH
@pytest.mark.filterwarnings("ignore:num_codes")
def test_predict_takes_arrays_and_pairs(model, batch):
    x, y = batch
    expected = model.reconstruct(x)
    pairs = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    np.testing.assert_allclose(model.predict(pairs, verbose=0), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:num_codes")
def test_mixed_precision_trains(small_batch):
    x, y = small_batch
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        built = {name: build() for name, build in QUANTIZED.items()}
    finally:
        keras.config.set_dtype_policy("float32")
    for name, model in built.items():
        model.compile(run_eagerly=True)
        assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all(), name
        assert model.reconstruct(x).dtype == tf.float32, name


@ONE_EACH
@pytest.mark.filterwarnings("ignore:num_codes")
def test_keras_file_round_trip_keeps_weights_book_optimizer_and_objective(model, batch, tmp_path):
    x, y = batch
    model.compile("adam", seed=3, run_eagerly=True)
    model.fit(x, y, epochs=2, batch_size=3, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    again.run_eagerly = True  # as the other, whose last digit is not that of a graph
    np.testing.assert_array_equal(model.encode(x), again.encode(x))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    histories = [m.fit(x, y, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(*histories, rtol=1e-5)


@SMALL
@pytest.mark.filterwarnings("ignore:num_codes")
def test_with_all_but_the_prior_frozen_only_the_prior_learns(model, batch):
    x, y = batch
    before, codes = model.reconstruct(x).numpy(), model.encode(x).numpy()
    for part in ("encoder", "decoder"):
        freeze(model, part)
    model.compile(keras.optimizers.Adam(0.05))
    history = model.fit(*often(x, y), epochs=2, batch_size=6, verbose=0).history
    np.testing.assert_array_equal(model.reconstruct(x), before)
    np.testing.assert_array_equal(model.encode(x), codes)
    assert history["kl"][-1] < history["kl"][0]
    assert [v.path for v in copy_of(model).trainable_variables] == [v.path for v in model.trainable_variables]


@SMALL
@pytest.mark.filterwarnings("ignore:num_codes")
def test_preset_round_trip_is_bit_equal(model, batch, tmp_path):
    x, y = batch
    model.compile()
    _see(model, batch)
    zoo.save_to_preset(model, tmp_path / "mine")
    again = zoo.load(tmp_path / "mine")
    np.testing.assert_array_equal(model.reconstruct(x), again.reconstruct(x))
    assert again.get_config() | {"name": ""} == model.get_config() | {"name": ""}
    again.run_eagerly = True
    again.fit(x, y, verbose=0)  # it is compiled, and trains on


def test_reload_in_a_new_process_is_bit_equal(tmp_path, small_batch):
    x, _ = small_batch
    np.save(tmp_path / "x.npy", x)
    expected = {}
    for name, build in QUANTIZED.items():
        model = build()
        zoo.save_to_preset(model, tmp_path / name)
        expected[name] = model.encode(x).numpy().tolist()
    script = (
        "import sys, json, pathlib, keras_vae, numpy as np\n"
        "home = pathlib.Path(sys.argv[1])\n"
        "x = np.load(home / 'x.npy')\n"
        "found = {p.name: keras_vae.load(p).encode(x).numpy().tolist() for p in home.iterdir() if p.is_dir()}\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == expected


@SMALL
@pytest.mark.filterwarnings("ignore:num_codes")
def test_the_saved_model_computes_what_the_model_does(model, batch, tmp_path):
    x, y = batch
    _see(model, batch)
    folder = keras_vae.export.saved_model(model, tmp_path / "served", examples=(x, y))
    served = tf.saved_model.load(str(folder)).signatures
    assert set(served) - {"serving_default"} == {"reconstruct", "encode", "decode", "sample"}
    codes = model.encode(x)
    np.testing.assert_array_equal(served["encode"](data=x)["codes"], codes)
    same = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(served["decode"](codes=codes)["mean"], model.decode(codes).mean(), **same)
    np.testing.assert_allclose(served["reconstruct"](data=x)["data"], model.reconstruct(x), **same)
    noise = np.random.default_rng(0).normal(size=(BATCH, model.latent_size)).astype("float32")
    given = {"labels": tf.constant(y, tf.int32)} if model.conditional else {}
    drawn = model.prior.from_noise(noise, model.condition_of(y, BATCH))
    found = served["sample"](noise=tf.constant(noise), **given)["data"]
    np.testing.assert_allclose(found, model.decode(drawn).mean(), **same)
    with pytest.raises(tf.errors.InvalidArgumentError, match="A code is out of range"):
        served["decode"](codes=tf.fill(codes.shape, model.num_codes))
    with pytest.raises(ValueError, match="VQVAE samples one code after the other: give examples"):
        keras_vae.export.saved_model(model, tmp_path / "again")


@SMALL
@pytest.mark.filterwarnings("ignore:num_codes")
def test_the_float32_build_computes_what_the_model_does(model, batch, tmp_path):
    x, y = batch
    _see(model, batch)
    proof = keras_vae.export.tflite(model, tmp_path / "build", examples=(x, y))
    assert proof.format == "float32"
    assert proof.parity.elbo.keras == pytest.approx(float(np.mean(model.elbo(x, **_labels(model, y)))), rel=1e-4)
    assert proof.parity.elbo.build == pytest.approx(proof.parity.elbo.keras, rel=1e-4)
    built = keras_vae.lite.load(tmp_path / "build")
    codes = model.encode(x)
    np.testing.assert_array_equal(built.encode(x), codes)
    same = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(built.decode(codes), model.decode(codes).mean(), **same)
    np.testing.assert_allclose(built.reconstruct(x), model.reconstruct(x), **same)
    given = {"labels": y} if model.conditional else {"n": BATCH}
    for temperature in (1.0, 0.5):
        drawn = built.sample(**given, seed=5, temperature=temperature)
        np.testing.assert_allclose(drawn, model.sample(**given, seed=5, temperature=temperature), **same)
    with pytest.raises(ValueError, match="A code is 8: indices are from 0 to 7"):
        built.decode(np.full(codes.shape, 8))
    with pytest.raises(ValueError, match="dtype float64: this model takes whole numbers"):
        built.decode(np.zeros(codes.shape))


def test_targets_that_cannot_hold_discrete_codes_say_why(small_batch, tmp_path):
    model = QUANTIZED["vq_vae"]()
    with pytest.raises(keras_vae.export.ExportError, match="whole numbers, which int8 would change: the target 'edge'"):
        keras_vae.export.tflite(model, tmp_path / "build", "edge", examples=small_batch)
    with pytest.raises(keras_vae.export.ExportError, match="holds ARG_MIN.*: the target 'gpu' does not take it"):
        keras_vae.export.tflite(model, tmp_path / "build", "gpu", examples=small_batch)
    assert not list(tmp_path.iterdir())
