import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from keras_vae import _files, _locks, _weights, data, training
from keras_vae._backend import keras, tf
from keras_vae.training import NonFiniteLossError, Recipe, StopOnNonFinite
from keras_vae.training.callbacks import Logs


def tables(**changes):
    base = {
        "model": {"class": "ConditionalVAE", "data_shape": [28, 28, 1], "num_classes": 10, "latent_size": 4},
        "data": {"name": "digits", "preprocessing": "dynamic_binarization", "validation": 200},
        "training": {"epochs": 4, "batch_size": 50, "ema": 0.99, "steps_per_execution": 6, "seed": 1},
        "optimizer": {"learning_rate": 2e-3},
        "objective": {"beta": {"name": "linear", "epochs": 2}},
    }
    merged = {name: {**table, **changes.get(name, {})} for name, table in base.items()}
    return {name: {key: v for key, v in table.items() if v is not None} for name, table in merged.items()}


def run(folder, callbacks=(), **changes):
    return training.train(
        Recipe.from_dict(tables(**changes)), folder, callbacks=callbacks, checkpoint_seconds=0, verbose=0
    )


class _Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_learns_writes_a_history_and_keeps_the_average(tmp_path):
    model = run(tmp_path)
    history = training.read_history(tmp_path)
    assert [line["epoch"] for line in history] == [1, 2, 3, 4]
    assert history[-1]["elbo"] > history[0]["elbo"] + 10
    assert {"val_elbo", "val_kl", "loss", "seconds"} <= set(history[0])
    assert list((tmp_path / "tensorboard").rglob("events.*"))
    # What is kept is what was validated last.
    x, y = training.runner.data.arrays("digits", "train[-200:]", "dynamic_binarization", seed=1)
    assert model.evaluate(x, y, batch_size=500, verbose=0, return_dict=True)["elbo"] == pytest.approx(
        history[-1]["val_elbo"], rel=1e-6
    )


def test_an_average_over_longer_than_the_run_is_warned_of(tmp_path):
    with pytest.warns(UserWarning, match=r"ema=0.999 .* over some 1,000 steps, and the run has 24 in all"):
        run(tmp_path / "long", training={"epochs": 1, "ema": 0.999, "steps_per_execution": 24})
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        run(tmp_path / "none", training={"epochs": 1, "ema": 0.0, "steps_per_execution": 24})


def test_an_interrupted_run_resumes_to_the_same_weights(tmp_path):
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", [_Stop()])
    resumed = run(tmp_path / "cut")
    for a, b in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    logs = [
        [{k: v for k, v in line.items() if k != "seconds"} for line in training.read_history(tmp_path / n)]
        for n in ("whole", "cut")
    ]
    assert logs[0] == logs[1]


def test_a_classifier_is_trained_and_resumed_by_the_same_runner(tmp_path):
    changes = {
        "training": {"monitor": "accuracy", "patience": 3},
        "data": {"preprocessing": "random_shift"},
    }
    recipe = {
        **tables(**changes),
        "model": {"class": "Classifier", "data_shape": [28, 28, 1], "num_classes": 10, "filters": [4]},
    }
    del recipe["objective"]
    recipe = Recipe.from_dict(recipe)
    whole = training.train(recipe, tmp_path / "whole", checkpoint_seconds=0, verbose=0)
    with pytest.raises(KeyboardInterrupt):
        training.train(recipe, tmp_path / "cut", callbacks=[_Stop()], checkpoint_seconds=0, verbose=0)
    resumed = training.train(recipe, tmp_path / "cut", checkpoint_seconds=0, verbose=0)
    for a, b in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert training.read_history(tmp_path / "cut")[-1]["val_accuracy"] > 0.3


