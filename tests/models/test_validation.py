"""Bad input: each error names the value, the rule and the remedy."""

import warnings

import numpy as np
import pytest

from keras_vae import VAE, ConditionalVAE, models
from keras_vae._backend import keras, tf
from keras_vae.models import plain_data

X = np.zeros((3, 4, 4, 1), "float32")
Y = np.array([0, 1, 2])


@pytest.fixture(scope="module")
def vae():
    model = VAE((4, 4, 1), 2, hidden_units=(4,))
    model.compile()
    return model


@pytest.fixture(scope="module")
def cvae():
    model = ConditionalVAE((4, 4, 1), 3, 2)
    model.compile()
    return model


def _with(value):
    x = X.copy()
    x[1, 2, 2, 0] = value
    return x


DATA = [
    (X[..., 0], r"shape \(3, 4, 4\).*\('batch', 4, 4, 1\).*x\[\.\.\., None\]"),
    (X[0], r"shape \(4, 4, 1\).*batch axis: x\[None\]"),
    (np.zeros((3, 5, 4, 1), "float32"), r"shape \(3, 5, 4, 1\)"),
    (X.astype("uint8"), "dtype uint8.*floats from 0 to 1.*divide by 255"),
    (_with(255.0), "255.0 in example 1.*from 0 to 1.*divide by 255"),
    (_with(-0.5), "-0.5 in example 1"),
    (_with(np.nan), "nan in example 1.*finite"),
    (_with(np.inf), "inf in example 1"),
]


@pytest.mark.parametrize(("x", "message"), DATA)
@pytest.mark.parametrize("method", ["encode", "reconstruct", "elbo", "log_prob", "fit", "evaluate"])
def test_data(vae, method, x, message):
    with pytest.raises(ValueError, match=message):
        getattr(vae, method)(x)


@pytest.mark.parametrize("bad", [_with(255.0), _with(np.nan)])
@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_a_pipeline_is_checked_in_the_graph(vae, bad, steps_per_execution):
    vae.compile(steps_per_execution=steps_per_execution)
    before = vae.get_weights()
    with pytest.raises(
        ValueError,
        match=r"^The data are out of range: values must be finite and from 0 to 1.*divide by 255.*largest: \S+ \S+$",
    ):
        vae.fit(tf.data.Dataset.from_tensors(bad).repeat(2), verbose=0)
    for a, b in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


LABELS = [
    (None, "conditional: it needs one label from 0 to 2"),
    (np.array([0, 1, 3]), "A label is 3: labels must be from 0 to 2.*with_classes"),
    (np.array([0, -1, 2]), "A label is -1"),
    (np.array([0.0, 1.5, 2.0]), "A label is 1.5: labels must be from 0 to 2, whole numbers"),
    (np.array([0.0, np.nan, 2.0]), "A label is nan"),
    (np.array([2**32, 0, 1]), "A label is 4294967296"),
    (np.array(["cat", "dog", "cat"]), r"labels have dtype <U3.*numpy.unique"),
    (np.eye(3, dtype="int64"), r"labels have shape \(3, 3\).*argmax"),
    (np.array([0, 1]), "2 labels for 3 examples"),
]


@pytest.mark.parametrize(("y", "message"), LABELS)
@pytest.mark.parametrize("method", ["encode", "reconstruct", "elbo", "log_prob", "fit", "evaluate"])
def test_labels(cvae, method, y, message):
    with pytest.raises(ValueError, match=message):
        getattr(cvae, method)(X, y)


def test_labels_of_a_pipeline_are_checked_in_the_graph(cvae):
    with pytest.raises(ValueError, match=r"^A label is out of range: labels must be from 0 to 2.*largest: 0 7$"):
        cvae.fit(tf.data.Dataset.from_tensors((X, np.array([0, 1, 7]))), verbose=0)


def test_a_model_without_a_condition_ignores_labels_in_fit_and_refuses_them_in_methods(vae):
    vae.compile()
    assert np.isfinite(vae.fit(X, Y, verbose=0).history["loss"][0])
    with pytest.raises(ValueError, match="VAE has no condition"):
        vae.encode(X, Y)
    with pytest.raises(ValueError, match="VAE has no condition"):
        vae.sample(labels=[1, 2])


