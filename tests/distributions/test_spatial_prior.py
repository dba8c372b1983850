import numpy as np
import pytest
import scipy.stats

from keras_vae._backend import keras, tf
from keras_vae.distributions import SpatialPrior
from keras_vae.networks import SpatialConvNet

SHAPE = (2, 3, 2)
SIZE = 3 + 12


@pytest.fixture
def prior(rng):
    """A prior whose network is not the untrained one."""
    made = SpatialPrior(SIZE, SHAPE, condition_size=2, filters=4, residual_blocks=1)
    for variable in made.trainable_variables:
        variable.assign(0.15 * rng.standard_normal(variable.shape))
    return made


def test_starts_as_the_standard_normal(rng):
    z = rng.standard_normal((5, SIZE)).astype("float32")
    found = SpatialPrior(SIZE, SHAPE).call().log_prob(z)
    # The scale has a floor of 0.01 above its start of 1.
    expected = scipy.stats.norm(scale=[1.0] * 3 + [1.01] * 12).logpdf(z).sum(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_density_is_that_of_the_two_levels(prior, rng):
    z, c = rng.standard_normal((4, SIZE)).astype("float32"), np.eye(2, dtype="float32")[[0, 1, 0, 1]]
    # The network's channels are all means, then all scales.
    out = prior.network(np.concatenate([z[:, :3], c], -1)).numpy()
    loc = out[..., :2].reshape(4, 12)
    scale = np.log1p((np.e - 1) * np.exp(out[..., 2:].reshape(4, 12))) + 0.01
    expected = scipy.stats.norm.logpdf(z[:, :3]).sum(-1) + scipy.stats.norm(loc, scale).logpdf(z[:, 3:]).sum(-1)
    np.testing.assert_allclose(prior(tf.constant(c)).log_prob(z), expected, rtol=1e-4)
    # More leading axes, as an objective with several samples has them.
    several = prior(tf.constant(c)).log_prob(np.stack([z, z + 1, z]))
    assert several.shape == (3, 4)
    np.testing.assert_allclose(several[2], expected, rtol=1e-4)


def test_samples_are_those_of_the_density(prior):
    """Means and standard deviations of the map's samples, given one vector."""
    c = tf.constant([[1.0, 0.0]])
    noise = np.random.default_rng(0).standard_normal((20_000, SIZE)).astype("float32")
    noise[:, :3] = [0.3, -1.0, 0.5]
    z = prior.from_noise(tf.constant(noise), tf.repeat(c, len(noise), 0)).numpy()
    out = prior.network(np.array([[0.3, -1.0, 0.5, 1.0, 0.0]], "float32")).numpy()
    scale = np.log1p((np.e - 1) * np.exp(out[..., 2:].reshape(12))) + 0.01
    np.testing.assert_allclose(z[:, 3:].mean(0), out[..., :2].reshape(12), atol=4 * scale.max() / np.sqrt(20_000))
    np.testing.assert_allclose(z[:, 3:].std(0), scale, rtol=0.03)


def test_temperature_scales_both_levels(prior):
    c = tf.constant([[0.0, 1.0]])
    cold = prior(c, temperature=0.0).sample(3, seed=1).numpy()
    assert np.ptp(cold, axis=0).max() == 0, "without noise there is one sample"
    np.testing.assert_array_equal(cold[0, 0, :3], 0)


def test_samples_have_the_seed_of_the_noise(prior):
    c = tf.constant(np.eye(2, dtype="float32"))
    one, other = (prior(c).sample(4, seed=seed).numpy() for seed in (1, 1))
    assert one.shape == (4, 2, SIZE)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"map_shape": (2, 4, 2)}, r"map of 16 latents leaves none of 15"),
        ({"map_shape": (2, 2)}, "map_shape"),
        ({"map_shape": SHAPE, "filters": 0}, "filters=0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpatialPrior(SIZE, **arguments)


def test_a_condition_of_another_size_is_refused(prior):
    for wrong in (None, tf.zeros((1, 3))):
        with pytest.raises(ValueError, match="condition_size=2"):
            prior(wrong)


def test_the_latents_keep_their_places():
    """A change of the image at one place changes the map there, and the decoder gives the map's places back where they are."""
    keras.utils.set_random_seed(0)
    network = SpatialConvNet((4, 8), code_channels=2, vector_size=3, residual_blocks=0)
    size = network.latent_size((32, 32, 1))
    encoder, decoder = network.pair((32, 32, 1), 2 * size, size, (32, 32, 1))
    image = np.zeros((1, 32, 32, 1), "float32")
    spot = image.copy()
    spot[0, 4:8, 24:28] = 1.0
    change = np.abs(encoder(spot) - encoder(image)).reshape(2, -1)[:, 3:].reshape(2, 8, 8, 2)
    for part in change:  # of the means, and of the scales
        assert np.unravel_index(part.sum(-1).argmax(), (8, 8)) in [
            (row, column) for row in (0, 1, 2) for column in (5, 6, 7)
        ]
        assert part[5:].max() == 0, "what is far away stays"
    z = np.zeros((1, size), "float32")
    spot = z.copy()
    spot[0, 3:].reshape(8, 8, 2)[1, 6] = 1.0
    change = np.abs(decoder(spot) - decoder(z))[0, :, :, 0]
    row, column = np.unravel_index(change.argmax(), change.shape)
    assert 0 <= row < 12
    assert 20 <= column < 32


def test_a_wrong_number_of_latents_is_told_the_right_one():
    network = SpatialConvNet((4, 8), code_channels=2, vector_size=3)
    for make in (network.encoder, lambda shape, size: network.decoder(size, shape)):
        with pytest.raises(ValueError, match=r"must be 131, since .* a vector of 3 and a map of 8 x 8 x 2"):
            make((32, 32, 1), 130)
    with pytest.raises(ValueError, match="divisible by 4"):
        network.latent_size((30, 30, 1))
