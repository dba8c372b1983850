"""What a run tells while it is trained, how it is stopped, and what its folder tells afterwards."""

import contextlib
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from keras_vae import _interrupts, _locks, _weights, data, evaluation, training
from keras_vae._backend import keras
from keras_vae.training import ExamplesCallback, Finding, Interrupted, NonFiniteLossError, Recipe, runner
from tests.training.test_training import _Poison, run, tables


class _Asks(keras.callbacks.Callback):
    """Asks for the end of training at a batch of an epoch, as the first Ctrl-C does."""

    def __init__(self, monkeypatch, epoch, batch):
        super().__init__()
        self.when, self.asked = (epoch, batch), False

        @contextlib.contextmanager
        def deferred(words):
            yield lambda: self.asked

        monkeypatch.setattr(_interrupts, "deferred", deferred)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.asked = self.asked or (self.epoch, batch) == self.when


def _later(folder, callbacks=(), seconds=1e6, **changes):
    """A run that writes no checkpoint before its end."""
    recipe = Recipe.from_dict(tables(**changes))
    return training.train(recipe, folder, callbacks=callbacks, checkpoint_seconds=seconds, verbose=0)


def _equal(a, b):
    for first, second in zip(a.variables, b.variables, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("where", [(2, 5), (2, 11), (1, 23)], ids=["in an epoch", "later in it", "at its end"])
@pytest.mark.parametrize("ema", [0.99, 0.0])
def test_a_run_that_is_stopped_gives_the_weights_of_its_last_epoch_and_goes_on(tmp_path, monkeypatch, where, ema):
    settings = {"training": {"ema": ema}}

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):  # the average is in place
            if epoch == 1:
                self.kept = [value.numpy() for value in self.model.trainable_variables]

    whole = _later(tmp_path / "whole", [keep := Keep()], **settings)
    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stopped:
        _later(tmp_path / "cut", [_Asks(patch, *where)], **settings)
    assert stopped.value.epochs == 2
    for value, kept in zip(stopped.value.model.trainable_variables, keep.kept, strict=True):
        np.testing.assert_array_equal(value, kept)
    assert [line["epoch"] for line in training.read_history(tmp_path / "cut")] == [1, 2]
    assert training.diagnose(tmp_path / "cut").state == "stopped"
    assert training.diagnose(tmp_path / "whole").state == "finished"
    _equal(whole, _later(tmp_path / "cut", **settings))


def test_where_the_best_weights_are_kept_a_stopped_run_gives_those(tmp_path, monkeypatch):
    settings = {
        "training": {"epochs": 60, "patience": 9, "ema": 0.0},
        "optimizer": {"learning_rate": 0.1, "schedule": "constant"},
    }

    class AsksAfterAWorseEpoch(_Asks):
        best = -np.inf

        def on_epoch_end(self, epoch, logs=None):
            if logs["val_elbo"] < self.best:
                self.when = (epoch + 1, 11)
            self.best = max(self.best, logs["val_elbo"])

    with pytest.raises(Interrupted) as stopped:
        _later(tmp_path, [AsksAfterAWorseEpoch(monkeypatch, 99, 0)], **settings)
    values = [line["val_elbo"] for line in training.read_history(tmp_path)]
    assert values[-1] < max(values), "the last epoch is not the best one"
    x, y = runner.data.arrays("digits", "train[-200:]", "dynamic_binarization", seed=1)
    found = stopped.value.model.evaluate(x, y, batch_size=500, verbose=0, return_dict=True)["elbo"]
    assert found == pytest.approx(max(values), rel=1e-6)


def test_before_the_first_epoch_there_is_nothing_to_keep(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stopped:
        _later(tmp_path / "cut", [_Asks(patch, 0, 5)])
    assert stopped.value.model is None
    assert not (tmp_path / "cut" / "checkpoint.safetensors").exists()
    _equal(_later(tmp_path / "whole"), _later(tmp_path / "cut"))


def test_a_run_that_goes_on_and_is_stopped_at_once_gives_the_weights_that_it_had(tmp_path, monkeypatch):
    models = []
    for batch in (11, 5):
        with monkeypatch.context() as patch, pytest.raises(Interrupted) as stopped:
            _later(tmp_path, [_Asks(patch, 2, batch)])
        models.append(stopped.value.model)
        assert stopped.value.epochs == 2
    for a, b in zip(*(model.trainable_variables for model in models), strict=True):
        np.testing.assert_array_equal(a, b)


def test_who_asks_in_the_last_step_gets_the_whole_run(tmp_path, monkeypatch):
    whole = _later(tmp_path / "whole")
    _equal(whole, _later(tmp_path / "asked", [_Asks(monkeypatch, 3, 23)]))


def test_a_pretraining_that_is_stopped_gives_no_model_and_goes_on(tmp_path, monkeypatch):
    changes = {"training": {"epochs": 1}}
    recipe = Recipe.from_dict({**tables(**changes), "pretraining": {"training": {"epochs": 3}}})
    whole = training.train(recipe, tmp_path / "whole", verbose=0)

    @contextlib.contextmanager
    def deferred(words):
        yield lambda: True

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="in the pretraining") as stopped:
        patch.setattr(_interrupts, "deferred", deferred)
        training.train(recipe, tmp_path / "cut", verbose=0)
    assert stopped.value.model is None
    found = training.diagnose(tmp_path / "cut")
    assert (found.state, [stage.name for stage in found.stages]) == ("stopped", ["pretraining"])
    _equal(whole, training.train(recipe, tmp_path / "cut", verbose=0))
    found = training.diagnose(tmp_path / "cut")
    assert found.state == "finished"
    assert [(stage.name, stage.epochs, stage.most_epochs) for stage in found.stages] == [
        ("pretraining", 3, 3),
        ("training", 1, 1),
    ]


