"""What `train` says of a run's health, and when it was stopped."""

from pathlib import Path

import typer

from keras_vae import _interrupts, training
from keras_vae.cli.app import console, errors, escaped


def warn(finding: training.Finding) -> None:
    """Print a finding when it first appears."""
    errors.print(f"[bold yellow]Warning:[/] {in_words(finding)}", highlight=False, soft_wrap=True)


def in_words(finding: training.Finding) -> str:
    """A finding and its remedy."""
    return escaped(f"{finding.sentence} {finding.remedy}")


def tell_serious(folder: Path) -> None:
    """Print what makes the weights of a run of little use, if anything does."""
    serious = [finding for stage in training.diagnose(folder).stages for finding in stage.findings if finding.serious]
    if not serious:
        return
    console.print("[bold yellow]The preset is probably of little use:[/]", highlight=False)
    for finding in serious:
        console.print(f"- {in_words(finding)}", highlight=False, soft_wrap=True)


def stop(epochs: int, most: int, preset: Path) -> None:
    """End the command after a training that was stopped, once its preset is written.

    Raises:
        typer.Exit: always, with the status of Ctrl-C.
    """
    console.print(
        f"Stopped after epoch {epochs} of {most}. The preset of the weights so far is in [bold]{escaped(preset)}[/]; the same "
        "command goes on with the training.",
        soft_wrap=True,
        highlight=False,
    )
    raise typer.Exit(_interrupts.STATUS)


def stop_without_epoch(error: "training.Interrupted", folder: Path) -> None:
    """End the command after a training that was stopped before it had weights to keep.

    Raises:
        typer.Exit: then, with the status of Ctrl-C.
    """
    if error.model is not None:
        return
    console.print(
        f"{error} before the first epoch was finished, so there is no preset. The same command goes on in {escaped(folder)}.",
        soft_wrap=True,
        highlight=False,
    )
    raise typer.Exit(_interrupts.STATUS)