def test_sample(vae, cvae):
    with pytest.raises(ValueError, match=r"sample\(n=3.*is conditional.*labels=\[3, 1, 4\]"):
        cvae.sample(3)
    with pytest.raises(ValueError, match="n=0"):
        vae.sample(0)
    with pytest.raises(ValueError, match="temperature=-1"):
        vae.sample(1, temperature=-1)
    with pytest.raises(ValueError, match="seed='a'"):
        vae.sample(1, seed="a")
    with pytest.raises(ValueError, match="num_samples=0"):
        vae.log_prob(X, num_samples=0)


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.zeros((3, 5), "float32"), r"shape \(3, 5\).*\(batch, 2\)"),
        (np.zeros(2, "float32"), r"shape \(2,\)"),
        (np.zeros((3, 2), "int32"), "dtype int32"),
        (np.full((3, 2), np.nan, "float32"), "not finite"),
    ],
)
def test_latents(vae, z, message):
    with pytest.raises(ValueError, match=message):
        vae.decode(z)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data_shape": (4, 0)}, r"data_shape\[1\]=0"),
        ({"data_shape": (16000, 16000)}, "256000000 elements"),
        ({"latent_size": 2.5}, "latent_size=2.5.*whole number"),
        ({"latent_size": True}, "latent_size=True"),
        ({"activation": "relish"}, "relish"),
        ({"likelihood": "bernouli"}, "likelihood='bernouli'.*Did you mean 'bernoulli'"),
        ({"likelihood": {"name": "gaussian", "sigma": 1}}, "no setting 'sigma'.*scale"),
        ({"likelihood": {"name": "gaussian", "event_shape": [3]}}, "no setting 'event_shape'"),
        ({"posterior": "standard_normal"}, "posterior='standard_normal'.*'diagonal_gaussian'"),
        ({"prior": 3}, "prior=3.*a name"),
    ],
)
def test_constructor(arguments, message):
    with pytest.raises(ValueError, match=message):
        VAE(**{"data_shape": (4, 4, 1), "latent_size": 2, **arguments})


def test_a_part_for_other_shapes_is_refused():
    from keras_vae.distributions import Bernoulli

    with pytest.raises(ValueError, match=r"likelihood is over events of shape \(5, 5, 1\).*\(4, 4, 1\)"):
        VAE((4, 4, 1), 2, likelihood=Bernoulli((5, 5, 1)))


def test_grey_images_under_a_bernoulli_are_warned_of(vae):
    grey = X + 0.5
    vae.compile()
    for call in (lambda: vae.fit(grey, verbose=0), lambda: vae.elbo(grey), lambda: vae.log_prob(grey, num_samples=2)):
        with pytest.warns(UserWarning, match=r"grey values.*not nats of log p\(x\).*continuous_bernoulli"):
            call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vae.elbo(X)
        VAE((4, 4, 1), 2, likelihood="continuous_bernoulli").elbo(grey)


def test_a_loss_argument_says_why_there_is_none(vae):
    with pytest.raises(ValueError, match="ELBO.*no loss= argument"):
        vae.compile("adam", "mse")
    with pytest.raises(TypeError, match="compile takes no loss, metrics: .*objective=.*ELBO"):
        vae.compile("adam", loss="mse", metrics=["mae"])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "model class=None.*'ConditionalVAE'"),
        ({"class": "Lambda"}, "model class='Lambda'"),
        ({"class": "LatentVariableModel"}, "model class='LatentVariableModel'"),
        ({"class": "VAE", "data_shape": [4]}, "'latent_size' is missing"),
        ({"class": "VAE", "data_shape": [4], "latent_size": 2, "units": [3]}, "no setting 'units'"),
    ],
)
def test_specs(spec, message):
    with pytest.raises(ValueError, match=message):
        plain_data.build(spec)


def test_data_of_more_columns_than_a_layer_may_have_units(tmp_path):
    x = np.zeros((4, 20_108), "float32")
    for model in (
        VAE((20_108,), 2, hidden_units=(4,), likelihood={"name": "gaussian", "scale": "learned"}),
        models.Autoencoder(20_108, 2, network={"name": "mlp", "hidden_units": [4]}),
    ):
        model.compile()
        assert np.isfinite(model.fit(x, verbose=0).history["loss"][0])
        model.save(tmp_path / "wide.keras")
        again = keras.models.load_model(tmp_path / "wide.keras")
        np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (4_194_305, r"data_shape\[0\]=4194305: must be a whole number from 1 to 4194304"),
        ((2049, 2048), "has 4196352 elements an example; at most 4194304"),
        ((), r"data_shape=\[\]: must name 1 to 32 numbers"),
        ("abc", r"data_shape='abc': must be the shape of one example, such as \(28, 28, 1\)"),
        (None, "data_shape=None: must be the shape"),
        (True, "data_shape=True: must be the shape of one example"),
        ((4, 0), r"data_shape\[1\]=0"),
    ],
)
def test_shapes_of_data(shape, message):
    with pytest.raises(ValueError, match=message):
        VAE(shape, 2)
