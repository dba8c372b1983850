"""Discrete codes: the densities add up, a level below sees the one above, bad input is refused."""

import itertools

import numpy as np
import pytest

from keras_vae import data, models, objectives
from keras_vae._backend import keras, tf
from keras_vae.distributions import CodePrior
from keras_vae.models import VQVAE
from tests.contract.cases import QUANTIZED, SHAPE

TINY = {"filters": 4, "num_layers": 1, "kernel_size": 3}


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


def _excited(layer):
    for weight in layer.weights:
        weight.assign(np.random.default_rng(5).normal(size=weight.shape, scale=0.5))
    return layer


@pytest.mark.parametrize("condition", [None, 3])
def test_the_probabilities_of_all_codes_of_two_levels_sum_to_one(condition):
    prior = _excited(CodePrior(6, [(1, 2), (2, 2)], 2, condition_size=condition or 0, **TINY))
    codes = np.array(list(itertools.product(range(2), repeat=6)))
    given = None if condition is None else np.eye(3, dtype="float32")[[0, 2]]
    log_prob = prior(given).log_prob(codes if condition is None else np.repeat(codes[:, None], 2, axis=1)).numpy()
    np.testing.assert_allclose(np.exp(log_prob.astype(float)).sum(axis=0), 1.0, rtol=1e-5)
    if condition is None:
        drawn = prior().sample(20_000, seed=1).numpy() @ 2 ** np.arange(6)[::-1]
        found = np.bincount(drawn, minlength=64) / 20_000
        np.testing.assert_allclose(found, np.exp(log_prob), atol=0.012)
    else:
        drawn = prior(given).sample(8000, seed=1).numpy() @ 2 ** np.arange(6)[::-1]
        for column, expected in zip(drawn.T, np.exp(log_prob).T, strict=True):
            np.testing.assert_allclose(np.bincount(column, minlength=64) / 8000, expected, atol=0.02)


def test_the_lower_level_of_the_prior_depends_on_the_upper_one():
    prior = _excited(CodePrior(6, [(1, 2), (2, 2)], 2, **TINY))
    lower = np.array([[1, 0, 1, 1]])
    found = [
        prior.level(1, [tf.constant([[top]])], None, 1.0).log_prob(lower.reshape(1, 2, 2)) for top in ([0, 0], [1, 0])
    ]
    assert abs(float(found[0][0] - found[1][0])) > 1e-3


def test_the_bound_is_a_bound(rng):
    # So few codes that log p(x) = log sum_k p(k) p(x|k) can be added up.
    model = VQVAE(
        (4, 4, 1),
        2,
        3,
        downsampling=(2,),
        network={"filters": 4, "residual_blocks": 0},
        prior=TINY,
        likelihood="bernoulli",
    )
    _excited(model.prior)
    x = (rng.uniform(size=(5, 4, 4, 1)) < 0.5).astype("float32")
    codes = np.array(list(itertools.product(range(2), repeat=4)))
    joint = model.prior().log_prob(codes)[:, None] + tf.stack(
        [model.decode(np.tile(k, (5, 1))).log_prob(x) for k in codes]
    )
    exact = tf.reduce_logsumexp(joint, axis=0).numpy()
    bound = model.elbo(x).numpy()
    assert (bound < exact).all()
    own = np.argmax((codes[:, None] == model.encode(x).numpy()[None]).all(axis=-1), axis=0)
    np.testing.assert_allclose(bound, joint.numpy()[own, np.arange(5)], rtol=1e-5)


def test_it_learns_digits_and_its_codes_are_in_use():
    x, _ = data.arrays("digits", "train")
    model = VQVAE(
        (28, 28, 1), 16, 8, (4,), network={"filters": 16, "residual_filters": 8, "residual_blocks": 1}, prior=TINY
    )
    model.compile(keras.optimizers.Adam(3e-3), seed=0)
    history = model.fit(x, epochs=6, batch_size=64, verbose=0).history
    assert history["squared_error"][-1] < 0.25 * x.var()
    assert history["perplexity"][-1] > 6
    assert history["kl"][-1] < 0.8 * 49 * np.log(16)
    assert len(np.unique(model.encode(x[:300]))) >= 12


