"""Clusters of models: where they start, what they say, and what they refuse."""

import warnings

import numpy as np
import pytest
import scipy.stats
from sklearn.cluster import KMeans
from sklearn.datasets import make_moons

from keras_vae import evaluation, models, objectives, training
from keras_vae._backend import keras
from keras_vae.models import DEC, VaDE

SHAPE = (4, 4, 1)
MLP = {"name": "mlp", "hidden_units": (16,)}


@pytest.fixture
def blobs(rng):
    """Four kinds of picture, with little noise."""
    kinds = rng.uniform(size=(4, *SHAPE))
    y = np.repeat(np.arange(4), 40)
    return np.clip(kinds[y] + 0.03 * rng.normal(size=(160, *SHAPE)), 0.0, 1.0).astype("float32"), y


@pytest.mark.parametrize("start", ["codes", "embedding"])
@pytest.mark.parametrize("cls", [DEC, VaDE])
def test_clusters_start_where_codes_lie(cls, start, blobs):
    keras.utils.set_random_seed(0)
    x, y = blobs
    model = DEC(SHAPE, 3, 4, MLP, start=start) if cls is DEC else VaDE(SHAPE, 3, 4, hidden_units=(16,), start=start)
    model.start_clusters(x, seed=0)
    assert evaluation.clustering_report(model, x, y) == {"clustering_accuracy": 1.0, "clustering_nmi": 1.0}
    np.testing.assert_allclose(np.exp(model.cluster_log_probs(x)).sum(axis=-1), 1.0, rtol=1e-5)
    again = models.copy_of(model)
    again.start_clusters(x, seed=0)
    for before, after in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("build", [lambda: DEC(SHAPE, 3, 4, MLP), lambda: VaDE(SHAPE, 3, 4, hidden_units=(16,))])
def test_too_few_data_and_none_are_refused(build, blobs):
    model = build()
    with pytest.raises(ValueError, match="There are 3 data for 4 clusters: give at least 4"):
        model.start_clusters(blobs[0][:3])
    with pytest.raises(ValueError, match="There are 15 data for 4 clusters: give at least 16"):
        type(model).from_config({**model.get_config(), "start": "embedding"}).start_clusters(blobs[0][:15])
    with pytest.raises(ValueError, match="start='labels'"):
        type(model).from_config({**model.get_config(), "start": "labels"})
    with pytest.raises(ValueError, match="There are no data"):
        model.cluster(blobs[0][:0])


@pytest.mark.parametrize("objective", [objectives.Reconstruction(), objectives.UnitGaussianCode()])
def test_while_codes_are_learned_for_them_clusters_stay_where_they_are_and_nothing_is_warned_of(objective, blobs):
    model = DEC(SHAPE, 3, 4, MLP)
    centres, kernel = model.assignment.centres.numpy(), model.encoder.trainable_variables[0].numpy()
    model.compile("adam", objective)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(blobs[0], verbose=0)
    np.testing.assert_array_equal(model.assignment.centres, centres)
    assert np.abs(model.encoder.trainable_variables[0] - kernel).max() > 0
    model.compile(model.optimizer)  # the optimizer knows all weights
    model.fit(blobs[0], verbose=0)
    assert np.abs(model.assignment.centres - centres).max() > 0


class _Identity:
    """The part of a DEC that starts clusters, of codes that are the data."""

    num_clusters = 2
    start_clusters = DEC.start_clusters

    def __init__(self, start):
        self.start = start
        self.groups = None

    def codes_to_cluster(self, x):
        return x

    def _start(self, codes, seed):
        self.groups = KMeans(2, n_init=20, random_state=seed).fit_predict(codes)

    def _start_from(self, codes, groups):
        self.groups = groups


def test_an_embedding_finds_groups_that_are_bent():
    """Two half moons, which k-means cuts across."""
    x, y = make_moons(400, noise=0.04, random_state=0)
    order = np.sort(np.random.default_rng(0).permutation(400))  # all of them, in their own order
    accuracy = {}
    for start in ("codes", "embedding"):
        model = _Identity(start)
        model.start_clusters(x.astype("float32"), seed=0)
        accuracy[start] = evaluation.clustering_accuracy(y[order], model.groups)
    assert accuracy["codes"] < 0.9
    assert accuracy["embedding"] > 0.97


