"""The command that looks at a run's health."""

import json
from pathlib import Path
from typing import Annotated

import typer

from keras_vae.cli.app import JsonOption, app, console, escaped, plain_errors


@app.command(rich_help_panel="Train and score")
def diagnose(
    run: Annotated[Path, typer.Argument(help="Folder of a run, such as runs/my_recipe; the run may be going on.")],
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong with a training, and what to do."""
    with plain_errors():
        from keras_vae import training
        from keras_vae.cli import sight

        found = training.diagnose(run)
        if as_json:
            stages = [{**stage._asdict(), "findings": [f._asdict() for f in stage.findings]} for stage in found.stages]
            print(json.dumps({"state": found.state, "stages": stages}, indent=2))
            return
        for stage in found.stages:
            console.print(
                f"{escaped(run)}: {stage.name}, {stage.epochs} of {stage.most_epochs} epochs ({found.state}).",
                soft_wrap=True,
                highlight=False,
            )
            for finding in stage.findings:
                console.print(f"- {sight.in_words(finding)}", soft_wrap=True, highlight=False)
            if not stage.epochs and not stage.findings:
                console.print("No epoch is in its history yet: it is written once a minute.", highlight=False)
            elif not stage.findings:
                console.print("Nothing is wrong, as far as the curves tell.", highlight=False)