def test_levels_below_the_top_see_the_codes_above():
    model = QUANTIZED["vq_vae_2_classes"]()
    features = [
        tf.constant(np.random.default_rng(i).normal(size=m.shape), tf.float32)
        for i, m in enumerate(model.encoder(np.zeros((1, *SHAPE))))
    ]
    other = [features[0], features[1] + 5.0]
    for book in model.quantizer.quantizers:
        book.codebook.assign(np.random.default_rng(1).normal(size=book.codebook.shape) * 0.3)
    for head in model.quantizer.heads:
        head.kernel.assign(np.random.default_rng(2).normal(size=head.kernel.shape))
    found, changed = model.quantizer(features), model.quantizer(other)
    top, own = (model.grids(q.indices) for q in (found, changed))
    assert (top[0].numpy() != own[0].numpy()).any()
    assert (top[1].numpy() != own[1].numpy()).any()


def test_a_book_larger_than_the_data_can_fill_is_warned_of():
    model = VQVAE((8, 8, 1), 64, 4, (4,), network={"filters": 4}, prior=TINY)
    model.compile()
    with pytest.warns(UserWarning, match=r"num_codes=64: 20 images have 80 places .* Take num_codes=8 or fewer"):
        model.fit(np.random.default_rng(0).uniform(size=(20, 8, 8, 1)).astype("float32"), verbose=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: VQVAE((8, 8, 1), downsampling=(3,)), r"downsampling\[0\]=3: must be a power of 2"),
        (lambda: VQVAE((28, 28, 1), downsampling=(4, 4)), r"downsampling\[1\]=4: does not divide a map of 7 x 7"),
        (lambda: VQVAE((8,)), "give \\(height, width, channels\\)"),
        (lambda: VQVAE((8, 8, 1), num_codes=1), "num_codes=1"),
        (lambda: VQVAE((8, 8, 1), network={"hidden_units": 3}), "'hidden_units'"),
        (lambda: VQVAE((8, 8, 1), prior={"layers": 3}), "'layers'"),
        (lambda: QUANTIZED["vq_vae"]().decode(np.array([[0, 1, 2, 8]])), "A code is 8: indices are from 0 to 7"),
        (lambda: QUANTIZED["vq_vae"]().decode(np.array([[0, 1, -1, 3]])), "A code is -1"),
        (lambda: QUANTIZED["vq_vae"]().decode(np.zeros((2, 3), int)), r"codes have shape \(2, 3\): .* \(batch, 4\)"),
        (lambda: QUANTIZED["vq_vae"]().decode(np.zeros((2, 4))), "dtype float64: this model takes whole numbers"),
        (lambda: QUANTIZED["vq_vae"]().sample(labels=[1]), "has no condition"),
        (lambda: QUANTIZED["vq_vae_gradient_classes"]().sample(3), "is conditional"),
        (lambda: QUANTIZED["vq_vae_gradient_classes"]().sample(labels=[3]), "A label is 3"),
        (lambda: objectives.VectorQuantization(-1.0), "commitment=-1.0"),
        (lambda: CodePrior(6, [(1, 2), (2, 3)]), "do not add up to the 6 codes"),
        (lambda: CodePrior(8, [(1, 2), (2, 3)]), r"\(2, 3\) is no multiple of \(1, 2\)"),
        (lambda: CodePrior(2, [(1, 2)])(np.eye(2)), "was made without one"),
        (lambda: models.VQVAE((8, 8, 1)).compile("adam", objectives.ELBO()), "VQVAE takes an objective such as"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_large_images_may_have_more_codes_than_a_layer_has_units():
    small = {"filters": 2, "num_layers": 1}
    model = models.VQVAE((256, 256, 1), 4, 2, (2, 2), network={"filters": 2, "residual_blocks": 0}, prior=small)
    assert model.latent_size == 128**2 + 64**2
    with pytest.raises(ValueError, match=r"downsampling=4: must be a list of powers of 2"):
        models.VQVAE((8, 8, 1), downsampling=4)
    for name in ("network", "quantizer", "prior"):
        for wrong in ([], 0, "abc"):
            with pytest.raises(ValueError, match=rf"{name}=.*: must be a dict of settings by name"):
                models.VQVAE((8, 8, 1), **{name: wrong})