def test_a_mixture_says_which_component(rng):
    model = VaDE(SHAPE, 2, num_clusters=3, hidden_units=(8,))
    weights, means = np.array([0.2, 0.5, 0.3]), rng.normal(size=(3, 2))
    scales = rng.uniform(0.3, 1.5, size=(3, 2))
    model.prior.start(weights, means, scales)
    z = rng.normal(size=(5, 2)).astype("float32")
    expected = np.log(weights) + np.stack(
        [scipy.stats.norm.logpdf(z, means[k], scales[k]).sum(axis=-1) for k in range(3)], axis=-1
    )
    np.testing.assert_allclose(model.prior.joint_log_prob(z), expected, rtol=1e-4, atol=1e-5)
    draws = model.prior.sample_component(1, 4000, seed=0).numpy()
    np.testing.assert_allclose(draws.mean(axis=0), means[1], atol=0.1)
    np.testing.assert_allclose(draws.std(axis=0), scales[1], rtol=0.05)
    with pytest.raises(ValueError, match=r"means have shape \(2, 2\): must have \(3, 2\)"):
        model.prior.start(weights, means[:2], scales)
    with pytest.raises(ValueError, match=r"weights hold 0.0: must be positive"):
        model.prior.start(np.array([0.0, 0.5, 0.5]), means, scales)


def test_a_cluster_is_drawn_from(rng):
    model = VaDE(SHAPE, 2, num_clusters=3, hidden_units=(8,))
    assert tuple(model.sample_cluster(2, 5, seed=1).shape) == (5, *SHAPE)
    np.testing.assert_array_equal(model.sample_cluster(2, 5, seed=1), model.sample_cluster(2, 5, seed=1))
    with pytest.raises(ValueError, match="cluster=3"):
        model.sample_cluster(3)


RECIPE = {
    "model": {"class": "DEC", "data_shape": [28, 28, 1], "latent_size": 4, "num_clusters": 10, "network": MLP},
    "data": {"name": "digits", "validation": 200},
    "training": {"epochs": 2, "batch_size": 128, "steps_per_execution": 3},
    "objective": {"name": "embedded_clustering", "corruption": "random_affine"},
    "pretraining": {"objective": {"name": "reconstruction"}, "training": {"epochs": 3}},
}


def test_a_recipe_pretrains_starts_the_clusters_and_goes_on(tmp_path):
    """Stopped between the stages and inside the second one, it comes to the same weights."""
    recipe = training.Recipe.from_dict(RECIPE)
    model = training.train(recipe, tmp_path / "whole", verbose=0)
    assert len(training.read_history(tmp_path / "whole" / "pretraining")) == 3
    assert len(training.read_history(tmp_path / "whole")) == 2
    assert [len(stage) for stage in training.read_stages(tmp_path / "whole")] == [3, 2]
    first = training.train(recipe.first_stage(), tmp_path / "parts" / "pretraining", verbose=0)
    assert not np.array_equal(first.assignment.centres, model.assignment.centres)
    _stop_after_an_epoch(recipe, tmp_path / "parts")
    parts = training.train(recipe, tmp_path / "parts", verbose=0)
    for a, b in zip(model.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def _stop_after_an_epoch(recipe, folder):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(recipe, folder, callbacks=[Stop()], checkpoint_seconds=0.0, verbose=0)


def test_a_first_stage_may_hold_out_images_that_the_last_learns_from(tmp_path):
    tables = {**RECIPE, "data": {"name": "digits"}}
    tables["pretraining"] = {**RECIPE["pretraining"], "data": {"validation": 200}}
    recipe = training.Recipe.from_dict(tables)
    assert recipe.first_stage().data == training.Recipe.from_dict(RECIPE).data
    training.train(recipe, tmp_path, verbose=0)
    first, last = training.read_stages(tmp_path)
    assert all("val_elbo" in line or "val_log_likelihood" in line for line in first)
    assert not any(key.startswith("val_") for line in last for key in line)


def test_a_wrong_pretraining_is_refused():
    with pytest.raises(ValueError, match=r"\[pretraining\]: objective"):
        training.Recipe.from_dict({**RECIPE, "pretraining": {"objective": {"name": "unknown"}}})
    with pytest.raises(ValueError, match=r"\[pretraining\].*model"):
        training.Recipe.from_dict({**RECIPE, "pretraining": {"model": {}}})
    with pytest.raises(ValueError, match=r"\[pretraining\]: data.validation=-1"):
        training.Recipe.from_dict({**RECIPE, "pretraining": {"data": {"validation": -1}}})
    with pytest.raises(ValueError, match=r"\[pretraining.data\]"):
        training.Recipe.from_dict({**RECIPE, "pretraining": {"data": "digits"}})
