"""One suite that every generative model passes: shapes, gradients, saving, seeds, and eager = graph = compiled."""

import inspect
import json
import subprocess
import sys

import numpy as np
import pytest

import keras_vae
from keras_vae import _random, models, networks, zoo
from keras_vae._backend import keras, tf
from keras_vae.models import Clusters, LatentVariableModel, SemiSupervisedVAE, importance, plain_data
from keras_vae.objectives import iwae
from tests.contract.cases import CASES, CLASSES, PRESETS, SHAPE, conditions, one_of_each_class
from tests.contract.training import often, trains_the_same

BATCH = 6

# What hangs on a model's class and not on its weights or its size is asked of a small model of each class alone.
SMALL = pytest.mark.parametrize("model", CASES, indirect=True)
ONE_EACH = pytest.mark.parametrize("model", one_of_each_class(CASES), indirect=True)
LOGS = ["loss", "elbo", "log_likelihood", "kl"]


@pytest.fixture(params=CASES | PRESETS)
def model(request):
    return (CASES | PRESETS)[request.param]()


@pytest.fixture
def batch(model, rng):
    x, y = _batch(model.data_shape, rng)
    return x, conditions(model, y)


def _batch(shape, rng):
    return (rng.uniform(size=(BATCH, *shape)) < 0.4).astype("float32"), rng.integers(0, 4, BATCH)


def _labels(model, labels):
    return {"labels": labels} if model.conditional else {}


def _draw(model, seed, labels=(0, 1, 2, 3)):
    if not model.conditional:
        return model.sample(len(labels), seed=seed)
    return model.sample(labels=conditions(model, np.array(labels)), seed=seed)


def test_every_model_class_has_a_case():
    classes = {cls for cls in plain_data.classes().values() if issubclass(cls, LatentVariableModel)}
    assert {CLASSES[name] for name in CASES} == classes
    assert all(inspect.isclass(getattr(models, name)) or callable(getattr(models, name)) for name in models.__all__)


def test_shapes_and_dtypes(model, batch):
    x, y = batch
    given = _labels(model, y)
    posterior, likelihood = (
        model.encode(x, **given),
        model.decode(np.zeros((BATCH, model.latent_size), "float32"), **given),
    )
    assert (tuple(posterior.batch_shape), tuple(posterior.event_shape)) == ((BATCH,), (model.latent_size,))
    assert (tuple(likelihood.batch_shape), tuple(likelihood.event_shape)) == ((BATCH,), model.data_shape)
    assert tuple(model.decode(np.zeros((5, BATCH, model.latent_size), "float32"), **given).batch_shape) == (5, BATCH)
    for value, shape in (
        (model.reconstruct(x, **given), (BATCH, *model.data_shape)),
        (_draw(model, 0), (4, *model.data_shape)),
        (model.elbo(x, **given, seed=0), (BATCH,)),
        (model.log_prob(x, **given, num_samples=7, seed=0), (BATCH,)),
    ):
        assert (tuple(value.shape), value.dtype) == (shape, tf.float32)
        assert np.isfinite(value).all()


def test_every_weight_gets_a_finite_gradient(model, batch):
    x, y = batch
    condition = model.condition_of(y, BATCH)
    with tf.GradientTape() as tape:
        terms = model.default_objective().terms(model, tf.constant(x), condition, 0, tf.constant([3, 4]))
        loss = tf.reduce_mean(terms.loss)
    gradients = tape.gradient(loss, model.trainable_variables)
    missing = [v.path for v, g in zip(model.trainable_variables, gradients, strict=True) if g is None]
    assert not missing, f"no gradient reaches {missing}"
    broken = [v.path for v, g in zip(model.trainable_variables, gradients, strict=True) if not np.isfinite(g).all()]
    assert not broken, f"the gradient is not finite at {broken}"
    assert any(np.abs(g).max() > 0 for g in gradients)