def test_examples_are_held_out_images_where_there_are_some(tmp_path):
    class Looks(ExamplesCallback):
        def set_examples(self, images, labels, held_out):
            self.given = images, labels, held_out

    for split, validation in (("train[-200:]", 200), (None, 0)):
        run(tmp_path / str(validation), [looks := Looks()], training={"epochs": 1}, data={"validation": validation})
        images, labels, held_out = looks.given
        assert held_out == bool(split)
        assert images.shape == (32, 28, 28, 1)
        assert images.dtype == np.float32
        assert labels.shape == (32,)
        if split:
            x, y = runner.data.arrays("digits", split, "dynamic_binarization", seed=1)
            np.testing.assert_array_equal(images[[0, -1]], x[[0, -1]])
            np.testing.assert_array_equal(labels[[0, -1]], y[[0, -1]])
    few = {
        "data": {"validation": 0, "labels": 40, "labels_per_batch": 5},
        "model": {"class": "SemiSupervisedVAE"},
        "objective": {"name": "semi_supervised_elbo", "beta": None},
    }
    run(tmp_path / "few", [looks := Looks()], training={"epochs": 1}, **few)
    assert (looks.given[1] >= 0).all()


@pytest.fixture
def found(monkeypatch):
    """Findings by the number of epochs."""
    by_epoch = {2: ["first"], 3: ["first", "second"], 4: ["second"]}
    monkeypatch.setattr(
        training.health,
        "findings",
        lambda history, facts: [
            Finding(name, f"{name} it is.", "Mend it.", False) for name in by_epoch.get(len(history), [])
        ],
    )


def test_each_finding_is_reported_once_when_it_first_appears(tmp_path, found):
    told = []
    recipe = Recipe.from_dict(tables())
    report = lambda finding: told.append((finding.name, len(training.read_history(tmp_path))))  # noqa: E731
    training.train(recipe, tmp_path, checkpoint_seconds=0, verbose=0, report=report)
    assert told == [("first", 2), ("second", 3)]


def test_without_a_report_findings_are_warnings(tmp_path, found):
    with pytest.warns(UserWarning, match=r"first it is\. Mend it\.") as told:
        run(tmp_path)
    assert len([1 for warning in told if "it is" in str(warning.message)]) == 2


def test_facts_are_those_of_model_and_data(tmp_path):
    run(tmp_path / "vae", training={"epochs": 1, "patience": 3})
    facts = training.read_facts(tmp_path / "vae")
    assert dataclasses.replace(facts, mean_image_error=None) == training.Facts(
        dimensions=784, steps_per_epoch=24, epochs=1, levels=2, has_kl=True, latents=4, keeps_best=True
    )
    assert 0.03 < facts.mean_image_error < 0.2
    grey = tables(data={"preprocessing": "scaling"}, training={"epochs": 1})
    training.train(Recipe.from_dict(grey), tmp_path / "grey", verbose=0)
    assert training.read_facts(tmp_path / "grey").levels is None, "a cross-entropy is no code length"
    model = {"class": "VQVAE", "data_shape": [28, 28, 1], "num_codes": 16, "downsampling": [4], "prior": {"filters": 4}}
    codes = {**tables(training={"epochs": 1, "batch_size": 2}), "model": model}
    del codes["objective"]
    training.train(Recipe.from_dict(codes), tmp_path / "codes", verbose=0)
    facts = training.read_facts(tmp_path / "codes")
    assert (facts.num_codes, facts.codes_per_batch, facts.levels, facts.has_kl) == (16, 16.0, None, False)
    assert facts.latents is None
    assert "active_units" not in training.read_history(tmp_path / "codes")[0]


