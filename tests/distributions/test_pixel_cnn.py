"""An autoregressive distribution over grids: what sees what, densities that sum to one, draws that agree with them."""

import itertools

import numpy as np
import pytest

from keras_vae._backend import keras, tf
from keras_vae.distributions import CodePrior, PixelCNN

SMALL = {"filters": 6, "num_layers": 2, "kernel_size": 3}


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


def _excited(layer, scale=0.7):
    """A layer whose weights are far from those that say nothing."""
    for weight in layer.weights:
        weight.assign(np.random.default_rng(5).normal(size=weight.shape, scale=scale))
    return layer


def test_an_element_depends_on_all_before_it_and_on_no_other():
    height, width = 4, 5
    layer = _excited(PixelCNN((height, width), 7, filters=6, num_layers=4, kernel_size=5), scale=0.4)
    grid = np.random.default_rng(0).integers(7, size=(height, width))
    plain = layer.network(grid[None]).numpy()[0]
    for i in range(height * width):
        changed = grid.copy()
        changed[divmod(i, width)] = (changed[divmod(i, width)] + 3) % 7
        moved = np.abs(layer.network(changed[None]).numpy()[0] - plain).max(axis=-1).ravel()
        assert (moved[: i + 1] == 0).all(), i
        assert (moved[i + 1 : i + width] > 0).all(), i


def test_the_probabilities_of_all_grids_sum_to_one():
    layer = _excited(PixelCNN((2, 3), 2, **SMALL))
    grids = np.array(list(itertools.product(range(2), repeat=6))).reshape(-1, 2, 3)
    log_prob = layer().log_prob(grids).numpy()
    assert log_prob.std() > 0.3
    np.testing.assert_allclose(np.exp(log_prob.astype(float)).sum(), 1.0, rtol=1e-5)


def test_draws_have_those_probabilities():
    layer = _excited(PixelCNN((2, 2), 2, **SMALL))
    grids = np.array(list(itertools.product(range(2), repeat=4))).reshape(-1, 2, 2)
    expected = np.exp(layer().log_prob(grids).numpy())
    drawn = layer().sample(20_000, seed=1).numpy().reshape(-1, 4)
    found = np.bincount(drawn @ [8, 4, 2, 1], minlength=16) / 20_000
    np.testing.assert_allclose(found, expected, atol=4 * np.sqrt(0.25 / 20_000))


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("given", ["nothing", "condition", "features", "both"])
def test_a_draw_is_what_the_whole_network_says_one_element_after_the_other(rng, kernel_size, given):
    height, width, count = 5, 4, 12
    extra = {
        "condition": rng.normal(size=(3, 2)).astype("float32") if given in ("condition", "both") else None,
        "features": rng.normal(size=(3, height, width, 3)).astype("float32") if given in ("features", "both") else None,
    }
    sizes = {
        "condition_size": 2 * (extra["condition"] is not None),
        "num_features": 3 * (extra["features"] is not None),
    }
    layer = _excited(PixelCNN((height, width), 6, **sizes, filters=5, num_layers=3, kernel_size=kernel_size), scale=0.4)
    noise = rng.uniform(size=(count, height * width)).astype("float32")
    drawn = layer(**extra, temperature=0.8).draw(noise).numpy()
    grid = np.zeros((count, height, width), int)
    copies = [np.tile(e, (4, *[1] * (e.ndim - 1))) for e in extra.values() if e is not None]
    for i, (row, column) in enumerate(itertools.product(range(height), range(width))):
        logits = layer.network([grid, *copies] if copies else grid).numpy()[:, row, column] / 0.8
        below = np.cumsum(tf.nn.softmax(logits).numpy(), axis=-1)[:, :-1]
        grid[:, row, column] = (below < noise[:, i, None]).sum(axis=-1)
    np.testing.assert_array_equal(drawn, grid)
    assert np.ptp(grid, axis=0).all()


def test_condition_and_features_have_a_part_in_it(rng):
    layer = _excited(PixelCNN((3, 2), 4, condition_size=2, num_features=3, **SMALL))
    condition = np.eye(2, dtype="float32")[[0, 1, 1]]
    features = rng.normal(size=(3, 3, 2, 3)).astype("float32")
    p = layer(condition, features)
    assert tuple(p.batch_shape) == (3,)
    assert tuple(p.event_shape) == (3, 2)
    grids = rng.integers(4, size=(5, 3, 3, 2))
    log_prob = p.log_prob(grids)
    assert log_prob.shape == (5, 3)
    for s, b in itertools.product(range(5), range(3)):
        alone = layer(condition[b : b + 1], features[b : b + 1]).log_prob(grids[s, b][None])
        np.testing.assert_allclose(log_prob[s, b], alone[0], rtol=1e-5)
    assert np.abs(layer(condition[::-1], features).log_prob(grids) - log_prob).max() > 1e-2
    assert np.abs(layer(condition, features[::-1]).log_prob(grids) - log_prob).max() > 1e-2
    assert p.sample(7, seed=0).shape == (7, 3, 3, 2)