@pytest.mark.parametrize("model", PRESETS, indirect=True)
def test_a_preset_is_fine_tuned(model, batch):
    # Trained weights of a sharp density are thrown far by what they have never seen: small steps.
    model.compile(keras.optimizers.Adam(1e-4))
    losses = model.fit(*often(*batch), epochs=3, batch_size=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@SMALL
def test_fit_lowers_the_loss_and_logs_identities(model, batch):
    x, y = batch
    model.compile(keras.optimizers.Adam(1e-2))
    history = model.fit(*often(x, y), epochs=3, batch_size=3, validation_data=(x, y), verbose=0).history
    logs = model.terms_type.logged()
    assert set(logs) | {f"val_{name}" for name in logs} == set(history)
    assert set(LOGS) <= set(logs)
    assert history["loss"][-1] < history["loss"][0]
    assert (history["loss"][0] > -history["elbo"][0]) == isinstance(model, SemiSupervisedVAE)
    for prefix in ("", "val_"):
        for loss, elbo, ll, kl in zip(*(np.float32(history[prefix + name]) for name in LOGS), strict=True):
            # What a label's cross-entropy adds, until it has fallen to nothing, is no part of the bound.
            assert loss >= -elbo if isinstance(model, SemiSupervisedVAE) else loss == -elbo
            assert elbo == np.float32(ll - kl)
    assert model.evaluate(x, y, verbose=0) == [model.evaluate(x, y, verbose=0, return_dict=True)[name] for name in logs]


@SMALL
def test_elbo_method_and_evaluate_agree(model, batch):
    x, y = (np.repeat(part, 100, axis=0) for part in batch)
    model.compile()
    bound = model.elbo(x, **_labels(model, y), seed=1).numpy()
    error = bound.std() / np.sqrt(len(x))  # an upper bound of the noise
    assert model.evaluate(x, y, verbose=0, return_dict=True)["elbo"] == pytest.approx(
        # With a classifier the label is a part of the data: log p(x, y) = log p(x|y) + log p(y).
        bound.mean() - (np.log(model.num_classes) if isinstance(model, SemiSupervisedVAE) else 0.0),
        abs=6 * error + 1e-4,
    )


@SMALL
def test_log_prob_bounds_the_elbo_from_above(model, batch):
    x, y = batch
    given = _labels(model, y)
    many = np.repeat(x, 50, axis=0), _labels(model, np.repeat(y, 50, axis=0))
    bound = np.mean(np.reshape(model.elbo(many[0], **many[1], seed=0), (BATCH, 50)), axis=1)
    result = model.importance_estimate(x, **given, num_samples=2000, seed=0)
    assert (result.log_prob.numpy() > bound - 1.0).all()
    assert result.log_prob.numpy().mean() > bound.mean()


@SMALL
def test_streaming_the_samples_changes_nothing(model, batch, monkeypatch):
    # 130 draws are two full chunks and a part of a third: compare with all weights at once.
    monkeypatch.setattr(importance, "_CHUNK_ELEMENTS", 10**9)
    x, y = batch
    condition, x = model.condition_of(y, BATCH), tf.constant(x)
    seed = _random.fold_in(_random.as_seed(5), 0)
    posterior, prior = model.posterior_given(x, condition), model.prior_given(condition)
    z = tf.concat([posterior.sample(50, seed=_random.fold_in(seed, chunk)) for chunk in range(3)], axis=0)[:130]
    log_w = model.likelihood_given(z, condition).log_prob(x) + prior.log_prob(z) - posterior.log_prob(z)
    expected = np.logaddexp.reduce(log_w.numpy().astype("float64"), axis=0) - np.log(130)
    streamed = model.log_prob(x, **_labels(model, y), num_samples=130, seed=5)
    np.testing.assert_allclose(streamed, expected, rtol=1e-5, atol=1e-4)


def test_the_same_seed_draws_the_same_images_and_another_does_not(model):
    np.testing.assert_array_equal(_draw(model, 3), _draw(model, 3))
    assert np.abs(_draw(model, 3) - _draw(model, 4)).max() > 1e-4
    assert np.abs(_draw(model, None) - _draw(model, None)).max() > 1e-4


@SMALL
def test_at_temperature_zero_only_the_choice_of_a_component_is_left(model):
    # One by one, since a row's rounding hangs on its place in a batch.
    given = {"labels": conditions(model, np.ones(1, int))} if model.conditional else {"n": 1}
    images = [model.sample(**given, temperature=0.0, seed=seed).numpy().ravel() for seed in range(30)]
    prior = getattr(model.prior, "top", model.prior)
    assert len(np.unique(images, axis=0)) <= getattr(prior, "num_components", 1)


def test_eager_graph_and_compiled_agree(model, batch):
    x, y = batch
    given = _labels(model, y)

    z = tf.zeros((BATCH, model.latent_size))

    def everything(x):
        return (
            _draw(model, 7),
            model.elbo(x, **given, seed=7),
            model.reconstruct(x, **given),
            model.log_prob(x, **given, num_samples=60, seed=7),
            model.decode(z, **given).sample(seed=7),
        )

    eager = everything(tf.constant(x))
    # What is compiled is traced as a graph is: of the large ones the graph alone is not tried too.
    for jit_compile in (False, True) if model.data_shape == SHAPE else (True,):
        # AutoGraph, which takes most of the time of a trace, reads the library in the first round.
        other = tf.function(everything, autograph=not jit_compile, jit_compile=jit_compile)(tf.constant(x))
        for a, b in zip(eager, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)


@SMALL
def test_training_is_the_same_compiled(model, batch):
    trains_the_same(model, batch, 1e-5, {"jit_compile": True})


@ONE_EACH
def test_training_is_the_same_eager_and_in_longer_executions(model, batch):
    trains_the_same(model, batch, 1e-5, {"run_eagerly": True}, {"steps_per_execution": 2})


@ONE_EACH
def test_sample_weights_of_zero_leave_examples_out(model, batch):
    x, y = batch
    model.compile(run_eagerly=True)
    weight = np.array([1, 1, 1, 0, 0, 0], "float32")
    # One batch, so that both calls draw the same noise for the first three examples.
    whole = model.evaluate(x, y, sample_weight=weight, batch_size=BATCH, verbose=0, return_dict=True)
    changed = model.evaluate(
        np.concatenate([x[:3], 1 - x[3:]]), y, sample_weight=weight, batch_size=BATCH, verbose=0, return_dict=True
    )
    assert whole["elbo"] == pytest.approx(changed["elbo"], rel=1e-6)


@ONE_EACH
def test_predict_takes_arrays_and_pairs(model, batch):
    x, y = batch
    expected = model.reconstruct(x, **_labels(model, y))
    pairs = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    np.testing.assert_allclose(model.predict(pairs, verbose=0), expected, rtol=1e-4, atol=1e-5)
    inputs = (x, y) if model.conditional else x
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, rtol=1e-4, atol=1e-5)


