"""What Keras offers for any model works for each class of ours: weights, targets, columns of labels, export, copies, precision."""

import copy
import warnings

import numpy as np
import pytest

from keras_vae import data, models, objectives
from keras_vae._backend import keras, tf
from keras_vae.models import DEC, VQVAE, WAE, SwapAutoencoder
from keras_vae.networks import MLP
from tests.contract.cases import AUTOENCODERS, CASES, QUANTIZED, SHAPE, conditions, one_of_each_class

ALL = CASES | AUTOENCODERS | QUANTIZED
EACH = one_of_each_class(ALL)
COUNT = 6

# Objectives without a quantity of the whole batch, in which each example counts whatever its weight.
OF_EXAMPLES = {
    DEC: objectives.Reconstruction,
    SwapAutoencoder: objectives.NoisyCode,
    WAE: lambda: objectives.WassersteinMMD(weight=0.0),
}


@pytest.fixture(params=EACH)
def model(request):
    return EACH[request.param]()


def compiled(model, learning_rate=1e-3):
    objective = OF_EXAMPLES.get(type(model), lambda: None)()
    if isinstance(model, VQVAE):
        model.quantizer.trainable = False  # its averages are of all examples
    model.compile(keras.optimizers.SGD(learning_rate), objective, seed=1, run_eagerly=True)
    return model


def batch(model, seed=0):
    rng = np.random.default_rng(seed)
    x = (rng.uniform(size=(COUNT, *model.data_shape)) < 0.4).astype("float32")
    return x, conditions(model, rng.integers(0, 2, COUNT)) if model.conditional else None


def after(model, start, *args, **kwargs):
    """The weights and the loss after two steps from the weights `start`."""
    model.set_weights(start)
    model.optimizer.iterations.assign(0)
    history = model.fit(*args, batch_size=COUNT, epochs=2, shuffle=False, verbose=0, **kwargs).history
    return [*model.get_weights(), np.array(history["loss"])]


def assert_same(a, b, rtol=1e-6):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, rtol=rtol, atol=1e-7)


