"""The progress line tells where training stands and how long it still takes."""

import os

import pytest

from keras_vae.training import Progress, progress


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Clock.now)
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda *_, **__: os.terminal_size((200, 24)))
    return Clock


def run(callback, clock, epochs, first=0, steps=4, compiling=30.0, seconds=5.0, logs=None):
    """As `fit` calls a callback: the first step takes long, each of the others `seconds`."""
    callback.set_params({"epochs": epochs, "steps": steps})
    callback.on_train_begin()
    for epoch in range(first, epochs):
        callback.on_epoch_begin(epoch)
        for batch in range(steps):
            clock.now += compiling if (epoch, batch) == (first, 0) else seconds
            callback.on_train_batch_end(batch, logs)
        callback.on_epoch_end(epoch, {**(logs or {}), "val_elbo": -99.5})
    callback.on_train_end()


def test_a_log_has_a_line_per_epoch(clock, capsys):
    run(Progress(2), clock, 3, logs={"loss": 1234.5678, "elbo": -0.5, "kl": 3.0})
    assert capsys.readouterr().out.splitlines() == [
        "epoch 1 of 3, loss 1,234.6, elbo -0.5000, val_elbo -99.5000 - 0:00:45 spent, 0:00:40 left",
        "epoch 2 of 3, loss 1,234.6, elbo -0.5000, val_elbo -99.5000 - 0:01:05 spent, 0:00:20 left",
        "epoch 3 of 3, loss 1,234.6, elbo -0.5000, val_elbo -99.5000 - 0:01:25 spent, 0:00:00 left",
    ]


def test_a_run_that_goes_on_counts_what_it_took_before_and_only_its_own_steps(clock, capsys):
    run(Progress(2, words="pretraining", before=3600, at_most=True), clock, 1000, first=998)
    assert capsys.readouterr().out.splitlines() == [
        "pretraining, epoch 999 of 1000, val_elbo -99.5000 - 1:00:45 spent, at most 0:00:20 left",
        "pretraining, epoch 1000 of 1000, val_elbo -99.5000 - 1:01:05 spent, at most 0:00:00 left",
    ]


def test_a_terminal_has_one_line_that_is_written_anew(clock, capsys):
    run(Progress(1), clock, 2)
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    states = shown.rstrip("\n").split("\r")[1:]
    assert all(state.endswith("\x1b[K") for state in states)
    assert states[0] == "epoch 1 of 2, step 1 of 4 - 0:00:30 spent\x1b[K", "the first step says nothing of the others"
    assert states[1] == "epoch 1 of 2, step 2 of 4 - 0:00:35 spent, 0:00:30 left\x1b[K"
    assert states[-1].startswith("epoch 2 of 2, val_elbo")


def test_a_terminal_is_not_written_to_all_the_time_and_no_line_wraps(clock, capsys, monkeypatch):
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda *_, **__: os.terminal_size((20, 24)))
    run(Progress(1), clock, 1, steps=1000, compiling=1.0, seconds=0.01)
    states = capsys.readouterr().out.rstrip("\n").split("\r")[1:]
    assert 40 < len(states) < 60
    assert max(len(state.removesuffix("\x1b[K")) for state in states) == 19


def test_the_line_can_be_cleared_for_other_words(clock, capsys):
    callback = Progress(1)
    callback.set_params({"epochs": 1, "steps": 2})
    callback.clear()
    callback.on_train_begin()
    callback.on_train_batch_end(0)
    callback.clear()
    assert capsys.readouterr().out.endswith("\r\x1b[K")
    callback.end()
    assert capsys.readouterr().out == ""


def test_silence_is_silent_and_unknown_lengths_have_no_time_left(clock, capsys):
    run(Progress(0), clock, 2)
    assert capsys.readouterr().out == ""
    callback = Progress("auto")  # captured output is no terminal
    callback.set_params({"epochs": 2, "steps": None})
    callback.on_train_begin()
    callback.on_train_batch_end(0)
    callback.on_epoch_end(0)
    assert capsys.readouterr().out == "epoch 1 of 2 - 0:00:00 spent\n"
