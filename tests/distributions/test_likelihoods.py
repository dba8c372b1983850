import numpy as np
import pytest
from scipy import integrate, stats

from keras_vae._backend import tf
from keras_vae.distributions import (
    Bernoulli,
    ContinuousBernoulli,
    DiagonalGaussian,
    DiscretizedLogistic,
    DiscretizedLogisticDistribution,
    FullCovarianceGaussian,
    Gaussian,
)

SHAPE = (3, 2, 2)
ALL = [
    Bernoulli(SHAPE),
    ContinuousBernoulli(SHAPE),
    Gaussian(SHAPE, scale=0.3),
    Gaussian(SHAPE, scale="learned"),
    Gaussian(SHAPE, scale="per_element"),
    DiscretizedLogistic(SHAPE),
]
NAMES = ["bernoulli", "continuous", "gaussian_fixed", "gaussian_learned", "gaussian_per_element", "logistic"]


def test_bernoulli_log_prob_is_scipys(rng):
    logits = rng.normal(size=(4, *SHAPE)).astype("float32") * 3
    x = rng.integers(0, 2, size=(4, *SHAPE)).astype("float32")
    expected = stats.bernoulli(1 / (1 + np.exp(-logits.astype("float64")))).logpmf(x).sum((1, 2, 3))
    np.testing.assert_allclose(Bernoulli(SHAPE)(logits).log_prob(x), expected, rtol=1e-5)


def test_bernoulli_is_finite_at_huge_logits():
    p = Bernoulli((1,))(np.array([[-1e4], [1e4]], "float32"))
    np.testing.assert_allclose(p.log_prob(np.array([[1.0], [1.0]], "float32")), [-1e4, 0.0])


def test_continuous_bernoulli_integrates_to_one():
    for logit in (-6.0, -0.5, 0.001, 4.0):
        p = ContinuousBernoulli((1,))(np.array([[logit]], "float32"))
        total = integrate.quad(lambda x, p=p: float(p.prob(np.array([[x]], "float32"))[0]), 0, 1)[0]
        assert total == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("scale", [0.3, "learned", "per_element"])
def test_gaussian_log_prob_is_scipys(scale, rng):
    layer = Gaussian(SHAPE, scale=scale)
    params = rng.normal(size=(4, *layer.params_shape)).astype("float32")
    x = rng.normal(size=(4, *SHAPE)).astype("float32")
    loc, sigma = params[..., :2], {"learned": 1.001, 0.3: 0.3}.get(scale)
    if sigma is None:
        sigma = np.log1p(np.exp(params[..., 2:] + np.log(np.expm1(1.0)))) + 1e-3
    np.testing.assert_allclose(layer(params).log_prob(x), stats.norm(loc, sigma).logpdf(x).sum((1, 2, 3)), rtol=1e-4)


def test_only_the_learned_scale_is_trained():
    assert [len(Gaussian(SHAPE, scale=s).trainable_variables) for s in (0.3, "learned", "per_element")] == [0, 1, 0]


def test_a_trained_scale_cannot_reach_zero():
    layer = Gaussian((1,), scale="per_element", min_scale=0.01)
    p = layer(np.array([[0.0, -1e6]], "float32"))
    assert float(p.stddev()[0, 0]) >= 0.01 * (1 - 1e-6)
    assert np.isfinite(p.log_prob(np.array([[0.0]], "float32"))).all()


@pytest.mark.parametrize(("loc", "scale"), [(0.52, 0.05), (-0.3, 0.02), (1.2, 0.2), (0.0, 1e-3)])
def test_discretized_logistic_is_a_distribution_with_scipys_masses(loc, scale):
    levels = 16
    p = DiscretizedLogisticDistribution(loc, scale, levels)
    x = np.arange(levels, dtype="float32") / (levels - 1)
    mass = np.exp(p.log_prob(x).numpy().astype("float64"))
    edges = np.concatenate([[-np.inf], (np.arange(1, levels) - 0.5) / (levels - 1), [np.inf]])
    expected = np.diff(stats.logistic(loc, scale).cdf(edges))
    np.testing.assert_allclose(mass, expected, rtol=1e-3, atol=1e-12)
    assert mass.sum() == pytest.approx(1.0, abs=1e-5)
    assert float(p.mean()) == pytest.approx(float((x * expected).sum()), abs=1e-5)
    assert float(p.mode()) == pytest.approx(float(x[np.argmax(expected)]))


def test_discretized_logistic_is_finite_in_the_far_tail_and_trains_there():
    raw = tf.constant(0.0)
    with tf.GradientTape() as tape:
        tape.watch(raw)
        value = DiscretizedLogisticDistribution(raw, 1e-3, 256).log_prob(0.9)
    assert np.isfinite(value)
    assert float(tape.gradient(value, raw)) > 0  # towards the data


def test_discretized_logistic_samples_have_its_moments():
    p = DiscretizedLogisticDistribution(0.3, 0.05, 16)
    draws = p.sample(20_000, seed=0).numpy()
    assert set(np.round(draws * 15, 4)) <= set(np.arange(16.0))
    assert draws.mean() == pytest.approx(float(p.mean()), abs=4 * draws.std() / np.sqrt(20_000))