def test_examples_of_weight_zero_are_not_there(model):
    model = compiled(model)
    x, y = batch(model)
    weight = np.array([0, 0, 0, 1, 1, 2], "float32")
    spoilt = np.concatenate([1 - x[:3], x[3:]])
    start = model.get_weights()
    found = [after(model, start, given, y, sample_weight=weight) for given in (x, spoilt)]
    assert_same(*found)
    # A column of weights, as a data frame gives it, in arrays and in a pipeline; a pipeline has a y, if only an empty one.
    assert_same(found[0], after(model, start, x, y, sample_weight=weight[:, None]))
    pairs = tf.data.Dataset.from_tensor_slices((x, np.zeros(COUNT, int) if y is None else y, weight[:, None]))
    assert_same(found[0], after(model, start, pairs.batch(COUNT)))
    plain = after(model, start, x, y)
    assert any(np.abs(a - b).max() > 1e-6 for a, b in zip(found[0], plain, strict=True))
    model.set_weights(start)
    losses = [
        model.evaluate(given, y, sample_weight=weight, batch_size=COUNT, verbose=0, return_dict=True)["loss"]
        for given in (x, spoilt)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    logs = model.fit(
        x, y, sample_weight=weight, batch_size=COUNT, validation_data=(spoilt, y, weight), shuffle=False, verbose=0
    ).history
    expected = model.evaluate(x, y, sample_weight=weight, batch_size=COUNT, verbose=0, return_dict=True)["loss"]
    assert logs["val_loss"] == [pytest.approx(expected, rel=1e-6)]
    assert model.train_on_batch(x, y, sample_weight=weight)[0] == pytest.approx(expected, rel=0.2)


def test_weights_of_elements_are_refused(model):
    model = compiled(model)
    x, y = batch(model)
    for wrong, words in (
        (np.ones_like(x), "one weight per example"),
        (np.ones(COUNT - 1), "5 weights for 6 examples"),
        (np.r_[np.ones(COUNT - 1), np.nan], "is nan: weights must be finite"),
        (np.r_[np.ones(COUNT - 1), -1.0], "is -1.0"),
    ):
        with pytest.raises(ValueError, match=words):
            model.fit(x, y, sample_weight=wrong, verbose=0)
    pairs = tf.data.Dataset.from_tensors((x, np.zeros(COUNT, int) if y is None else y, np.ones_like(x)))
    with pytest.raises(ValueError, match="one weight per example"):
        model.fit(pairs, verbose=0)
    with pytest.raises(ValueError, match=r"class_weight is a weight for each label.*no labels as y"):
        model.fit((x, y) if model.conditional else x, class_weight={0: 1.0, 1: 2.0}, verbose=0)


def test_a_target_is_given_back(model):
    model = compiled(model)
    x, y = batch(model)
    given = (x, y) if model.conditional else x
    start = model.get_weights()
    logs = [
        model.evaluate(*pair, batch_size=COUNT, verbose=0, return_dict=True)
        for pair in ((x, y), (given, x), (given, 1 - x))
    ]
    assert logs[0] == logs[1]
    assert logs[2]["log_likelihood"] != logs[0]["log_likelihood"]
    if isinstance(model, models.Autoencoder) and not isinstance(model, models.DenoisingAutoencoder | SwapAutoencoder):
        code = model.encode(x)
        labels = {"labels": y} if model.conditional else {}
        expected = model.decode(code, **labels).log_prob(1 - x).numpy().mean()
        assert logs[2]["log_likelihood"] == pytest.approx(expected, rel=1e-5)
    found = after(model, start, given, 1 - x)
    assert_same(found, after(model, start, tf.data.Dataset.from_tensors((given, 1 - x))))
    plain = after(model, start, *((x, y) if model.conditional else (x,)))
    assert any(np.abs(a - b).max() > 1e-6 for a, b in zip(found, plain, strict=True))
    with pytest.raises(ValueError, match=r"targets y have shape|neither one label per example"):
        model.fit(given, np.zeros((COUNT, 3, 3, 1), "float32"), verbose=0)
    with pytest.raises(ValueError, match=r"targets y hold nan"):
        model.fit(given, np.nan * x, verbose=0)


@pytest.mark.parametrize("name", [name for name in EACH if EACH[name]().conditional])
def test_labels_may_be_a_column(name):
    model = compiled(EACH[name]())
    if model.condition_spec.dtype != "int64":
        pytest.skip("its conditions are no labels")
    x, y = batch(model)
    start = model.get_weights()
    expected = after(model, start, x, y)
    two = model.num_labels == 2
    for labels in (
        y[:, None].astype("uint8"),
        y.astype("float32")[:, None],
        list(y),
        *([y.astype(bool)] if two else []),
    ):
        assert_same(expected, after(model, start, x, labels))
        assert_same(expected, after(model, start, tf.data.Dataset.from_tensors((x, np.asarray(labels)))))
    if not two:
        with pytest.raises(ValueError, match="labels have dtype bool"):
            model.fit(x, y.astype(bool), verbose=0)
    np.testing.assert_array_equal(model.reconstruct(x, y[:, None]), model.reconstruct(x, y))


def test_shapes_may_be_unknown_until_the_data_are_there(model):
    x, y = batch(model)
    model.compile(keras.optimizers.SGD(0.0), OF_EXAMPLES.get(type(model), lambda: None)(), seed=1)
    parts = (x,) if y is None else (x, y)
    spec = [tf.TensorSpec((None,) * part.ndim, part.dtype) for part in parts]
    pipeline = tf.data.Dataset.from_generator(lambda: iter([parts]), output_signature=tuple(spec))
    unknown = pipeline.map(lambda *parts: parts if len(parts) > 1 else parts[0])
    known = tf.data.Dataset.from_tensors(parts if len(parts) > 1 else x)
    assert model.evaluate(unknown, verbose=0) == pytest.approx(model.evaluate(known, verbose=0), rel=1e-5)
    np.testing.assert_allclose(model.predict(unknown, verbose=0), model.predict(known, verbose=0), rtol=1e-5, atol=1e-6)
    other = tuple(np.repeat(part, 2, axis=1) if i == 0 else part for i, part in enumerate(parts))
    wrong = tf.data.Dataset.from_generator(lambda: iter([other]), output_signature=tuple(spec))
    with pytest.raises(ValueError, match=r"has shape \(6, 16, 8, 1\): this model takes \(batch, 8, 8, 1\)"):
        model.evaluate(wrong.map(lambda *parts: parts if len(parts) > 1 else parts[0]), verbose=0)


def test_keras_exports_what_predict_does(model, tmp_path):
    x, y = batch(model)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    found = served.serve([x, y] if model.conditional else x)
    np.testing.assert_allclose(
        found, model.predict((x, y) if model.conditional else x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_keras_exports_to_litert(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    model = EACH["vae"]()
    x, _ = batch(model)
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    interpreter = Interpreter(str(tmp_path / "model.tflite"))
    (given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], x)
    interpreter.invoke()
    found = interpreter.get_tensor(result["index"])
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)


def test_every_part_shows_its_shape_in_the_summary(model):
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "unbuilt" not in text
    assert " ? " not in text
    for name in model.parts:
        assert f"{name} (" in text


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_keras_quantises_to_int8(model):
    x, y = batch(model)
    given = (x, y) if model.conditional else x
    before = model.predict(given, verbose=0)
    model.quantize("int8")
    np.testing.assert_allclose(model.predict(given, verbose=0), before, atol=0.02)


def test_layers_that_are_frozen_one_by_one_stay_so(model, tmp_path):
    layer = next(layer for layer in model.encoder._flatten_layers(include_self=False) if layer.trainable_variables)
    layer.trainable = False
    model = compiled(model)
    x, y = batch(model)
    model.fit(x, y, batch_size=3, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    others = [again, models.copy_of(model), keras.models.clone_model(model), copy.deepcopy(model)]
    trainable = [variable.path for variable in model.trainable_variables]
    assert 0 < len(trainable) < len(model.weights)
    for other in others:
        assert [variable.path.split("/")[-2:] for variable in other.trainable_variables] == [
            path.split("/")[-2:] for path in trainable
        ]
    # Training goes on as if nothing had been saved: the optimizer's state is there.
    assert_same([v.numpy() for v in model.optimizer.variables], [v.numpy() for v in again.optimizer.variables])
    before = [weight.numpy() for weight in layer.weights]
    again.fit(x, y, batch_size=3, verbose=0)
    found = next(other for other in again.encoder._flatten_layers() if other.name == layer.name)
    assert_same(before, [weight.numpy() for weight in found.weights])


@pytest.mark.parametrize("name", ["vae_flow", "conditional_flow", "vae_vamp_prior", "vae_mixture", "hierarchical"])
def test_a_frozen_prior_is_used_and_does_not_learn(name):
    model = ALL[name]()
    x, y = batch(model)
    models.freeze(model, "prior")
    model = compiled(model)
    before = [weight.numpy() for weight in model.prior.weights]
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()
    assert_same(before, [weight.numpy() for weight in model.prior.weights])


def test_a_frozen_layer_that_is_not_there_is_refused():
    model = EACH["vae"]()
    with pytest.raises(ValueError, match=r"frozen='encoder/hiden_0'.*Did you mean 'hidden_0'"):
        type(model).from_config(model.get_config() | {"frozen": ["encoder/hiden_0"]})


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains_and_reconstructs(policy):
    keras.config.set_dtype_policy(policy)
    try:
        built = {name: build() for name, build in ALL.items()}
    finally:
        keras.config.set_dtype_policy("float32")
    for name, model in built.items():
        x, y = batch(model)
        model.compile(run_eagerly=True)
        assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all(), name
        found = model.reconstruct(x, **({"labels": y} if model.conditional else {}))
        assert (found.dtype, tuple(found.shape)) == (tf.float32, x.shape), name
        assert all(variable.dtype == "float32" for variable in model.trainable_variables), name


def test_a_classifier_is_exported_too(tmp_path):
    model = models.Classifier(SHAPE, 3, filters=(4,), dense_units=8)
    x, _ = batch(EACH["vae"]())
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(served.serve(x), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_the_h5_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"HDF5 format cannot keep VAE.*model\.keras"):
        EACH["vae"]().save(tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())


def test_a_sparse_matrix_is_made_dense_batch_by_batch():
    from scipy import sparse

    x = sparse.random(16, 30, 0.2, format="csr", dtype="float32", random_state=0)
    model = models.VAE((30,), 2, hidden_units=(8,), likelihood="gaussian")
    model.compile(keras.optimizers.SGD(0.0), seed=1)
    dense = x.toarray()
    same = {"batch_size": 5, "verbose": 0}
    assert model.evaluate(x, **same) == pytest.approx(model.evaluate(dense, **same), rel=1e-5)
    assert np.isfinite(model.fit(x, validation_data=(x, None), **same).history["val_loss"]).all()
    np.testing.assert_allclose(model.predict(x, **same), model.predict(dense, **same), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.encode(x).mean(), model.encode(dense).mean())
    x.data[3] = np.nan
    with pytest.raises(ValueError, match="hold nan"):
        model.fit(x, verbose=0)
    with pytest.raises(ValueError, match=r"shape \(16, 30\).*\('batch', 4\)"):
        compiled(models.VAE((4,), 2, hidden_units=(8,))).fit(x, verbose=0)


def test_values_other_than_0_and_1_in_a_pipeline_are_warned_of():
    grey = np.random.default_rng(0).uniform(size=(8, *SHAPE)).astype("float32")
    for name in ("vae", "vq_vae_gradient_classes"):
        model = ALL[name]()
        labels = np.zeros(8, int)
        model.compile(run_eagerly=True)
        pipeline = tf.data.Dataset.from_tensor_slices((grey, labels)).batch(4)
        for call in (model.fit, model.evaluate):
            with pytest.warns(UserWarning, match="grey values"):
                call(pipeline, verbose=0)
    for name, images in (("vae", grey.round()), ("vae_continuous_bernoulli", grey), ("autoencoder", grey)):
        model = ALL[name]()
        model.compile(run_eagerly=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*grey")
            model.fit(tf.data.Dataset.from_tensor_slices(images).batch(4), verbose=0)


def test_what_an_objective_penalises_of_the_batch_is_of_all_examples_whatever_their_weights():
    """As `fit` says: a mean over the batch, such as that of free bits, counts examples of weight 0 too."""
    model = EACH["vae"]()
    x, _ = batch(model)
    weight = np.array([0, 0, 0, 1, 1, 1], "float32")
    changed = np.concatenate([1 - x[:3], x[3:]])
    for objective, same in ((objectives.ELBO(), True), (objectives.ELBO(free_bits=2.0), False)):
        model.compile("sgd", objective, seed=1, run_eagerly=True)
        losses = [
            model.evaluate(given, sample_weight=weight, batch_size=COUNT, verbose=0, return_dict=True)["loss"]
            for given in (x, changed)
        ]
        assert (losses[0] == pytest.approx(losses[1], rel=1e-6)) == same


def test_an_objective_without_a_target_refuses_one():
    model = EACH["stacked"]()
    model.compile("sgd", objectives.LayerWise(10))
    x, _ = batch(model)
    with pytest.raises(ValueError, match=r"target y beside x, and .*LayerWise.* has no use for one"):
        model.fit(x, 1 - x, verbose=0)


def test_the_objective_and_the_optimizer_are_those_of_compile():
    model = compiled(EACH["vae"]())
    with pytest.raises(AttributeError, match=r"VAE.objective cannot be set: .*compile\(optimizer, objective\)"):
        model.objective = objectives.ELBO(beta=2.0)
    with pytest.raises(ValueError, match=r"optimizer='adaam': must be a keras.optimizers.Optimizer.*'adam'"):
        model.compile("adaam")
    assert EACH["vae"]().objective is None


def test_a_dictionary_and_a_dataset_where_none_is_taken():
    model = compiled(EACH["vae"]())
    x, _ = batch(model)
    with pytest.raises(ValueError, match=r"dictionary with the keys 'image', 'label'.*as_supervised=True"):
        model.fit(tf.data.Dataset.from_tensors({"image": x, "label": np.zeros(COUNT)}), verbose=0)
    with pytest.raises(ValueError, match=r"are a tf.data.Dataset: this method takes one batch"):
        model.encode(tf.data.Dataset.from_tensors(x))
    with pytest.raises(ValueError, match=r"The data are None"):
        model.encode(None)
    for call in (model.fit, model.evaluate, model.predict):
        for wrong, words in (
            (None, "data are None"),
            ("abc", "data have dtype <U3"),
            (x.astype(object), "dtype object"),
            ([[1.0], [1.0, 2.0]], "data are no array"),
        ):
            with pytest.raises(ValueError, match=words):
                call(wrong, verbose=0)
    with pytest.raises(ValueError, match=r"The data are the number 0.5"):
        model.predict(np.float32(0.5), verbose=0)
    conditional = EACH["conditional_dense"]()
    labels = np.arange(COUNT) % 4
    expected = conditional.reconstruct(x, labels)
    for pair in ([x.tolist(), labels], (x, list(labels))):
        np.testing.assert_allclose(conditional.predict(pair, verbose=0), expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(conditional(pair), expected, rtol=1e-4, atol=1e-5)
    for call in (lambda y: conditional([x, y]), lambda y: conditional.sample(labels=y)):
        with pytest.raises(ValueError, match="labels have dtype object"):
            call(labels.astype(object))
    np.testing.assert_array_equal(model.predict(x.tolist(), verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match=r"not compiled: call compile\(\)"):
        EACH["vae"]().fit(x)


def test_flags_are_taken_and_counts_are_told_what_to_do():
    x = np.random.default_rng(0).uniform(size=(COUNT, 5)) > 0.5
    flags = models.VAE((5,), 2, hidden_units=(4,))
    np.testing.assert_array_equal(flags.encode(x).mean(), flags.encode(x.astype("float32")).mean())
    counts = models.VAE((5,), 2, hidden_units=(4,), likelihood="gaussian")
    with pytest.raises(ValueError, match=r"dtype int64: this model takes floats\. Counts.*astype\('float32'\)"):
        counts.encode(x.astype("int64") * 3)
    with pytest.raises(ValueError, match=r"dtype uint8: this model takes floats\. For images of 8 bits divide by 255"):
        counts.encode(x.astype("uint8"))
    with pytest.raises(ValueError, match=r"hold 1e\+39 in example 0"):
        counts.encode(np.full((1, 5), 1e39))
    with pytest.raises(ValueError, match="latents hold a value that is not finite"):
        counts.decode(np.full((1, 2), 1e39))
    with pytest.raises(ValueError, match=r"latents hold values up to 3e\+38: at most 1e\+19"):
        counts.decode(np.full((1, 2), 3e38, "float32"))


def test_latents_in_other_models(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    model = EACH["vae"]()
    x, _ = batch(model)
    features = keras.Sequential([models.LatentMean(model)])
    np.testing.assert_allclose(features.predict(x, verbose=0), model.encode(x).mean(), rtol=1e-5)
    features.save(tmp_path / "features.keras")
    again = keras.models.load_model(tmp_path / "features.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), features.predict(x, verbose=0))
    assert features.layers[-1].compute_output_shape((None, *SHAPE)) == (None, 3)
    pipeline = make_pipeline(FunctionTransformer(features.predict, kw_args={"verbose": 0}), LogisticRegression())
    assert set(pipeline.fit(x, [0, 0, 0, 1, 1, 1]).predict(x)) <= {0, 1}

    sample = models.LatentSample(model, seed=3)
    first, second = sample(x), sample(x)
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(models.LatentSample(model, seed=3)(x), first)
    many = np.stack([np.asarray(sample(x)) for _ in range(400)])
    np.testing.assert_allclose(many.mean(axis=0), model.encode(x).mean(), atol=0.3)

    code = EACH["autoencoder"]()
    np.testing.assert_allclose(
        keras.Sequential([models.LatentMean(code)]).predict(x, verbose=0), code.encode(x), rtol=1e-5
    )
    conditional = EACH["conditional_dense"]()
    image, label = keras.Input(SHAPE), keras.Input((), dtype="int64")
    both = keras.Model([image, label], models.LatentMean(conditional)([image, label]))
    labels = np.arange(COUNT) % 4
    np.testing.assert_allclose(
        both.predict([x, labels], verbose=0), conditional.encode(x, labels).mean(), rtol=1e-4, atol=1e-6
    )
    with pytest.raises(ValueError, match="takes a VAE or an Autoencoder"):
        models.LatentMean(EACH["vq_vae"]())
    with pytest.raises(ValueError, match=r"no q\(z\|x\) to sample from"):
        models.LatentSample(code)


def test_a_denoiser_learns_from_pairs_of_noisy_and_clean_images():
    images, _ = data.arrays("digits", "test", "dynamic_binarization")
    clean = images[:64, ::4, ::4]
    noisy = np.abs(clean - (np.random.default_rng(0).uniform(size=clean.shape) < 0.1)).astype("float32")
    model = models.Autoencoder(clean.shape[1:], 16, network={"name": "mlp", "hidden_units": (64,)})
    model.compile(keras.optimizers.Adam(1e-2), seed=0)
    model.fit(noisy, clean, epochs=60, batch_size=16, verbose=0)
    restored = model.reconstruct(noisy).numpy()
    assert np.square(restored - clean).mean() < 0.5 * np.square(noisy - clean).mean()


@pytest.mark.parametrize("name", ["vae", "conditional", "autoencoder"])
def test_xla_leaves_no_check_of_a_pipeline_out(name):
    """Code compiled by XLA drops assertions without a word, so what breaks a rule is counted, and told after the batch."""
    model = {
        "vae": lambda: models.VAE((8, 8, 1), 3, hidden_units=[8]),
        "conditional": lambda: models.ConditionalVAE((8, 8, 1), 3, 3, network=MLP([8])),
        "autoencoder": lambda: models.Autoencoder((8, 8, 1), 3, network=MLP([8])),
    }[name]()
    model.compile(jit_compile=True, seed=0)
    x = (np.random.default_rng(0).uniform(size=(6, 8, 8, 1)) < 0.4).astype("float32")
    y = np.arange(6) % 3 if model.conditional else None

    def pipeline(x, y):
        return tf.data.Dataset.from_tensor_slices(x if y is None else (x, y)).batch(3)

    assert np.isfinite(model.fit(pipeline(x, y), verbose=0).history["loss"]).all()
    for wrong, rule in (
        (x * 255.0, "out of range.*divide by 255"),
        (x * 2 - 1, "out of range"),
        (x * np.nan, "finite"),
    ):
        for bad in (pipeline(wrong.astype("float32"), y), _Batches(wrong.astype("float32"), y)):
            with pytest.raises(ValueError, match=f"{rule}.*learned from that batch already"):
                model.fit(bad, verbose=0)
            with pytest.raises(ValueError, match=rf"{rule}.*before they come here\.$"):
                model.evaluate(bad, verbose=0)
        with pytest.raises(ValueError, match=rule):
            model.predict(pipeline(wrong.astype("float32"), y), verbose=0)
        with pytest.raises(ValueError, match=rule):
            model.fit(x, y, validation_data=pipeline(wrong.astype("float32"), y), verbose=0)
        with pytest.raises(ValueError, match="hold"):
            model.fit(tf.constant(wrong), y, verbose=0)
    if model.conditional:
        for labels in (y + 1, y - 1):
            with pytest.raises(ValueError, match="A label is out of range: labels must be from 0 to 2"):
                model.fit(pipeline(x, labels), verbose=0)
    # The counts are those of one evaluation.
    assert model.evaluate(pipeline(x, y), verbose=0)


class _Batches(keras.utils.PyDataset):
    """Two batches of three."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return 2

    def __getitem__(self, i):
        some = slice(3 * i, 3 * i + 3)
        return (self.x[some],) if self.y is None else (self.x[some], self.y[some])


def test_nothing_to_learn_from_is_an_error():
    model = models.VAE((8, 8, 1), 3, hidden_units=[8])
    model.compile()
    nothing = tf.data.Dataset.from_tensor_slices(np.zeros((0, 8, 8, 1), "float32")).batch(3)
    for method in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ValueError, match="holds no batch"):
            method(nothing, verbose=0)
        with pytest.raises(ValueError, match="hold no examples"):
            method(np.zeros((0, 8, 8, 1), "float32"), verbose=0)
    with pytest.raises(ValueError, match="holds no batch"):
        model.fit(nothing.filter(lambda x: True), verbose=0)  # of unknown length
    with pytest.raises(ValueError, match="gives nothing"):
        model.fit((x for x in ()), verbose=0)
    with pytest.raises(ValueError, match="have dtype <U1"):
        model.fit((str(i) for i in range(3)), verbose=0)
    x = np.zeros((6, 8, 8, 1), "float32")
    given = (x[i : i + 2] for i in (0, 2, 4))
    seen = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    assert model.fit(given, callbacks=[count], verbose=0).history["loss"]
    assert seen == [0, 1, 2], "the first batch, which was looked at, is learned from too"
    assert model.fit(x, epochs=0, verbose=0).history == {}