def test_a_model_that_collapses_has_inactive_latents_and_a_healthy_one_has_not(tmp_path):
    """Of a VAE of digits with a KL that costs fifty times as much, no latent is left."""
    settings = {"model": {"latent_size": 8}, "training": {"epochs": 8, "ema": 0.0}}
    run(tmp_path / "healthy", **settings, objective={"beta": 1.0})
    with pytest.warns(UserWarning, match="of 8 latents are active"):
        collapsed = run(tmp_path / "collapsed", **settings, objective={"beta": 50.0})
    found = {name: training.diagnose(tmp_path / name).stages[0].findings for name in ("healthy", "collapsed")}
    assert [finding.name for finding in found["healthy"]] == []
    assert [finding.name for finding in found["collapsed"]] == ["posterior_collapse", "inactive_latents"]
    assert "0 of 8 latents are active" in found["collapsed"][1].sentence
    assert not found["collapsed"][1].serious
    history = {name: training.read_history(tmp_path / name) for name in found}
    assert history["healthy"][-1]["active_units"] >= 4
    # The count is that of the evaluation, of the same weights.
    x, y = data.arrays("digits", "train[:-200]", "dynamic_binarization", seed=1)
    assert evaluation.active_units(collapsed, x, y).sum() == history["collapsed"][-1]["active_units"] == 0


def test_the_facts_of_a_new_run_are_written_once(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(runner, "write_facts", lambda folder, facts: written.append(facts))
    run(tmp_path, training={"epochs": 1})
    assert len(written) == 1
    run(tmp_path, training={"epochs": 1})  # one of an older version may have none, or others
    assert written[1] == written[0]


def test_a_run_that_failed_says_so_until_it_goes_on(tmp_path):
    with pytest.raises(NonFiniteLossError):
        run(tmp_path, [_Poison(1, 5)], training={"ema": 0.0})
    found = training.diagnose(tmp_path)
    assert found.state == "failed"
    finding = found.stages[0].findings[0]
    assert finding.name == "non_finite"
    assert "'log_likelihood' became nan" in finding.sentence
    assert "clip the gradient" in finding.remedy
    assert "clip" not in finding.sentence
    run(tmp_path, training={"ema": 0.0})
    assert training.diagnose(tmp_path) == ("finished", [("training", 4, 4, [])])


def test_a_run_that_goes_on_is_running_and_one_that_was_killed_is_stopped(tmp_path):
    states = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            states.append((training.diagnose(tmp_path).state, training.diagnose(tmp_path).stages[0].epochs))
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, [Look()])
    assert states == [("running", 0), ("running", 1)]
    assert json.loads((tmp_path / "state.json").read_text())["state"] == "running"
    assert training.diagnose(tmp_path).state == "stopped"
    with _locks.alone(tmp_path / "run.lock"):
        assert training.diagnose(tmp_path).state == "running"


def test_a_folder_without_a_run_and_damaged_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no run of training: there is no facts\.json"):
        training.diagnose(tmp_path)
    run(tmp_path, training={"epochs": 1})
    (tmp_path / "state.json").write_text('{"state": "asleep", "error": ""}')
    with pytest.raises(ValueError, match=r"state\.json is damaged"):
        training.diagnose(tmp_path)
    (tmp_path / "facts.json").write_text('{"epochs": 3}')
    with pytest.raises(ValueError, match=r"facts\.json is damaged .*facts of a run lack"):
        training.diagnose(tmp_path)


def test_a_run_of_another_recipe_keeps_its_facts(tmp_path):
    run(tmp_path, training={"epochs": 1})
    with pytest.raises(ValueError, match="another recipe"):
        run(tmp_path, training={"epochs": 2})
    assert training.read_facts(tmp_path).epochs == 1
    assert json.loads(_weights.read(tmp_path / "checkpoint.safetensors")[1]["progress"])["epoch"] == 1


@pytest.mark.parametrize(
    ("twice", "code", "said"),
    [(False, 0, b"\nStopping.\nasked\n"), (True, _interrupts.STATUS, b"\nStopping.\n\nStopped.\n")],
)
def test_ctrl_c_is_deferred_and_a_second_one_ends_at_once(twice, code, said):
    script = (
        "import signal, sys\nfrom keras_vae import _interrupts\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with _interrupts.deferred('x') as asked:\n"
        "    try: signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt: pass\n"  # in a program that calls a command, signals are left alone
        "    assert not asked()\n"
        "_interrupts.end_at_once(); _interrupts.end_in_order()\n"
        "with _interrupts.deferred('Stopping.') as asked:\n"
        "    assert not asked()\n"
        "try: signal.raise_signal(signal.SIGINT)\n"
        "except KeyboardInterrupt: pass\n"  # after a block in which nothing was asked for
        "_interrupts.end_in_order()\n"
        "with _interrupts.deferred('Stopping.') as asked:\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        f"    if {twice}: signal.raise_signal(signal.SIGINT)\n"
        "    if asked(): print('asked', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (code, said)
