"""What stands in a run's folder about its state and its health."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from keras_vae import _checks, _files, _locks, _untrusted
from keras_vae.training import health
from keras_vae.training.facts import read_facts

LOCK = "run.lock"
HISTORY = "history.json"
PRETRAINING = "pretraining"
STATE = "state.json"
RUNNING, STOPPED, FINISHED, FAILED = "running", "stopped", "finished", "failed"
_MAX_BYTES = 10_000


class Stage(NamedTuple):
    """A stage of a run: its pretraining, or the training itself."""

    name: str
    """`"pretraining"` or `"training"`."""
    epochs: int
    """Epochs that are in the history."""
    most_epochs: int
    """Epochs that the stage has at most."""
    findings: list[health.Finding]
    """What is wrong: see `findings`."""


class Diagnosis(NamedTuple):
    """The state and the health of a run."""

    state: str
    """`"running"`, `"stopped"`, `"finished"` or `"failed"`."""
    stages: list[Stage]
    """In their order, those that have begun."""


def diagnose(folder: str | Path) -> Diagnosis:
    """Look at the folder of a run, which may be going on.

    The history of a run is written with its checkpoints, so that of one that goes on may be a minute old.

    Raises:
        FileNotFoundError: if the folder holds no run.
        ValueError: if a file of it is damaged.
    """
    folder = _checks.path("folder", folder)
    read_facts(folder)  # for the error
    stages = [folder / PRETRAINING] if (folder / PRETRAINING).is_dir() else []
    found = [_stage(path, path.name) for path in stages]
    state = _state(folder)["state"]
    if not found or _state(stages[0])["state"] == FINISHED:
        found.append(_stage(folder, "training"))
    else:
        state = _state(stages[0])["state"]
    if (folder / LOCK).exists() and not _locks.is_abandoned(folder / LOCK):
        state = RUNNING
    elif state == RUNNING:  # its process was killed
        state = STOPPED
    return Diagnosis(state, found)


def write_state(folder: Path, state: str, error: str = "") -> None:
    """Write down how a run stands."""
    _files.write_json(folder / STATE, {"state": state, "error": error})


def read_history(folder: str | Path) -> list[dict[str, float]]:
    """The logs of a run by epoch: those of `fit`, those of the held-out images as `val_...`, `active_units` (the number of
    latents whose posterior mean varies over some training images by more than 0.01) of a model that has a posterior, and `seconds`
    so far.

    Raises:
        FileNotFoundError: if the folder holds no run, or one that has not written its first checkpoint.
        ValueError: if the file is no JSON.
    """
    path = _checks.path("folder", folder) / HISTORY
    if not path.is_file():
        raise FileNotFoundError(f"{path.parent} holds no run of training: there is no {HISTORY} in it.")
    return json.loads(path.read_text(encoding="utf-8"))


def read_stages(folder: str | Path) -> list[list[dict[str, float]]]:
    """The histories of a run's pretraining, if it had one, and of the run itself."""
    before = _checks.path("folder", folder) / PRETRAINING
    return [*(read_stages(before) if before.exists() else []), read_history(folder)]


def _stage(folder: Path, name: str) -> Stage:
    facts, state = read_facts(folder), _state(folder)
    history = read_history(folder) if (folder / HISTORY).is_file() else []
    findings = health.findings(history, facts)
    if state["state"] == FAILED:
        findings.insert(
            0, health.Finding("non_finite", state["error"].removesuffix(health.REMEDY).strip(), health.REMEDY, True)
        )
    return Stage(name, len(history), facts.epochs, findings)


def _state(folder: Path) -> dict[str, Any]:
    path = folder / STATE
    if not path.is_file():
        return {"state": STOPPED, "error": ""}
    found = _untrusted.read_json(path, _MAX_BYTES)
    if found.get("state") not in (RUNNING, STOPPED, FINISHED, FAILED) or not isinstance(found.get("error"), str):
        raise ValueError(f"{path} is damaged: the same `keras-vae train` command writes it anew.")
    return found
