"""What `train` and `diagnose` say of a training's health, and Ctrl-C."""

import contextlib
import json
import signal
import subprocess
import sys

import numpy as np
from typer.testing import CliRunner

from keras_vae import _interrupts, training, zoo
from keras_vae.cli import app
from keras_vae.training import Finding

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


def test_ctrl_c_leaves_a_preset_and_the_same_command_goes_on(tmp_path, recipe):
    path = recipe(5000)
    command = [sys.executable, "-u", "-m", "keras_vae", "train", str(path), "--run", str(tmp_path / "run"), "--gif"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("epoch 2 of 5000"):
                process.send_signal(signal.SIGINT)
                break
        lines += process.stdout.readlines()
        said = process.stderr.read()
    assert process.returncode == _interrupts.STATUS, said
    assert "Stopping after this step" in said
    epochs = len(training.read_history(tmp_path / "run"))
    assert lines[-1] == (
        f"Stopped after epoch {epochs} of 5000. The preset of the weights so far is in {tmp_path / 'run' / 'preset'}; the same "
        "command goes on with the training.\n"
    )
    assert 2 <= epochs < 5000
    assert zoo.load(tmp_path / "run" / "preset").sample(labels=[3], seed=0).shape == (1, 28, 28, 1)
    assert zoo.manifest(tmp_path / "run" / "preset")["training"]["epochs"] == epochs
    assert (tmp_path / "run" / "training.gif").exists()
    assert json.loads(run("diagnose", tmp_path / "run", "--json").stdout)["state"] == "stopped"


def test_stopped_before_the_first_epoch_there_is_no_preset(tmp_path, recipe, monkeypatch):
    @contextlib.contextmanager
    def deferred(words):
        yield lambda: True

    with monkeypatch.context() as patch:
        patch.setattr(_interrupts, "deferred", deferred)
        result = run("train", recipe(2), "--run", tmp_path / "run", "--verbose", 0)
    assert result.exit_code == _interrupts.STATUS
    assert result.output.splitlines()[-1].startswith(
        "Stopped before the first epoch was finished, so there is no preset."
    )
    assert not (tmp_path / "run" / "preset").exists()
    found = run("diagnose", tmp_path / "run")
    assert found.exit_code == 0
    assert "0 of 2 epochs (stopped)" in found.output
    assert "No epoch is in its history yet" in found.output


def test_findings_are_warnings_while_it_trains_and_the_last_lines(tmp_path, recipe, monkeypatch):
    serious = Finding("jump", "The ELBO jumped.", "Clip the gradient [optimizer].", True)
    slight = Finding("overfitting", "It overfits.", "Stop early.", False)
    monkeypatch.setattr(
        training.health, "findings", lambda history, facts: [serious, slight] if len(history) > 1 else []
    )
    result = run("train", recipe(3), "--run", tmp_path / "run", "--verbose", 2)
    assert result.exit_code == 0, result.output
    assert result.stderr.count("Warning: The ELBO jumped. Clip the gradient [optimizer].") == 1
    assert result.stderr.count("Warning: It overfits. Stop early.") == 1
    lines = result.stdout.splitlines()
    assert lines[-2:] == ["The preset is probably of little use:", "- The ELBO jumped. Clip the gradient [optimizer]."]
    assert [line[:12] for line in lines if line.startswith("epoch ")] == [
        "epoch 1 of 3",
        "epoch 2 of 3",
        "epoch 3 of 3",
    ]
    assert "0:00:00 left" in next(line for line in lines if line.startswith("epoch 3 of 3"))
    assert np.isfinite(zoo.load(tmp_path / "run" / "preset").get_weights()[0]).all()
    shown = run("diagnose", tmp_path / "run").stdout.splitlines()
    assert shown[0].endswith("training, 3 of 3 epochs (finished).")
    assert shown[1:] == ["- The ELBO jumped. Clip the gradient [optimizer].", "- It overfits. Stop early."]
    found = json.loads(run("diagnose", tmp_path / "run", "--json").stdout)
    assert [finding["name"] for finding in found["stages"][0]["findings"]] == ["jump", "overfitting"]


def test_a_healthy_run_has_nothing_to_say_and_a_silent_one_shows_no_progress(tmp_path, recipe):
    result = run("train", recipe(1), "--run", tmp_path / "run", "--verbose", 0)
    assert result.exit_code == 0, result.output
    assert "epoch 1 of 1," not in result.output
    assert "Warning" not in result.output
    assert "little use" not in result.output
    assert "Nothing is wrong, as far as the curves tell." in run("diagnose", tmp_path / "run").output


def test_a_folder_without_a_run_is_an_error_of_one_line(tmp_path):
    result = run("diagnose", tmp_path)
    assert result.exit_code == 1
    assert "holds no run of training" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