def test_draws_are_the_same_eager_traced_and_compiled_and_from_their_noise():
    layer = _excited(PixelCNN((3, 3), 5, **SMALL))
    eager = layer().sample(6, seed=3)
    for jit_compile in (False, True):
        traced = tf.function(lambda: layer().sample(6, seed=3), jit_compile=jit_compile)()
        np.testing.assert_array_equal(traced, eager)
    assert (layer().sample(6, seed=4).numpy() != eager.numpy()).any()
    noise = np.random.default_rng(2).normal(size=(400, 9)).astype("float32")
    drawn = layer.from_noise(noise)
    assert drawn.shape == (400, 3, 3)
    first = tf.nn.softmax(layer.network(np.zeros((1, 3, 3), int))[0, 0, 0]).numpy()
    found = np.bincount(drawn.numpy()[:, 0, 0], minlength=5) / 400
    np.testing.assert_allclose(found, first, atol=0.1)


def test_temperature():
    layer = _excited(PixelCNN((2, 3), 4, **SMALL))
    cold = layer(temperature=0.0).sample(20, seed=1).numpy()
    assert (cold == cold[0]).all()
    best = layer.network(cold[:1]).numpy().argmax(axis=-1)
    np.testing.assert_array_equal(best, cold[:1])


def test_it_learns_a_rule():
    # Rows repeat: the second row says what the first one does.
    layer, optimizer = PixelCNN((2, 3), 3, **SMALL), keras.optimizers.Adam(0.02)
    random = np.random.default_rng(0)

    @tf.function
    def step(grid):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(layer().log_prob(grid))
        optimizer.apply(tape.gradient(loss, layer.trainable_variables), layer.trainable_variables)
        return loss

    optimizer.build(layer.trainable_variables)
    for _ in range(250):
        row = random.integers(3, size=(64, 1, 3))
        loss = step(tf.constant(np.tile(row, (1, 2, 1)), tf.int32))
    assert float(loss) == pytest.approx(3 * np.log(3), abs=0.15)
    drawn = layer().sample(200, seed=0).numpy()
    assert (drawn[:, 0] == drawn[:, 1]).all(axis=-1).mean() > 0.9


def test_every_weight_gets_a_gradient(rng):
    layer = PixelCNN((4, 3), 4, condition_size=2, num_features=2, **SMALL)
    with tf.GradientTape() as tape:
        p = layer(np.eye(2, dtype="float32"), rng.normal(size=(2, 4, 3, 2)).astype("float32"))
        loss = tf.reduce_sum(p.log_prob(rng.integers(4, size=(2, 4, 3))))
    gradients = tape.gradient(loss, layer.trainable_variables)
    for weight, gradient in zip(layer.trainable_variables, gradients, strict=True):
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), weight.path
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path


def test_configuration_and_bad_input():
    layer = PixelCNN((4, 3), 4, condition_size=2, **SMALL)
    again = PixelCNN.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for make, message in (
        (lambda: PixelCNN(9), "give its height and width"),
        (lambda: PixelCNN((3, 3), 1), "num_codes=1"),
        (lambda: PixelCNN((3, 3), kernel_size=4), "kernel_size=4: must be odd"),
        (lambda: layer(), "condition=None: this PixelCNN was made for 2 numbers"),
        (lambda: PixelCNN((3, 3), 4, **SMALL)(np.eye(2)), "condition=a tensor: this PixelCNN was made without"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_a_density_is_of_all_pairs_of_a_value_and_a_batch(rng):
    """As in TensorFlow Probability: one grid beside a batch of conditions, a batch beside one, samples beside both."""
    prior = PixelCNN((2, 2), num_codes=3, condition_size=2, filters=4, num_layers=1, kernel_size=3)
    codes = CodePrior(4, [(2, 2)], num_codes=3, condition_size=2, filters=4, num_layers=1, kernel_size=3)
    for layer in (prior, codes):
        for weight in layer.trainable_variables:
            weight.assign(rng.normal(size=weight.shape))
    grids = rng.integers(0, 3, (5, 3, 2, 2))
    condition = tf.constant(rng.normal(size=(3, 2)), tf.float32)
    for layer, values in ((prior, grids), (codes, grids.reshape(5, 3, 4))):
        one = [layer(condition[i : i + 1]) for i in range(3)]
        whole = layer(condition)
        by_hand = np.array([[one[b].log_prob(values[s, b][None])[0] for b in range(3)] for s in range(5)])
        np.testing.assert_allclose(whole.log_prob(values), by_hand, rtol=1e-5)
        np.testing.assert_allclose(
            whole.log_prob(values[0, 0]), [one[b].log_prob(values[0, 0][None])[0] for b in range(3)], rtol=1e-5
        )
        np.testing.assert_allclose(
            whole.log_prob(values[:, :1]),
            [[one[b].log_prob(values[s, :1])[0] for b in range(3)] for s in range(5)],
            rtol=1e-5,
        )
        np.testing.assert_allclose(
            one[0].log_prob(values[0]), [one[0].log_prob(values[0, b][None])[0] for b in range(3)], rtol=1e-5
        )
        assert layer(condition[:0]).batch_shape == (0,)
        with pytest.raises(ValueError, match=r"The value has shape \(2, .*batch shape \(3,\)"):
            whole.log_prob(values[0, :2])
        with pytest.raises(
            ValueError, match=r"The value has shape \(6, .*batch shape \(3,\)"
        ):  # no two rounds of three
            whole.log_prob(np.concatenate([values[0], values[1]]))
