"""Every network of a model is told whether a step is one of training: dropout and batch normalisation depend on it."""

import numpy as np
import pytest

from keras_vae import data, objectives
from keras_vae._backend import keras
from keras_vae.models import VAE, HierarchicalVAE, ImageConditionalVAE
from keras_vae.networks import MLP

SHAPE = (4, 4, 1)


class _Witness(keras.layers.Layer):
    """Passes its input on, and notes what it is told of training."""

    def __init__(self, name):
        super().__init__(name=name)
        self.told = []

    def call(self, inputs, training=None):
        self.told.append(bool(training))
        return inputs


class _Watched(MLP):
    """Dense networks whose encoder has a witness."""

    def __init__(self, name):
        super().__init__((4,))
        self.name, self.witness = name, None

    def encoder(self, data_shape, output_size, condition_size=0):
        inner = super().encoder(data_shape, output_size, condition_size)
        self.witness = _Witness(f"{self.name}_witness")
        return keras.Model(inner.inputs[0], self.witness(inner(inner.inputs[0])))


def _told(model, witness, x, y=None):
    """What the witness heard in a step of training, and in one of evaluation."""
    found = []
    for run in (model.fit, model.evaluate):
        witness.told.clear()
        run(x, y, verbose=0)
        found.append(list(witness.told))
    return found


OBJECTIVES = [objectives.ELBO(), objectives.IWAE(3), objectives.BetaTCVAE(num_examples=6), objectives.FactorVAE()]


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_the_network_of_the_condition_is_told_wherever_its_features_go(objective, rng):
    x = (rng.uniform(size=(6, *SHAPE)) < 0.5).astype("float32")
    network = _Watched("condition")
    model = ImageConditionalVAE(SHAPE, (4, 4, 2), 2, num_features=3, condition_network=network, completes=True)
    model.compile(objective=objective, run_eagerly=True)
    in_training, in_evaluation = _told(model, network.witness, x, data.quadrants(x, 1))
    # The posterior, the prior and the likelihood share one pass; a discriminator takes a step of its own.
    assert len(in_training) == (2 if isinstance(objective, objectives.FactorVAE) else 1)
    assert all(in_training)
    assert in_evaluation
    assert not any(in_evaluation)


@pytest.mark.parametrize("cls", [VAE, HierarchicalVAE])
def test_pseudo_inputs_are_told_what_images_are(cls, rng):
    x = (rng.uniform(size=(6, *SHAPE)) < 0.5).astype("float32")
    network, prior = _Watched("encoder"), {"name": "vamp_prior", "num_components": 3}
    if cls is HierarchicalVAE:
        model = HierarchicalVAE(SHAPE, (2, 3), network=network, num_features=8, level_units=(4,), prior=prior)
    else:
        model = _vae_of(network, prior)
    model.compile(run_eagerly=True)
    in_training, in_evaluation = _told(model, network.witness, x)
    assert len(in_training) >= 2  # the images and the pseudo-inputs
    assert all(in_training)
    assert not any(in_evaluation)
    network.witness.told.clear()
    model.sample(2, seed=0)
    assert network.witness.told
    assert not any(network.witness.told)


def _vae_of(network, prior):
    from keras_vae.models.latent_variable import LatentVariableModel

    class Own(LatentVariableModel):
        def condition_of(self, labels, batch_size):
            return None

    return Own(architecture=network, data_shape=SHAPE, latent_size=2, prior=prior)


def test_dropout_of_pseudo_inputs_is_at_work_in_training_alone(rng):
    """In training the prior's density differs from call to call, since its posteriors' networks drop units; elsewhere never."""

    class Dropping(MLP):
        def encoder(self, data_shape, output_size, condition_size=0):
            inner = super().encoder(data_shape, output_size, condition_size)
            return keras.Model(inner.inputs[0], inner(keras.layers.Dropout(0.5)(inner.inputs[0])))

    model = _vae_of(Dropping((4,)), {"name": "vamp_prior", "num_components": 3})
    z = rng.normal(size=(5, 2)).astype("float32")
    trained = [model.prior_given(None, training=True).log_prob(z).numpy() for _ in range(3)]
    tested = [model.prior_given(None).log_prob(z).numpy() for _ in range(2)]
    assert np.abs(trained[0] - trained[1]).max() > 1e-6 or np.abs(trained[0] - trained[2]).max() > 1e-6
    np.testing.assert_array_equal(*tested)