@pytest.mark.parametrize("layer", ALL, ids=NAMES)
def test_initial_params_give_the_mean(layer):
    mean = np.linspace(0.1, 0.9, 12).reshape(SHAPE)
    p = layer(layer.initial_params(mean)[None].astype("float32"))
    np.testing.assert_allclose(p.mean()[0], mean, atol=0.03)


@pytest.mark.parametrize("layer", ALL, ids=NAMES)
def test_shapes_follow_tfp(layer, rng):
    p = layer(rng.normal(size=(5, *layer.params_shape)).astype("float32"))
    assert (tuple(p.batch_shape), tuple(p.event_shape)) == ((5,), SHAPE)
    assert p.sample(7, seed=0).shape == (7, 5, *SHAPE)
    assert layer(rng.normal(size=(4, 5, *layer.params_shape)).astype("float32")).batch_shape == (4, 5)


@pytest.mark.parametrize("layer", ALL, ids=NAMES)
def test_config_round_trip(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_bad_settings_name_the_value_and_the_rule():
    with pytest.raises(ValueError, match=r"scale='free'.*'learned', 'per_element'"):
        Gaussian(SHAPE, scale="free")
    with pytest.raises(ValueError, match=r"scale=-1.*from 1e-06"):
        Gaussian(SHAPE, scale=-1.0)
    with pytest.raises(ValueError, match=r"levels=1.*from 2"):
        DiscretizedLogistic(SHAPE, levels=1)


@pytest.mark.parametrize("scale", [0.3, "learned", "per_element"])
def test_a_bounded_gaussian_has_a_sigmoid_for_its_mean(scale, rng):
    layer = Gaussian((4, 4, 1), scale=scale, bounded=True)
    params = rng.normal(size=(3, *layer.params_shape)).astype("float32")
    found = layer(params)
    np.testing.assert_allclose(found.mean(), 1 / (1 + np.exp(-params[..., :1])), rtol=1e-5)
    x = rng.uniform(size=(3, 4, 4, 1)).astype("float32")
    free = Gaussian((4, 4, 1), scale=scale)
    same = np.concatenate([found.mean(), params[..., 1:]], axis=-1)
    np.testing.assert_allclose(found.log_prob(x), free(same).log_prob(x), rtol=1e-5)
    mean = rng.uniform(0.1, 0.9, size=(4, 4, 1))
    np.testing.assert_allclose(layer(layer.initial_params(mean)[None].astype("float32")).mean()[0], mean, rtol=1e-4)
    with pytest.raises(ValueError, match="bounded='yes': must be true or false"):
        Gaussian((4,), bounded="yes")


LAYERS = [
    Bernoulli(SHAPE),
    ContinuousBernoulli(SHAPE),
    Gaussian(SHAPE),
    DiscretizedLogistic(SHAPE),
    DiagonalGaussian(3),
    FullCovarianceGaussian(3),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_what_is_no_parameter_or_no_event_is_refused(layer):
    params = np.zeros((2, *layer.params_shape), "float32")
    for wrong, message in (
        (None, "takes finite floats of shape"),
        ("a", "of dtype string"),
        (params.astype(int), "of dtype int64"),
        (params + np.nan, "infinite or NaN"),
        ([[1.0]], r"got parameters of shape \(1, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            layer(wrong)
    p, x = layer(params), np.full((2, *layer.event_shape), 0.5, "float32")
    expected = p.log_prob(x)
    np.testing.assert_allclose(p.log_prob(x[0]), expected, rtol=1e-6)  # one event beside the batch, as in TFP
    np.testing.assert_allclose(p.log_prob(x[None]), expected[None], rtol=1e-6)
    for wrong in (x[..., 0], np.zeros((3, *layer.event_shape), "float32")):
        with pytest.raises(ValueError, match="The value has shape"):
            p.log_prob(wrong)
    with pytest.raises(ValueError, match="The value holds numbers from nan to nan: must be finite"):
        p.log_prob(x * np.nan)
    assert tf.function(lambda value: p.log_prob(value))(x).shape == (2,)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_a_value_outside_the_support_has_no_density(layer):
    p = layer(np.zeros((2, *layer.params_shape), "float32"))
    outside = np.full((2, *layer.event_shape), 255.0, "float32")
    if getattr(layer, "support", None) is None:
        assert np.isfinite(p.log_prob(outside)).all()
    else:
        with pytest.raises(ValueError, match="from 255 to 255: must be finite and from 0 to 1.*divide by 255"):
            p.log_prob(outside)


def test_a_learned_scale_starts_where_it_is_told():
    layer = Gaussian((2, 2, 1), scale="learned", initial_scale=0.21, min_scale=0.05)
    np.testing.assert_allclose(layer(np.zeros((1, 2, 2, 1), "float32")).stddev(), 0.21, rtol=1e-6)
    again = Gaussian.from_config(layer.get_config())
    assert again.initial_scale == 0.21
    np.testing.assert_allclose(again(np.zeros((1, 2, 2, 1), "float32")).stddev(), 0.21, rtol=1e-6)
    for wrong in (0.05, 0, "0.2", float("nan")):
        with pytest.raises(ValueError, match="initial_scale="):
            Gaussian((2, 2, 1), scale="learned", initial_scale=wrong, min_scale=0.05)
    with pytest.raises(ValueError, match="needs scale='learned'"):
        Gaussian((2, 2, 1), scale=0.1, initial_scale=0.2)