@SMALL
@pytest.mark.parametrize("gradient", iwae.GRADIENTS)
def test_the_importance_weighted_bound_trains_it(model, batch, gradient):
    x, y = batch
    objective = iwae.IWAE(5, gradient)
    if isinstance(model, SemiSupervisedVAE):
        # A label that may be unknown is a second latent, which this bound does not draw.
        with pytest.raises(ValueError, match="takes an objective such as"):
            model.compile("adam", objective)
        return
    model.compile("adam", objective, seed=0)
    before = model.get_weights()
    assert np.isfinite(model.fit(x, y, batch_size=3, verbose=0).history["loss"]).all()
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    terms = objective.terms(model, tf.constant(x), model.training_condition_of(y, BATCH), 0, tf.constant([1, 2]))
    assert np.all(terms.loss <= -terms.elbo + 1e-3)


def test_mixed_precision_trains(rng):
    x, numbers = _batch(SHAPE, rng)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        built = {name: build() for name, build in CASES.items()}
    finally:
        keras.config.set_dtype_policy("float32")
    for name, model in built.items():
        model.compile(run_eagerly=True)
        y = conditions(model, numbers)
        assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all(), name
        assert model.elbo(x, **_labels(model, y)).dtype == tf.float32, name


@ONE_EACH
def test_keras_file_round_trip_keeps_weights_optimizer_and_objective(model, batch, tmp_path):
    x, y = batch
    objective = keras_vae.ELBO(beta=keras_vae.objectives.Linear(10), num_samples=2)
    if isinstance(model, SemiSupervisedVAE):
        objective = keras_vae.objectives.SemiSupervisedELBO(3.0, num_samples=2)
    model.compile("adam", objective, seed=3, run_eagerly=True)
    model.fit(x, y, epochs=2, batch_size=3, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    again.run_eagerly = True  # as the other, whose last digit is not that of a graph
    np.testing.assert_array_equal(_draw(model, 1), _draw(again, 1))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    histories = [m.fit(x, y, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(*histories, rtol=1e-6)


def test_what_is_frozen_and_the_precision_survive_saving(tmp_path, rng):
    model = keras_vae.VAE(SHAPE, 3, hidden_units=(16,), dtype="mixed_bfloat16")
    models.freeze(model, "encoder")
    model.compile()
    x, _ = _batch(SHAPE, rng)
    model.fit(x, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for other in (again, models.copy_of(model)):
        assert [v.path for v in other.trainable_variables] == [v.path for v in model.trainable_variables]
        assert other.encoder.layers[2].compute_dtype == "bfloat16"
    for a, b in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, b)


@keras.saving.register_keras_serializable("tests")
class OwnArchitecture(networks.MLP):
    """An architecture of a user's own, with layers that behave differently in training and bring a penalty."""

    def encoder(self, data_shape, output_size, condition_size=0):
        inner = super().encoder(data_shape, output_size, condition_size)
        x, c = keras.Input(data_shape), keras.Input((condition_size,))
        h = keras.layers.BatchNormalization(name="norm")(x)
        h = keras.layers.Dense(data_shape[-1], kernel_regularizer="l2", name="penalised")(h)
        return keras.Model([x, c], inner([h, c]))


def test_an_architecture_of_ones_own_trains_as_keras_would_and_saves(tmp_path, rng):
    x, y = _batch(SHAPE, rng)
    model = keras_vae.ConditionalVAE(SHAPE, 4, 3, network=OwnArchitecture((8,)))
    model.compile(keras.optimizers.SGD(0.0))
    model.fit(x, y, verbose=0)
    assert float(model.encoder.get_layer("norm").moving_mean[0]) > 0  # the layer was told that it is trained
    with tf.GradientTape() as tape:
        model.encoder([tf.constant(x), tf.one_hot(y, 4)], training=True)
        penalty = sum(model.losses)
    assert float(penalty) > 0
    assert tape.gradient(penalty, model.encoder.get_layer("penalised").kernel) is not None
    model.save(tmp_path / "own.keras")
    again = keras.models.load_model(tmp_path / "own.keras")
    assert type(again.architecture) is OwnArchitecture
    np.testing.assert_array_equal(_draw(model, 1), _draw(again, 1))
    with pytest.raises(ValueError, match=r"network is a OwnArchitecture.*model.save"):
        zoo.save_to_preset(model, tmp_path / "own")


def test_preset_round_trip_is_bit_equal(model, tmp_path):
    zoo.save_to_preset(model, tmp_path / "mine")
    again = zoo.load(tmp_path / "mine")
    np.testing.assert_array_equal(_draw(model, 1), _draw(again, 1))
    assert again.get_config() | {"name": ""} == model.get_config() | {"name": ""}


def test_reload_in_a_new_process_is_bit_equal(tmp_path):
    expected = {}
    for name, build in CASES.items():
        model = build()
        zoo.save_to_preset(model, tmp_path / name)
        model.save(tmp_path / f"{name}.keras")
        expected[name] = _draw(model, 11).numpy().tobytes().hex()
    script = (
        "import sys, json, pathlib, keras, keras_vae, numpy as np\n"
        "from tests.contract.cases import conditions\n"
        "out = {}\n"
        "for folder in sorted(p for p in pathlib.Path(sys.argv[1]).iterdir() if p.is_dir()):\n"
        "    pair = keras_vae.load(folder), keras.models.load_model(str(folder) + '.keras')\n"
        "    given = {'labels': conditions(pair[0], np.arange(4))} if pair[0].conditional else {'n': 4}\n"
        "    out[folder.name] = [m.sample(**given, seed=11).numpy().tobytes().hex() for m in pair]\n"
        "print(json.dumps(out))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {name: [value, value] for name, value in expected.items()}


@SMALL
def test_adapting_the_output_bias_predicts_the_mean(model, rng):
    mean = np.clip(rng.uniform(size=model.data_shape), 0.2, 0.8)
    for variable in model.decoder.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    model.adapt_output_bias(mean)
    # Of a picture that is to be completed nothing is given.
    nothing = {"labels": np.zeros((1, *getattr(model, "condition_shape", ())), "float32")}
    drawn = model.sample(**nothing, seed=0) if hasattr(model, "condition_shape") else _draw(model, 0)
    np.testing.assert_allclose(drawn[0], mean, atol=0.03)
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        model.adapt_output_bias(np.zeros((2, 2)))


def test_on_two_replicas_the_noise_differs_and_the_logs_are_of_all_examples():
    script = (
        "import tensorflow as tf, numpy as np, keras, keras_vae\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        "strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])\n"
        "with strategy.scope():\n"
        "    model = keras_vae.VAE((4,), 2, hidden_units=(8,), likelihood='gaussian')\n"
        "    model.compile(keras.optimizers.SGD(0.01), seed=1)\n"
        "x = np.random.default_rng(0).normal(size=(8, 4)).astype('float32')\n"
        "single = keras_vae.VAE((4,), 2, hidden_units=(8,), likelihood='gaussian')\n"
        "single.set_weights(model.get_weights())\n"
        "single.compile(keras.optimizers.SGD(0.01), seed=1)\n"
        "a = [m.fit(x, epochs=30, batch_size=8, verbose=0).history['loss'] for m in (model, single)]\n"
        "print('LOSSES', a[0][0], a[1][0], np.mean(a[0][-10:]), np.mean(a[1][-10:]))\n"
        "from keras_vae import _random, _replicas\n"
        "ids = strategy.run(lambda: _random.fold_in(_random.as_seed(0), _replicas.replica_id()))\n"
        "print('SEEDS', [v.numpy().tolist() for v in strategy.experimental_local_results(ids)])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith(("LOSSES", "SEEDS"))}
    first, first_single, last, last_single = map(float, lines["LOSSES"].split()[1:])
    assert first == pytest.approx(first_single, rel=0.5)  # other noise, same scale
    assert last == pytest.approx(last_single, rel=0.1)  # the same learning rate
    seeds = eval(lines["SEEDS"].removeprefix("SEEDS"))
    assert seeds[0] != seeds[1]


def test_the_saved_model_computes_what_the_model_does(model, batch, tmp_path):
    x, y = batch
    pictures = hasattr(model, "condition_shape")
    given = {"labels": tf.constant(y, tf.int32 if y.dtype.kind == "i" else tf.float32)} if model.conditional else {}
    # Examples are drawn from the model where there are none; conditions that are pictures cannot be made up.
    folder = keras_vae.export.saved_model(model, tmp_path / "served", examples=(x, y) if pictures else None)
    served = tf.saved_model.load(str(folder)).signatures
    labels = _labels(model, y)
    z = model.encode(x, **labels).mean()
    same = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(served["encode"](data=x, **given)["mean"], z, **same)
    np.testing.assert_allclose(served["encode"](data=x, **given)["stddev"], model.encode(x, **labels).stddev(), **same)
    np.testing.assert_allclose(served["decode"](latents=z, **given)["mean"], model.decode(z, **labels).mean(), **same)
    # Each network alone is held to the same bound; the decoder magnifies the roundings by which the codes of two graphs differ.
    rebuilt, codes = served["reconstruct"](data=x, **given)["data"], served["encode"](data=x, **given)["mean"]
    np.testing.assert_allclose(rebuilt, model.decode(codes, **labels).mean(), **same)
    np.testing.assert_allclose(model.reconstruct(x, **labels), model.decode(z, **labels).mean(), **same)
    np.testing.assert_allclose(rebuilt, model.reconstruct(x, **labels), rtol=1e-4, atol=1e-5)
    noise = _random.normal((BATCH, model.prior.noise_size), _random.as_seed(5))
    drawn = model.sample(**(labels or {"n": BATCH}), seed=5)
    np.testing.assert_allclose(served["sample"](noise=noise, **given)["data"], drawn, **same)
    assert ("cluster" in served, "classify" in served) == (
        isinstance(model, Clusters),
        isinstance(model, SemiSupervisedVAE),
    )
    if isinstance(model, Clusters):
        found = served["cluster"](data=x)
        np.testing.assert_allclose(found["log_probs"], model.cluster_log_probs(x), rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(found["cluster"], model.cluster(x))
    if isinstance(model, SemiSupervisedVAE):
        found = served["classify"](data=x)
        np.testing.assert_allclose(found["log_probs"], model.class_log_probs(x), **same)
        np.testing.assert_array_equal(found["label"], model.classify(x))


@SMALL
def test_the_float32_build_computes_what_the_model_does(model, batch, tmp_path):
    x, y = batch
    labels = _labels(model, y)
    proof = keras_vae.export.tflite(model, tmp_path / "build", format="float32", examples=(x, y))
    assert proof.parity.elbo.keras == pytest.approx(proof.parity.elbo.build, rel=1e-4)
    built = keras_vae.lite.load(tmp_path / "build")
    encoding, posterior = built.encode(x, **labels), model.encode(x, **labels)
    same = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(encoding.mean, posterior.mean(), **same)
    np.testing.assert_allclose(encoding.stddev, posterior.stddev(), **same)
    np.testing.assert_allclose(built.reconstruct(x, **labels), model.reconstruct(x, **labels), **same)
    if isinstance(model, Clusters):
        np.testing.assert_array_equal(built.cluster(x), model.cluster(x))
    if isinstance(model, SemiSupervisedVAE):
        np.testing.assert_array_equal(built.classify(x), model.classify(x))
    else:
        with pytest.raises(ValueError, match="has no classifier: it has encoder, decoder"):
            built.classify(x)
    given = labels or {"n": BATCH}
    np.testing.assert_allclose(built.sample(**given, seed=5), model.sample(**given, seed=5), **same)
    np.testing.assert_allclose(
        built.sample(**given, seed=5, temperature=0.5), model.sample(**given, seed=5, temperature=0.5), **same
    )
