"""The commands that tell of the zoo."""

import json
from typing import Annotated

import typer
from rich.table import Column, Table

from keras_vae.cli import completion
from keras_vae.cli.app import (
    JsonOption,
    PresetArgument,
    app,
    console,
    escaped,
    found,
    plain_errors,
    start_tensorflow,
)

_PANEL = "Look"


@app.command("list", rich_help_panel=_PANEL)
def list_(
    family: Annotated[
        str | None,
        typer.Option(
            help="Only these: vae, autoencoder, discrete (codes that are whole numbers), classifier.",
            autocompletion=completion.families,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Only those that learned from this data set, or one made of it, such as mnist.",
            autocompletion=completion.named_data,
        ),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="Only those whose purpose or name has these words, such as draw.")
    ] = None,
    as_json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the README's table.")] = False,
) -> None:
    """List the trained models."""
    with plain_errors():
        from keras_vae import _checks, zoo

        if family is not None:
            _checks.one_of("--family", family, zoo.FAMILIES)
        rows = []
        presets = {preset.name: preset for preset in zoo.zoo_presets()}
        for preset in presets.values():
            rows.append(
                {
                    "name": preset.name,
                    "family": zoo.family(preset),
                    "class": preset.model["class"],
                    "data": preset.recipe.data.name if preset.recipe else "",
                    "task": preset.card.get("task", ""),
                    "parameters": preset.manifest["parameters"],
                    "bytes": preset.manifest["bytes"],
                }
            )
        rows = [
            row
            for row in rows
            if (family is None or row["family"] == family)
            and (data is None or row["data"] == data or row["data"].startswith(f"{data}_"))
            and (task is None or task.lower() in f"{row['name']} {row['task']}".lower())
        ]
        if as_json:
            print(json.dumps(rows, indent=2))
            return
        if markdown:
            print(zoo.zoo_table(presets[row["name"]].folder for row in rows))
            return
        if not rows:
            raise ValueError("No trained model is like that: `keras-vae list` shows all.")
        table = Table(Column("preset", no_wrap=True), "data", "what for", "parameters", box=None, header_style="bold")
        for row in rows:
            table.add_row(*(escaped(row[key]) for key in ("name", "data", "task")), f"{row['parameters']:,}")
        console.print(table)


@app.command(rich_help_panel=_PANEL)
def info(preset: PresetArgument, as_json: JsonOption = False) -> None:
    """Show what a preset is, and its figures."""
    with plain_errors():
        from rich.markdown import Markdown

        from keras_vae import zoo

        preset = found(preset)
        folder = preset.folder
        if as_json:
            metrics = zoo.read_metrics(preset) if (folder / "metrics.json").exists() else {}
            facts = {"name": preset.name, "model": preset.model, "weights": preset.manifest, **metrics}
            print(json.dumps(facts, indent=2))
            return
        pictures = ", ".join(str(folder / name) for name in (zoo.SAMPLES, zoo.CURVES) if (folder / name).is_file())
        process = zoo.written_process(preset)
        if process is None:  # there is no card to read it from, so the model is built
            start_tensorflow(f"Describing {preset}")
        lines = [
            line for line in zoo.card(preset, str(preset), process=process).splitlines() if not line.startswith("![")
        ]
        console.print(Markdown("\n".join(lines)))
        if pictures:
            console.print(f"\nPictures: {pictures}", soft_wrap=True, highlight=False)
