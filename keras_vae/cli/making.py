"""The commands that train, score and export."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from keras_vae.cli.app import JsonOption, PresetArgument, app, console, errors, generative, plain_errors


@app.command("train")
def train_preset(
    preset: PresetArgument,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run; the same folder resumes. Default: runs/NAME.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the trained preset. Default: preset/ in the run.")
    ] = None,
    verbose: Annotated[int | None, typer.Option(help="0 silent, 1 a progress bar, 2 a line an epoch.")] = None,
) -> None:
    """Train a preset's recipe, or go on with a run that was stopped."""
    with plain_errors():
        from keras_vae import plots, training, zoo

        source = zoo.Preset.read(zoo.preset_folder(preset))
        if source.recipe is None:
            raise ValueError(f"{source.name} has no recipe: its preset.toml needs the tables [data] and [training].")
        folder = run or Path("runs") / source.name
        console.print(f"Training [bold]{source.name}[/] in {folder} (stop it at will: the same command goes on).")
        start = source.recipe.training.start_from
        model = training.train(
            source.recipe,
            folder,
            initial=zoo.read_weights(start) if start else None,
            callbacks=[plots.SamplePictures(folder / "samples")],
            verbose="auto" if verbose is None else verbose,
        )
        history = training.read_history(folder)
        plots.save(plots.training_curves(history), folder / "curves.png")
        facts = {
            "epochs": len(history),
            "seconds": round(history[-1]["seconds"]),
            "hardware": f"{os.cpu_count()} CPU cores",
        }
        target = zoo.save_to_preset(
            model,
            out or folder / "preset",
            source=source,
            training=facts,
            stored_as=source.recipe.training.stored_as,
            overwrite=True,
        )
        console.print(f"Wrote the preset to [bold]{target}[/]. Score it with:", soft_wrap=True)
        console.print(f"  keras-vae evaluate {target}", soft_wrap=True, highlight=False)


@app.command()
def evaluate(
    preset: PresetArgument,
    samples: Annotated[int, typer.Option(help="Importance samples an image.")] = 5000,
    images: Annotated[int | None, typer.Option(min=1, help="Only the first so many test images.")] = None,
    data: Annotated[str | None, typer.Option(help="Data set; by default the one of the preset's recipe.")] = None,
    preprocessing: Annotated[str | None, typer.Option(help="By default that of the preset's recipe.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write metrics.json and the card into the preset's folder.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute a preset's figures on its test set."""
    with plain_errors():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from keras_vae import zoo

        if write and images is not None:
            raise ValueError("--write takes the whole test set: leave --images out.")
        columns = (TextColumn("scoring images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        # Drawn when there is news, not by a thread: one that imports while TensorFlow Datasets is being imported fails.
        with Progress(*columns, console=errors, transient=True, auto_refresh=False) as bar:
            task = bar.add_task("", total=None)
            metrics = zoo.evaluate_preset(
                preset,
                num_samples=samples,
                images=images,
                data_name=data,
                preprocessing=preprocessing,
                progress=lambda done, total: bar.update(task, completed=done, total=total, refresh=True),
                say=errors.print,
            )
        if write:
            zoo.write_metrics(preset, metrics)
        if as_json:
            print(json.dumps(metrics, indent=2))
            return
        table = Table("figure", "value", box=None, header_style="bold")
        for name, value in metrics["figures"].items():
            values = value if isinstance(value, list) else [value]
            table.add_row(name, ", ".join(f"{v:g}" if isinstance(v, int) else f"{v:.4f}" for v in values))
        console.print(table)


@app.command()
def reproduce(
    table: Annotated[str | None, typer.Argument(help="A published table; without one, they are listed.")] = None,
    list_tables: Annotated[bool, typer.Option("--list", help="List the tables.")] = False,
    train: Annotated[
        bool, typer.Option("--train", help="Train every preset of the table anew first (hours), in runs/.")
    ] = False,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Print the recorded figures without scoring any image anew.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the commands that compute the figures from the beginning, and run none."),
    ] = False,
) -> None:
    """Print a published table with the zoo's figures beside it, checked on the weights that are there."""
    with plain_errors():
        from keras_vae import _checks, zoo
        from keras_vae.cli import reproduce as reproduce_room

        if table is None or list_tables:
            reproduce_room.show_tables(console)
            return
        tables = zoo.published_tables()
        entry = tables[_checks.one_of("table", table, tuple(tables))]
        if dry_run:
            reproduce_room.plan(entry, train, console)
            return
        if train:
            for preset in entry.presets:
                train_preset(preset)
                evaluate(str(Path("runs") / preset / "preset"))
            return
        if not reproduce_room.run(entry, not recorded, console, errors):
            raise ValueError("A figure is not that of these weights: see the table.")


@app.command()
def export(
    preset: PresetArgument,
    target: Annotated[str, typer.Option(help="cpu, gpu, edge, web (TFLite), server (SavedModel), or all.")] = "all",
    out: Annotated[
        Path | None, typer.Option(help="Folder; each target gets a folder in it. Default: exports/NAME.")
    ] = None,
    format: Annotated[str | None, typer.Option(help="Of a cpu build: dynamic_range or float32.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace builds that are there.")] = False,
) -> None:
    """Write builds for devices and SavedModels for servers, each compared with the Keras model first."""
    with plain_errors():
        from keras_vae import zoo
        from keras_vae.cli import export as export_room

        model = generative(zoo.load(preset), "be exported")
        export_room.run(model, preset, target, format, out, overwrite, console)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("demo_output"),
    preset: Annotated[str, typer.Option(help="A conditional preset of 28x28 digits.")] = "mnist_cvae",
    epochs: Annotated[int, typer.Option(help="Epochs of fine-tuning.")] = 20,
) -> None:
    """Load, draw, score, fine-tune, save and reload: the tour in three minutes."""
    with plain_errors():
        from keras_vae.cli import demo as demo_room

        demo_room.run(out, console, preset, epochs)
