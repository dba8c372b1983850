import numpy as np
import pytest

from keras_vae import VAE, objectives
from keras_vae._backend import keras, tf
from keras_vae.objectives import ELBO, MapDropoutELBO
from tests.contract.cases import MAP_PRIOR, SPATIAL

SHAPE = (8, 8, 1)
SEED = tf.constant([3, 4])


@pytest.fixture
def model(rng):
    made = VAE(SHAPE, 11, network={**SPATIAL, "vector_size": 3}, prior=MAP_PRIOR, likelihood="gaussian")
    for variable in made.trainable_variables:
        variable.assign(0.2 * rng.standard_normal(variable.shape))
    return made


@pytest.fixture
def x(rng):
    return rng.uniform(size=(64, *SHAPE)).astype("float32")


def test_evaluation_is_the_plain_bound(model, x):
    for found, expected in zip(
        MapDropoutELBO().terms(model, x, None, 0, SEED), ELBO().terms(model, x, None, 0, SEED), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_with_every_map_it_is_the_elbo_in_expectation(model, x):
    """The KL is exact in the map; the plain ELBO averages it over samples."""
    exact = MapDropoutELBO(share=0.0).terms(model, x, None, 0, SEED, training=True)
    sampled = ELBO(num_samples=400).terms(model, x, None, 0, SEED)
    assert float(tf.reduce_mean(exact.kl)) == pytest.approx(float(tf.reduce_mean(sampled.kl)), rel=0.02)
    np.testing.assert_array_equal(exact.regularizer, 0)


def test_without_a_map_it_is_the_bound_of_the_vector_alone(model, x):
    terms = MapDropoutELBO(share=1.0).terms(model, x, None, 0, SEED, training=True)
    posterior = model.encode(x)
    loc, scale = posterior.mean().numpy()[:, :3], posterior.stddev().numpy()[:, :3]
    np.testing.assert_allclose(
        terms.kl, 0.5 * (loc**2 + scale**2 - 1 - 2 * np.log(scale)).sum(-1), rtol=1e-4, atol=1e-5
    )
    # By hand: the vector of the posterior, and many maps of the prior.
    vector = posterior.sample(200, seed=tf.constant([1, 2]))[..., :3]
    found = model.prior.map_given(vector)
    loc, scale = found.mean(), found.stddev()
    z = tf.concat([vector, loc + scale * np.random.default_rng(0).standard_normal(loc.shape)], -1)
    expected = model.decode(z).log_prob(x).numpy()
    spread = expected.std(0).mean() / np.sqrt(len(x))
    assert float(tf.reduce_mean(terms.log_likelihood)) == pytest.approx(expected.mean(), abs=4 * spread)


def test_the_share_is_that_of_examples_without_a_map(model, x):
    many = np.concatenate([x] * 20)
    terms = [MapDropoutELBO(share=share).terms(model, many, None, 0, SEED, training=True) for share in (0.0, 0.25, 1.0)]
    without = np.isclose(terms[1].kl, terms[2].kl, rtol=1e-5)
    assert 0.22 < without.mean() < 0.28
    np.testing.assert_allclose(terms[1].kl[~without], terms[0].kl[~without], rtol=1e-5)


def test_the_vector_learns_what_the_image_is():
    """Two kinds of image: after training with dropped maps the vector tells them apart, and samples are of both kinds."""
    keras.utils.set_random_seed(0)
    images = np.zeros((64, *SHAPE), "float32")
    images[::2, :4] = 1.0
    images[1::2, 4:] = 1.0
    model = VAE(
        SHAPE, 11, network={**SPATIAL, "vector_size": 3}, prior=MAP_PRIOR, likelihood={"name": "gaussian", "scale": 0.1}
    )
    model.compile(keras.optimizers.Adam(1e-2), MapDropoutELBO(), seed=0)
    model.fit(images, batch_size=32, epochs=400, verbose=0)
    sampled = model.sample(64, seed=0).numpy()[..., 0]
    upper, lower = sampled[:, :4].mean((1, 2)), sampled[:, 4:].mean((1, 2))
    pure = np.abs(upper - lower) > 0.7
    assert pure.mean() > 0.8
    assert 0.2 < (upper > lower)[pure].mean() < 0.8


def test_another_prior_is_refused_and_so_are_wrong_arguments():
    with pytest.raises(ValueError, match="needs a prior with a map.*StandardNormal"):
        VAE(SHAPE, 3).compile(objective=MapDropoutELBO())
    for share in (-0.1, 1.1, "half"):
        with pytest.raises(ValueError, match="share="):
            MapDropoutELBO(share)
    assert objectives.MapDropoutELBO.from_config(MapDropoutELBO(0.3).get_config()).share == 0.3
