"""The terms of deterministic autoencoders, against NumPy and by hand."""

import numpy as np
import pytest
from scipy import special, stats

from keras_vae import _random, augment, models, networks, objectives
from keras_vae._backend import keras, tf, tfd

SHAPE = (4, 4, 1)
SEED = tf.constant([1, 2])


def _x(rng, n=6):
    return tf.constant(rng.uniform(size=(n, *SHAPE)), tf.float32)


def _mlp(*units):
    return {"name": "mlp", "hidden_units": units, "activation": "tanh"}


def test_the_terms_are_the_cross_entropy_and_the_squared_error(rng):
    model, x = models.Autoencoder(SHAPE, 3, network=_mlp(8)), _x(rng)
    terms = objectives.Reconstruction().terms(model, x, None, 0, SEED)
    logits = model.decoder(model.encoder(x)).numpy()
    p = special.expit(logits)
    expected = (x * np.log(p) + (1 - x) * np.log1p(-p)).numpy().reshape(6, -1).sum(axis=1)
    np.testing.assert_allclose(terms.log_likelihood, expected, rtol=1e-5)
    np.testing.assert_allclose(terms.squared_error, ((x - p) ** 2).numpy().reshape(6, -1).mean(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(terms.penalty, np.zeros(6))
    np.testing.assert_array_equal(terms.loss, -terms.log_likelihood)


def test_a_gaussian_of_scale_one_is_half_the_squared_error(rng):
    model, x = models.Autoencoder(SHAPE, 3, network=_mlp(8), likelihood="gaussian"), _x(rng)
    terms = objectives.Reconstruction().terms(model, x, None, 0, SEED)
    np.testing.assert_allclose(
        terms.log_likelihood, -0.5 * 16 * terms.squared_error.numpy() - 8 * np.log(2 * np.pi), rtol=1e-5
    )


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_corruptions_change_as_many_elements_as_they_say(rate):
    x = tf.fill((100, 20, 20, 1), 0.7)
    dropped = augment.MaskingNoise(rate)(x, SEED).numpy()
    noisy = augment.SaltAndPepper(rate)(x, SEED).numpy()
    error = 5 * np.sqrt(rate * (1 - rate) / x.numpy().size)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(0.7)}
    assert (dropped == 0).mean() == pytest.approx(rate, abs=error)
    assert set(np.unique(noisy)) == {np.float32(0), np.float32(0.7), np.float32(1)}
    assert (noisy == 0).mean() == pytest.approx(rate / 2, abs=error)
    assert (noisy == 1).mean() == pytest.approx(rate / 2, abs=error)


def test_gaussian_noise_is_gaussian():
    x = tf.fill((50, 20, 20, 1), 0.7)
    noise = (augment.GaussianNoise(0.3)(x, SEED) - x).numpy().ravel()
    assert stats.kstest(noise, stats.norm(0, 0.3).cdf).pvalue > 1e-3


def test_corruption_is_the_same_for_a_seed_and_leaves_the_target_alone(rng):
    model, x = models.Autoencoder(SHAPE, 3, network=_mlp(8)), _x(rng)
    objective = objectives.Reconstruction(corruption={"name": "masking_noise", "rate": 0.5})
    a, b = (objective.terms(model, x, None, 0, SEED) for _ in range(2))
    np.testing.assert_array_equal(a.loss, b.loss)
    assert np.abs(a.loss - objective.terms(model, x, None, 0, tf.constant([9, 9])).loss).max() > 1e-4
    given = objective.corruption(x, _random.fold_in(SEED, 0))
    np.testing.assert_allclose(a.log_likelihood, model.decode(model.encode(given)).log_prob(x), rtol=1e-5)


def test_l1_is_the_sum_of_the_codes(rng):
    model, x = models.Autoencoder(SHAPE, 3, network=_mlp(8)), _x(rng)
    penalty = objectives.L1(0.3)(model, x, model.encode(x), None, SEED, False)
    np.testing.assert_allclose(penalty, 0.3 * np.abs(model.encode(x)).sum(axis=1), rtol=1e-6)


def test_the_activation_rate_is_the_entropy_of_bernoullis(rng):
    code = rng.uniform(size=(50, 7)).astype("float32")
    model = models.Autoencoder(SHAPE, 7, network=_mlp(8), code_activation="sigmoid")
    found = objectives.ActivationRate(0.2, weight=3.0)(model, None, tf.constant(code), None, SEED, False)
    expected = sum(stats.entropy([0.2, 0.8], [q, 1 - q]) for q in code.mean(axis=0))
    np.testing.assert_allclose(found, np.full(50, 3.0 * expected), rtol=1e-4)
    dead = objectives.ActivationRate()(model, None, tf.zeros((5, 7)), None, SEED, False)
    assert np.isfinite(dead).all()
    linear = models.Autoencoder(SHAPE, 7, network=_mlp(8))
    linear.compile(objective=objectives.Reconstruction(penalty="activation_rate"))
    with pytest.raises(ValueError, match="code_activation='linear': a rate is the mean"):
        linear.fit(_x(rng), verbose=0)


@pytest.mark.parametrize(("off", "sign"), [(0.0, -1), (1e-9, -1), (1.0, 1), (1.0 - 6e-8, 1)])
def test_the_activation_rate_brings_back_a_unit_that_is_always_off_or_on(off, sign):
    """The logarithm of a clipped mean has no gradient where it is clipped."""
    model = models.Autoencoder(SHAPE, 2, network=_mlp(8), code_activation="sigmoid")
    code = tf.constant(np.full((5, 2), [off, 0.4]), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(code)
        value = objectives.ActivationRate(0.05)(model, None, code, None, SEED, True)
    gradient = tape.gradient(value, code).numpy()
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert (sign * gradient[:, 0] > 1.0).all()


def test_a_dead_unit_moves_as_fast_as_the_rate_says():
    """d/da of -rate log(mean of sigmoid(a)) is -rate for a unit that is off, whatever a."""
    model = models.Autoencoder(SHAPE, 1, network=_mlp(8), code_activation="sigmoid")
    before = tf.constant(np.full((4, 1), -30.0), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(before)
        value = objectives.ActivationRate(0.05)(model, None, tf.sigmoid(before), None, SEED, True)[0]
    np.testing.assert_allclose(tape.gradient(value, before), np.full((4, 1), -0.05 / 4), rtol=1e-3)


_SLOPES = {"sigmoid": lambda a: special.expit(a) * special.expit(-a), "relu": lambda a: (a > 0) * 1.0}


@pytest.mark.parametrize("activation", _SLOPES)
def test_the_three_jacobians_agree(activation, rng):
    """One layer: the closed form, the Jacobian row by row, and Hutchinson's mean over many probes."""
    model, x = models.ContractiveAutoencoder(SHAPE, 5, code_activation=activation), _x(rng)
    kernel, bias = (w.numpy() for w in model.encoder.get_layer("output").weights)
    slopes = _SLOPES[activation](x.numpy().reshape(6, -1) @ kernel + bias)
    by_hand = np.array([((np.diag(slope) @ kernel.T) ** 2).sum() for slope in slopes])
    assert (by_hand > 0).all()

    def of(jacobian, probes=1, model=model):
        return objectives.Contraction(1.0, jacobian, probes)(model, x, model.encode(x), None, SEED, False).numpy()

    np.testing.assert_allclose(of("closed_form"), by_hand, rtol=1e-5)
    np.testing.assert_array_equal(of("auto"), of("closed_form"))
    np.testing.assert_allclose(of("exact"), by_hand, rtol=1e-5)
    # Var[||v^T J||^2] <= 2 ||J||_F^4 for v ~ N(0, I).
    np.testing.assert_allclose(of("hutchinson", 400), by_hand, rtol=5 * np.sqrt(2 / 400))


class _OneDense(networks.MLP):
    """An encoder of one dense layer with others around it."""

    def __init__(self, before=(), after=()):
        super().__init__(())
        self.before, self.after = before, after

    def encoder(self, data_shape, output_size, condition_size=0):
        h = data = keras.Input(data_shape)
        for layer in (
            *self.before,
            keras.layers.Flatten(),
            keras.layers.Dense(output_size, name="output"),
            *self.after,
        ):
            h = layer(h)
        return keras.Model(data, h)


def _uneven(x):
    return keras.ops.square(x) + x


@pytest.mark.parametrize(
    ("before", "after", "closed"),
    [
        ([keras.layers.Rescaling(4.0, -2.0)], [], True),
        ([keras.layers.Rescaling(0.5), keras.layers.Permute((2, 1, 3))], [keras.layers.Rescaling(-3.0)], True),
        ([keras.layers.Rescaling([[[2.0]]])], [], False),
        ([keras.layers.Normalization(mean=0.5, variance=0.04)], [], False),
        ([keras.layers.Activation("tanh")], [], False),
        ([keras.layers.AveragePooling2D(1, 1)], [], False),
        ([_uneven], [], False),
    ],
    ids=["rescaling", "two", "by channel", "normalization", "activation", "pooling", "operations"],
)
def test_layers_around_the_dense_one_count_in_its_jacobian(before, after, closed, rng):
    model, x = models.ContractiveAutoencoder(SHAPE, 5, network=_OneDense(before, after)), _x(rng)

    def of(jacobian, probes=1):
        return objectives.Contraction(1.0, jacobian, probes)(model, x, model.encode(x), None, SEED, False).numpy()

    exact = of("exact")
    if closed:
        np.testing.assert_allclose(of("auto"), exact, rtol=1e-4)
    else:
        np.testing.assert_allclose(of("auto", 400), exact, rtol=5 * np.sqrt(2 / 400))
        with pytest.raises(ValueError, match="jacobian='closed_form'"):
            of("closed_form")


def test_the_jacobians_of_a_deep_encoder_agree(rng):
    model, x = models.ContractiveAutoencoder(SHAPE, 5, network=_mlp(8)), _x(rng)
    exact = objectives.Contraction(1.0, "exact")(model, x, model.encode(x), None, SEED, False).numpy()
    probed = objectives.Contraction(1.0, "auto", 400)(model, x, model.encode(x), None, SEED, False).numpy()
    np.testing.assert_allclose(probed, exact, rtol=5 * np.sqrt(2 / 400))
    tanh = models.ContractiveAutoencoder(SHAPE, 5, code_activation="tanh")
    for other in (model, tanh):
        with pytest.raises(ValueError, match=r"jacobian='closed_form'.*one dense layer.*'sigmoid', 'relu'"):
            objectives.Contraction(1.0, "closed_form")(other, x, other.encode(x), None, SEED, False)


def test_the_gradient_of_the_contraction_is_that_of_its_closed_form(rng):
    model, x = models.ContractiveAutoencoder(SHAPE, 5), _x(rng)
    kernel = model.encoder.get_layer("output").kernel
    gradients = []
    for jacobian in ("closed_form", "exact"):
        with tf.GradientTape() as tape:
            value = objectives.Contraction(1.0, jacobian)(model, x, model.code_given(x, None), None, SEED, True)
        gradients.append(tape.gradient(value, kernel))
    np.testing.assert_allclose(*gradients, rtol=1e-3, atol=1e-6)


def test_k_sparse_keeps_the_largest(rng):
    model, x = models.SparseAutoencoder(SHAPE, 20, num_active=4, code_activation="linear"), _x(rng)
    whole = model.encoder(x).numpy()
    code = model.encode(x).numpy()
    for row, kept in zip(whole, code, strict=True):
        assert sorted(kept[kept != 0]) == sorted(row)[-4:]


@pytest.mark.parametrize("bits", [{}, {"penalty": "l1"}, {"corruption": {"name": "gaussian_noise", "stddev": 0.4}}])
def test_round_trip_of_the_configuration(bits):
    objective = objectives.Reconstruction(**bits)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective))
    assert again.get_config() == objective.get_config()


def test_round_trip_of_a_noisy_code_and_of_one_that_was_saved_before_the_cycle():
    saved = keras.saving.serialize_keras_object(
        objectives.UnitGaussianCode(0.5, penalty="domain_alignment", cycle=2.0, contrast=3.0)
    )
    again = keras.saving.deserialize_keras_object(saved)
    assert keras.saving.serialize_keras_object(again) == saved
    assert (again.cycle, again.contrast) == (2.0, 3.0)
    del saved["config"]["contrast"]
    assert keras.saving.deserialize_keras_object(saved).contrast == 1.0
    del saved["config"]["cycle"]
    assert keras.saving.deserialize_keras_object(saved).cycle == 0.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: augment.MaskingNoise(1.0), "rate=1.0: must be .* to 0.999"),
        (lambda: augment.SaltAndPepper(-0.1), "rate=-0.1"),
        (lambda: augment.GaussianNoise(float("nan")), "stddev=nan"),
        (
            lambda: objectives.Reconstruction(corruption="snow"),
            "corruption='snow': must be one of 'gaussian_noise', 'masking_noise'",
        ),
        (lambda: objectives.Reconstruction(penalty="l2"), "penalty='l2': must be one of"),
        (lambda: models.SparseAutoencoder(SHAPE, 20), "Nothing makes this code sparse"),
        (lambda: models.SparseAutoencoder(SHAPE, 20, num_active=20), "num_active=20: must be less than the 20 units"),
        (lambda: models.SparseAutoencoder(SHAPE, 20, sparsity="activation_rate"), "code_activation='relu'"),
        (lambda: objectives.ActivationRate(0.0), "rate=0.0"),
        (lambda: objectives.Contraction(jacobian="approximate"), "jacobian='approximate': must be one of"),
        (lambda: models.MultiDomainAutoencoder(SHAPE, 3, 1), "num_domains=1: must be a whole number from 2"),
        (lambda: models.MultiDomainAutoencoder(SHAPE, 3, 2, own_layers=0), "own_layers=0"),
        (
            lambda: models.MultiDomainAutoencoder(SHAPE, 3, 2, network=_mlp(8), own_layers=2),
            "own_layers=2: the decoder has 2 layers, of which one must be shared",
        ),
        (
            lambda: models.MultiDomainAutoencoder(
                SHAPE, 3, 2, network={"name": "conv_net", "filters": (4,), "residual_blocks": 2}, own_layers=2
            ),
            "own_layers=2: a connection of the network skips 'block_1_b'",
        ),
        (lambda: objectives.UnitGaussianCode(beta=-1.0), "beta=-1.0"),
        (lambda: objectives.UnitGaussianCode(penalty="l3"), "penalty='l3'"),
        (lambda: objectives.UnitGaussianCode(cycle=-0.5), "cycle=-0.5"),
        (lambda: objectives.UnitGaussianCode(cycle=1.0, contrast=0.5), "contrast=0.5"),
        (lambda: objectives.UnitGaussianCode(contrast=4.0), "contrast=4.0: is that of what the cycle draws"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_objective_of_another_kind_of_model_is_refused():
    with pytest.raises(ValueError, match="Autoencoder takes an objective such as"):
        models.Autoencoder(SHAPE, 3).compile(objective=objectives.ELBO())
    with pytest.raises(ValueError, match="VAE takes an objective such as"):
        models.VAE(SHAPE, 3).compile(objective=objectives.Reconstruction())


def test_alignment_is_the_discrepancy_between_domains(rng):
    code = rng.normal(size=(7, 3)).astype("float32")
    domains = np.array([0, 1, 1, 2, 0, 2, 2])
    square = ((code[:, None] - code[None]) ** 2).sum(axis=-1)
    kernel = np.mean([np.exp(-square / (width * square.mean())) for width in (0.1, 0.3, 1.0, 3.0)], axis=0)
    expected = 0.0
    for d, e in ((0, 1), (0, 2), (1, 2)):
        a, b = domains == d, domains == e
        expected += kernel[a][:, a].mean() + kernel[b][:, b].mean() - 2 * kernel[a][:, b].mean()
    penalty = objectives.DomainAlignment(weight=2.0)

    def found(code, domains, count):
        return penalty(None, None, tf.constant(code), tf.one_hot(domains, count), None, True).numpy()

    np.testing.assert_allclose(found(code, domains, 3), np.full(7, 2.0 * expected), rtol=1e-4)
    # A domain that is not in the batch is no part of it.
    np.testing.assert_allclose(found(code, domains, 5), np.full(7, 2.0 * expected), rtol=1e-4)
    np.testing.assert_allclose(found(code, np.zeros(7, int), 3), np.zeros(7), atol=1e-5)
    twice = np.concatenate([code, code])
    np.testing.assert_allclose(found(twice, np.repeat([0, 1], 7), 2), np.zeros(14), atol=1e-5)
    with pytest.raises(ValueError, match="Autoencoder has no domains to align"):
        penalty(models.Autoencoder((4,), 2), None, tf.constant(code), None, None, True)


def test_a_noisy_code_has_the_bound_of_a_posterior_of_unit_scale(rng):
    model, x = models.Autoencoder(SHAPE, 3, network=_mlp(8)), _x(rng, 4)
    code = model.encode(x).numpy()
    kl = tfd.kl_divergence(tfd.Normal(code, 1.0), tfd.Normal(0.0, 1.0)).numpy().sum(axis=1)
    objective = objectives.UnitGaussianCode(objectives.Linear(10, end=0.5))
    for step, beta in ((0, 0.0), (5, 0.25), (20, 0.5)):
        np.testing.assert_allclose(objective.terms(model, x, None, step, SEED).penalty, beta * kl, rtol=1e-5)
    found = np.mean(
        [objective.terms(model, x, None, 0, tf.constant([1, i])).log_likelihood for i in range(300)], axis=0
    )
    z = code + rng.normal(size=(300, 4, 3)).astype("float32")
    expected = np.mean([model.decode(part).log_prob(x) for part in z], axis=0)
    np.testing.assert_allclose(found, expected, atol=0.2)
    # A penalty is of what the decoder hears.
    loud = objectives.UnitGaussianCode(0.5, penalty=objectives.L1(2.0))
    added = np.mean([loud.terms(model, x, None, 0, tf.constant([1, i])).penalty - 0.5 * kl for i in range(300)], axis=0)
    np.testing.assert_allclose(added, 2.0 * np.abs(z).sum(axis=2).mean(axis=0), atol=0.6)
    assert (added > 2.0 * np.abs(code).sum(axis=1) + 1.0).all()


@pytest.mark.parametrize("contrast", [1.0, 4.0])
def test_a_cycle_scores_an_image_that_went_through_the_next_domain(rng, contrast):
    model, x = models.MultiDomainAutoencoder(SHAPE, 3, 2, network=_mlp(8)), _x(rng, 4)
    domains = np.array([0, 1, 1, 0])
    condition = model.condition_of(domains, 4)

    def terms(cycle, seed=SEED):
        objective = objectives.UnitGaussianCode(0.5, cycle=cycle, contrast=contrast if cycle else 1.0)
        return objective.terms(model, x, condition, 0, seed)

    added = np.mean(
        [terms(3.0, tf.constant([1, i])).loss - terms(0.0, tf.constant([1, i])).loss for i in range(300)], axis=0
    )
    drawn = model.swap(x, 1 - domains)
    odds = (drawn / (1.0 - drawn)) ** contrast
    returned = model.encode(odds / (1.0 + odds)).numpy()
    z = returned + rng.normal(size=(300, 4, 3)).astype("float32")
    expected = np.mean([model.decode(part, domains).log_prob(x) for part in z], axis=0)
    np.testing.assert_allclose(added, -3.0 * expected, atol=0.5)
    with pytest.raises(ValueError, match="cycle=3.0: Autoencoder has no domains to go through"):
        objectives.UnitGaussianCode(cycle=3.0).terms(models.Autoencoder(SHAPE, 3), x, None, 0, SEED)


def test_a_cycle_teaches_the_way_back_alone(rng):
    """The decoder of the other domain draws what is taken as a given, so it has no gradient from the cycle."""
    model, x = models.MultiDomainAutoencoder(SHAPE, 3, 2, network=_mlp(8)), _x(rng, 4)
    condition = model.condition_of(np.zeros(4, int), 4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(objectives.UnitGaussianCode(0.0, cycle=1.0).terms(model, x, condition, 0, SEED).loss)
    slopes = tape.gradient(loss, model.trainable_variables, unconnected_gradients="zero")
    largest = {w.path: float(tf.reduce_max(tf.abs(g))) for w, g in zip(model.trainable_variables, slopes, strict=True)}
    assert all(value == 0.0 for path, value in largest.items() if "domain_1" in path)
    assert all(value > 0.0 for path, value in largest.items() if "domain_0" in path)


def test_domains_share_all_layers_of_the_decoder_but_the_last(rng):
    alone, shared = (
        models.MultiDomainAutoencoder(SHAPE, 3, 2, network=_mlp(8, 6), own_layers=own) for own in (None, 1)
    )
    code = tf.constant(rng.normal(size=(5, 3)), tf.float32)

    def changed_by_training(model, domain):
        """Names of the decoder's kernels that have a gradient from images of one domain."""
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(model.decoder([code, tf.one_hot(tf.fill([5], domain), 2)]) ** 2)
        kernels = [v for v in model.decoder.trainable_variables if v.name == "kernel"]
        return {v.path for v, g in zip(kernels, tape.gradient(value, kernels), strict=True) if np.any(g)}

    assert not changed_by_training(alone, 0) & changed_by_training(alone, 1)
    both = changed_by_training(shared, 0) & changed_by_training(shared, 1)
    assert len(both) == 2  # two hidden layers
    assert len(changed_by_training(shared, 0)) == 3
    assert shared.count_params() < alone.count_params()
