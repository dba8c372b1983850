import numpy as np
import pytest

from keras_vae import VAE, ConditionalVAE
from keras_vae._backend import keras
from keras_vae.models import (
    Autoencoder,
    ImageConditionalVAE,
    StackedAutoencoder,
    classifier_on,
    copy_of,
    freeze,
    unfreeze,
    with_classes,
)
from keras_vae.networks import MLP

NETWORKS = [
    {"name": "mlp", "hidden_units": [8, 8]},
    {"name": "conv_net", "filters": [4], "dense_units": [8], "residual_blocks": 1},
    {"name": "mlp", "hidden_units": []},
]


def _data(rng):
    return (rng.uniform(size=(20, 4, 4, 1)) < 0.5).astype("float32"), rng.integers(0, 3, 20)


@pytest.mark.parametrize("part", ["encoder", "decoder", "prior"])
def test_a_frozen_part_stays_and_the_rest_learns(part, rng):
    x, y = _data(rng)
    model = ConditionalVAE((4, 4, 1), 3, 2, prior="conditional_gaussian")
    freeze(model, part)
    model.compile("adam")
    before = {name: [v.numpy() for v in layer.variables] for name, layer in model.parts.items()}
    model.fit(x, y, epochs=2, verbose=0)
    moved = {
        name: any((a != b.numpy()).any() for a, b in zip(before[name], layer.variables, strict=True))
        for name, layer in model.parts.items()
        if layer.variables
    }
    assert moved == {name: name != part for name in ("encoder", "prior", "decoder")}
    unfreeze(model, part)
    assert all(variable.trainable for variable in model.variables)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    "prior",
    [
        "standard_normal",
        "conditional_gaussian",
        "mixture_of_gaussians",
        {"name": "real_nvp", "num_couplings": 3, "hidden_units": [6]},
    ],
    ids=lambda prior: prior if isinstance(prior, str) else prior["name"],
)
def test_more_classes_keep_what_the_model_knows(network, prior, rng):
    x, y = _data(rng)
    model = ConditionalVAE((4, 4, 1), 3, 2, network=network, prior=prior)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) * 0.3)
    wider = with_classes(model, 5)
    assert (model.num_classes, wider.num_classes) == (3, 5)
    np.testing.assert_allclose(wider.elbo(x, y, seed=0), model.elbo(x, y, seed=0), rtol=1e-5)
    np.testing.assert_allclose(wider.sample(labels=y, seed=0), model.sample(labels=y, seed=0), atol=1e-6)
    old, new = (m.prior_given(m.condition_of(y, 20)).log_prob(np.ones((20, 2), "float32")) for m in (model, wider))
    np.testing.assert_allclose(new, old, rtol=1e-5)
    # A new class starts as a blend of the old ones, then learns.
    new = np.full(20, 4)
    wider.compile("adam")
    losses = wider.fit(x, new, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@keras.saving.register_keras_serializable("tests.fine_tuning")
class _ConditionFirst(MLP):
    """A network of one's own whose condition stands before the data."""

    def encoder(self, data_shape, output_size, condition_size=0):
        data, condition = keras.Input(data_shape), keras.Input((condition_size,))
        h = keras.layers.Concatenate()([condition, keras.layers.Flatten()(data)])
        return keras.Model([data, condition], keras.layers.Dense(output_size, name="output")(h))


def test_a_part_that_cannot_be_widened_is_refused():
    model = ConditionalVAE((4, 4, 1), 3, 2, network=_ConditionFirst([]))
    with pytest.raises(ValueError, match="with_classes cannot widen the encoder.*must be the last"):
        with_classes(model, 5)


def test_a_copy_is_equal_and_apart():
    model = VAE((4, 4, 1), 2, hidden_units=(4,))
    copy = copy_of(model)
    np.testing.assert_array_equal(model.sample(3, seed=0), copy.sample(3, seed=0))
    copy.decoder.get_layer("output").bias.assign_add(np.ones((4, 4, 1)))
    assert (model.sample(3, seed=0).numpy() != copy.sample(3, seed=0).numpy()).all()


def test_bad_arguments():
    model = ConditionalVAE((4, 4, 1), 3, 2)
    with pytest.raises(ValueError, match="part='head'.*'encoder', 'decoder', 'prior'"):
        freeze(model, "head")
    with pytest.raises(ValueError, match="num_classes=3: must be more than the 3"):
        with_classes(model, 3)
    with pytest.raises(ValueError, match="with_classes takes a ConditionalVAE, and the model is a VAE"):
        with_classes(VAE((4,), 2), 3)


@pytest.mark.parametrize("wrong", [None, "vae", keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])])
def test_what_is_no_model_of_the_library_is_refused(wrong):
    for call in (lambda: freeze(wrong, "encoder"), lambda: unfreeze(wrong, "encoder"), lambda: copy_of(wrong)):
        with pytest.raises(ValueError, match=r"model=.*: must be a model of keras_vae.models"):
            call()


def test_an_argument_that_is_none_of_a_models_is_named_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"VAE has no setting 'hiden_units'; it has data_shape, .*Did you mean 'hidden_units'"
    ):
        VAE((4,), 2, hiden_units=[4])
    with pytest.raises(ValueError, match=r"name='a/b': must be a text without '/'"):
        VAE((4,), 2, name="a/b")
    with pytest.raises(ValueError, match="dtype='float99': must be a number format"):
        VAE((4,), 2, dtype="float99")


@pytest.mark.parametrize("wrong", ["yes", "no", 1, 0, None])
def test_flags_are_true_or_false(wrong):
    with pytest.raises(ValueError, match="completes=.*: must be true or false"):
        ImageConditionalVAE((4, 4, 1), (4, 4, 2), 2, completes=wrong)
    with pytest.raises(ValueError, match="tied=.*: must be true or false"):
        StackedAutoencoder((4,), [3, 2], tied=wrong)
    with pytest.raises(ValueError, match="frozen=.*: must be true or false"):
        classifier_on(Autoencoder((4,), 2, network={"name": "mlp", "hidden_units": []}), 3, frozen=wrong)