def test_a_compiled_run_resumes_to_the_same_weights_too(tmp_path):
    changes = {"training": {"jit_compile": True}}
    whole = run(tmp_path / "whole", **changes)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", [_Stop()], **changes)
    for a, b in zip(whole.variables, run(tmp_path / "cut", **changes).variables, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_killed_process_resumes_to_the_same_weights(tmp_path):
    script = (
        "import sys, time; from tests.training.test_training import run; import keras\n"
        "class Slow(keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None): time.sleep(float(sys.argv[2]))\n"
        "run(sys.argv[1], [Slow()])\n"
    )
    folder = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", script, str(folder), "2"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    progress = json.loads(_weights.read(folder / "checkpoint.safetensors")[1]["progress"])
    assert 1 <= progress["epoch"] < 4
    resumed, whole = run(folder), run(tmp_path / "whole")
    for a, b in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_that_was_killed_before_its_history_was_written_writes_it_when_it_goes_on(tmp_path, monkeypatch):
    write = _files.write_json

    def killed(path, value):
        if path.name == "history.json" and len(value) == 2:
            raise KeyboardInterrupt
        write(path, value)

    changes = {"training": {"epochs": 2}}
    with monkeypatch.context() as patch:
        patch.setattr(_files, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, **changes)
    assert len(training.read_history(tmp_path)) == 1
    run(tmp_path, **changes)
    assert [line["epoch"] for line in training.read_history(tmp_path)] == [1, 2]


def test_a_run_belongs_to_one_process_at_a_time(tmp_path):
    class Second(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            with pytest.raises(OSError, match="in use by another process"), _locks.alone(tmp_path / "run.lock", 0.0):
                pass

    run(tmp_path, [Second()], training={"epochs": 1})
    assert not (tmp_path / "run.lock").exists()


def test_a_disk_that_is_full_leaves_the_last_checkpoint(tmp_path, full_disk):
    limit = contextlib.ExitStack()

    class Fills(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                limit.enter_context(full_disk())

    with limit, pytest.raises(OSError, match=r"Could not write .*checkpoint\.safetensors \(.*File too large.*unharmed"):
        run(tmp_path, [Fills()], training={"epochs": 3})
    assert json.loads(_weights.read(tmp_path / "checkpoint.safetensors")[1]["progress"])["epoch"] == 1
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]


def test_logs_that_cannot_be_written_are_an_error_like_every_other(tmp_path, full_disk):
    logs = Logs(tmp_path / "tensorboard")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd")
    logs.set_model(model)
    logs.on_train_begin()
    with (
        full_disk(0),
        pytest.raises(OSError, match=r"tensorboard cannot be written \(.*File too large.*free some space"),
    ):
        logs.on_epoch_end(0, {"loss": 1.0})


def test_early_stopping_keeps_the_best_weights(tmp_path):
    # A learning rate that destroys: the best epoch is soon over.
    model = run(
        tmp_path,
        training={"epochs": 60, "patience": 2, "ema": 0.0},
        optimizer={"learning_rate": 0.1, "schedule": "constant"},
    )
    values = [line["val_elbo"] for line in training.read_history(tmp_path)]
    best = int(np.argmax(values))
    assert len(values) == best + 3 < 60
    x, y = training.runner.data.arrays("digits", "train[-200:]", "dynamic_binarization", seed=1)
    assert model.evaluate(x, y, batch_size=500, verbose=0, return_dict=True)["elbo"] == pytest.approx(
        values[best], rel=1e-6
    )
    again = run(
        tmp_path,
        training={"epochs": 60, "patience": 2, "ema": 0.0},
        optimizer={"learning_rate": 0.1, "schedule": "constant"},
    )
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_another_recipe_in_the_same_folder_is_refused(tmp_path):
    run(tmp_path, training={"epochs": 1})
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(ValueError, match="run of another recipe.*another folder"):
        run(tmp_path, training={"epochs": 2})
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


class _Own:
    """A data set of one's own, that has no fingerprint."""

    name = "own"

    def __init__(self, images, labels):
        self.found = images, labels

    def __call__(self, split):
        return data.Images(*self.found)


def test_a_run_on_other_images_or_labels_is_not_gone_on_with(tmp_path):
    images, labels = data.read("digits", "test[:100]")
    recipe = Recipe.from_dict(
        tables(training={"epochs": 1, "steps_per_execution": 1, "ema": 0.0}, data={"validation": None})
    )

    def go_on(*found):
        return training.train(recipe, tmp_path, source=_Own(*found), verbose=0)

    go_on(images, labels)
    go_on(images.copy(), labels)
    for others in ((255 - images, labels), (images, 9 - labels)):
        with pytest.raises(ValueError, match="or of its images, before they were changed"):
            go_on(*others)


def test_a_truncated_checkpoint_is_named_and_left_alone(tmp_path):
    run(tmp_path, training={"epochs": 1})
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(_weights.CorruptFileError, match="checkpoint.safetensors is no whole"):
        run(tmp_path, training={"epochs": 1})
    assert path.stat().st_size == 1000


class _Poison(keras.callbacks.Callback):
    """Spoils a weight after a batch."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.when = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.when:
            self.model.decoder.get_layer("output").bias.assign(tf.fill((28, 28, 1), np.nan))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (5, r"'log_likelihood' became nan in one of the batches 6 to 11 of epoch 1"),
        (23, r"'decoder/output/bias' became infinite or NaN in the last batch of epoch 1"),
    ],
)
def test_a_non_finite_loss_names_batch_and_term_and_keeps_the_last_good_checkpoint(tmp_path, batch, message):
    with pytest.raises(NonFiniteLossError, match=message):
        run(tmp_path, [_Poison(1, batch)], training={"ema": 0.0})
    tensors, metadata = _weights.read(tmp_path / "checkpoint.safetensors")
    assert json.loads(metadata["progress"])["epoch"] == 1
    assert all(np.isfinite(value).all() for value in tensors.values())
    resumed, whole = run(tmp_path, training={"ema": 0.0}), run(tmp_path / "whole", training={"ema": 0.0})
    for a, b in zip(resumed.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_callback_serves_a_users_own_fit():
    from keras_vae import VAE

    model = VAE((4,), 2, hidden_units=(4,), likelihood={"name": "gaussian", "scale": 1e-6})
    model.compile(keras.optimizers.SGD(1e30))
    with pytest.raises(NonFiniteLossError, match=r"in batch \d of epoch 0"):
        model.fit(np.ones((64, 4), "float32"), batch_size=8, verbose=0, callbacks=[StopOnNonFinite()])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"epochs": 0}}, "training.epochs=0"),
        ({"training": {"ema": 1.0}}, "training.ema=1.0"),
        ({"training": {"epoch": 3}}, r"\[training\] has no setting 'epoch'.*Did you mean 'epochs'"),
        ({"data": {"name": "imagenet"}}, "data.name='imagenet'.*'mnist'"),
        ({"data": {"preprocessing": "none"}}, "data.preprocessing='none'"),
        ({"optimizer": {"name": "lion"}}, "optimizer.name='lion'.*'adam'"),
        ({"optimizer": {"learning_rate": float("nan")}}, "optimizer.learning_rate=nan"),
        ({"optimizer": {"schedule": "constant", "warmup_epochs": 3}}, "warmup_epochs=3"),
        ({"optimizer": {"arguments": 3.0}}, "arguments=3.0.*a table"),
        ({"training": {"monitor": "nll"}}, "training.monitor='nll'.*'elbo'"),
        ({"training": {"output_bias": "yes"}}, "training.output_bias='yes'"),
        ({"training": {"patience": 5}, "data": {"validation": 0}}, "patience=5: needs held-out images"),
        ({"objective": {"name": "elbow"}}, "objective='elbow'.*'elbo'"),
        ({"objective": {"beta": {"name": "linear", "step": 3}}}, "no setting 'step'"),
    ],
)
def test_a_wrong_recipe_names_the_key(changes, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict(tables(**changes))


def test_a_missing_table_or_key_is_named():
    for name in ("model", "data", "training"):
        broken = tables()
        del broken[name]
        with pytest.raises(ValueError, match=rf"\[{name}\]"):
            Recipe.from_dict(broken)
    broken = tables()
    del broken["training"]["epochs"]
    with pytest.raises(ValueError, match=r"\[training\] needs the setting 'epochs'"):
        Recipe.from_dict(broken)


def test_a_batch_larger_than_the_data_is_refused(tmp_path):
    with pytest.raises(ValueError, match="batch_size=1500.*at most the 1237"):
        run(tmp_path, training={"batch_size": 1500})


def test_a_run_starts_from_the_weights_of_a_preset_and_a_new_prior_starts_fresh(tmp_path):
    first = run(tmp_path / "first")
    weights = {name: variable.numpy() for name, variable in _weights.named(first).items()}
    prior = {"name": "real_nvp", "num_couplings": 2, "hidden_units": [8]}
    recipe = Recipe.from_dict(
        tables(model={"prior": prior}, training={"start_from": "first", "epochs": 1}, optimizer={"learning_rate": 0.0})
    )
    second = training.train(recipe, tmp_path / "second", initial=weights, checkpoint_seconds=0, verbose=0)
    for name, variable in _weights.named(second).items():
        if name in weights:
            np.testing.assert_allclose(variable, weights[name], rtol=1e-6)  # what averaging equal weights rounds
    assert {name.split("/")[0] for name in _weights.named(second).keys() - weights.keys()} == {"prior"}
    with pytest.raises(ValueError, match=r"starts from the weights of 'first'.*read_weights"):
        training.train(recipe, tmp_path / "third", verbose=0)
    with pytest.raises(_weights.CorruptFileError, match="unknown"):
        training.train(recipe, tmp_path / "third", initial={**weights, "encoder/more": np.zeros(2)}, verbose=0)


def test_pseudo_inputs_start_as_training_images(tmp_path):
    prior = {"name": "vamp_prior", "num_components": 5}
    model = run(
        tmp_path,
        model={"class": "VAE", "prior": prior, "num_classes": None},
        training={"epochs": 1},
        optimizer={"learning_rate": 0.0},
    )
    images = training.runner.data.read("digits", "train[:-200]").images.astype("float32") / 255.0
    nearest = [np.abs(np.clip(images, 0.05, 0.95) - u).max(axis=(1, 2, 3)).min() for u in model.prior.pseudo_inputs]
    assert max(nearest) < 1e-3


def test_epochs_of_a_recipe_become_steps():
    tables = {
        "model": {"class": "StackedAutoencoder", "data_shape": [28, 28, 1], "layer_units": [16, 8]},
        "data": {"name": "digits"},
        "training": {"epochs": 2},
        "objective": {"name": "layer_wise", "epochs_per_layer": 1.5},
    }
    assert training.Recipe.from_dict(tables).build_objective(10).steps_per_layer == 15
    tables["objective"]["epochs_per_layer"] = -1
    with pytest.raises(ValueError, match=r"objective.epochs_per_layer=-1: must be a finite number from 0"):
        training.Recipe.from_dict(tables)


def test_an_autoencoder_trains_in_the_same_runner_and_resumes_to_the_same_weights(tmp_path):
    tables = {
        "model": {"class": "StackedAutoencoder", "data_shape": [28, 28, 1], "layer_units": [16, 8]},
        "data": {"name": "digits", "validation": 200},
        "training": {"epochs": 3, "batch_size": 100, "seed": 1},
        "objective": {"name": "layer_wise", "epochs_per_layer": 1, "corruption": "masking_noise"},
    }
    recipe = training.Recipe.from_dict(tables)
    whole = training.train(recipe, tmp_path / "whole", verbose=0)
    history = training.read_history(tmp_path / "whole")
    assert {"val_log_likelihood", "val_squared_error", "val_penalty"} <= set(history[0])

    class Killed(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(recipe, tmp_path / "cut", verbose=0, checkpoint_seconds=0.0, callbacks=[Killed()])
    resumed = training.train(recipe, tmp_path / "cut", verbose=0)
    for a, b in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(a, b)
