"""The commands. What they need is imported inside them, so that `--help` answers at once."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    name="keras-vae",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Autoencoders and variational autoencoders for Keras 3: a zoo of trained models, and recipes to train more.",
)
console = Console()
errors = Console(stderr=True)

PresetArgument = Annotated[
    str, typer.Argument(help="Name of a preset (see `keras-vae list`), or path of a preset folder.")
]
OutOption = Annotated[Path, typer.Option(help="PNG file to write.")]
SeedOption = Annotated[int, typer.Option(help="The same seed draws the same images.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn an error that a user can mend into one line and exit status 1; let a defect of ours show its traceback."""
    _start_tensorflow_quietly()
    try:
        yield
    except (ValueError, ArithmeticError, OSError, RuntimeError, ImportError) as error:
        errors.print(f"[bold red]Error:[/] {_escaped(error)}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _start_tensorflow_quietly() -> None:
    """Load TensorFlow and let it look for its devices, without the notices that its C++ code prints meanwhile.

    Only the file descriptor is silenced: an error in Python is raised, and shows, after it is back.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        from keras_vae._backend import tf

        tf.config.list_logical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _escaped(value: Any) -> str:
    from rich.markup import escape

    return escape(str(value))


@app.command("list")
def list_(
    as_json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the README's table.")] = False,
) -> None:
    """List the trained models."""
    with _plain_errors():
        from keras_vae import zoo

        if markdown:
            print(zoo.zoo_table(zoo.preset_folder(name) for name in zoo.list_presets()))
            return

        rows = []
        for name in zoo.list_presets():
            preset = zoo.Preset.read(zoo.preset_folder(name))
            weights = zoo.manifest(preset.folder)
            rows.append(
                {
                    "name": name,
                    "class": preset.model["class"],
                    "data": preset.recipe.data.name if preset.recipe else "",
                    "task": preset.card.get("task", ""),
                    "parameters": weights["parameters"],
                    "bytes": weights["bytes"],
                }
            )
        if as_json:
            print(json.dumps(rows, indent=2))
            return
        table = Table("preset", "class", "data", "what for", "parameters", box=None, header_style="bold")
        for row in rows:
            table.add_row(row["name"], row["class"], row["data"], row["task"], f"{row['parameters']:,}")
        console.print(table)


@app.command()
def info(preset: PresetArgument, as_json: JsonOption = False) -> None:
    """Show what a preset is, and its figures."""
    with _plain_errors():
        from rich.markdown import Markdown

        from keras_vae import zoo

        folder = zoo.preset_folder(preset)
        if as_json:
            found = zoo.Preset.read(folder)
            metrics = zoo.read_metrics(folder) if (folder / "metrics.json").exists() else {}
            facts = {"name": found.name, "model": found.model, "weights": zoo.manifest(folder), **metrics}
            print(json.dumps(facts, indent=2))
            return
        console.print(Markdown(zoo.card(folder)))


@app.command()
def sample(
    preset: PresetArgument,
    out: OutOption = Path("samples.png"),
    n: Annotated[int, typer.Option(help="Number of images; of a conditional model, of each class.")] = 10,
    labels: Annotated[str | None, typer.Option(help="Classes to draw from a conditional model, such as 3,1,4.")] = None,
    seed: SeedOption = 0,
    temperature: Annotated[float, typer.Option(help="Below 1: more typical images, less varied.")] = 1.0,
) -> None:
    """Draw images into a PNG."""
    with _plain_errors():
        from keras_vae import plots, zoo

        model = _generative(zoo.load(preset), "draw images")
        if labels is not None:
            wanted = _labels(labels)
            figure = plots.grid_figure(model.sample(labels=wanted, seed=seed, temperature=temperature), len(wanted))
        elif model.conditional:
            figure = plots.samples_by_class(model, n, seed, temperature)
        else:
            figure = plots.samples(model, n, seed, temperature)
        console.print(f"Wrote {plots.save(figure, out).resolve()}", soft_wrap=True, highlight=False)


@app.command()
def reconstruct(
    preset: PresetArgument,
    out: OutOption = Path("reconstructions.png"),
    data: Annotated[
        str | None, typer.Option(help="Data set; by default the preset's own. `digits` is always there.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, help="Number of test images.")] = 20,
) -> None:
    """Show test images beside what the model makes of them."""
    with _plain_errors():
        from keras_vae import data as data_room
        from keras_vae import plots, zoo

        model = _generative(zoo.load(preset), "reconstruct")
        recipe = zoo.Preset.read(zoo.preset_folder(preset)).recipe
        if data is None and recipe is None:
            raise ValueError(f"{preset} names no data set: choose one with --data, for example --data digits.")
        name = data or recipe.data.name  # type: ignore[union-attr]
        x, y = data_room.arrays(name, "test", recipe.data.preprocessing if recipe else "scaling")
        figure = plots.reconstructions(model, x[:n], y[:n])
        console.print(f"Wrote {plots.save(figure, out).resolve()}", soft_wrap=True, highlight=False)


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
    with _plain_errors():
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
    with _plain_errors():
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
    with _plain_errors():
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
    with _plain_errors():
        from keras_vae import zoo
        from keras_vae.cli import export as export_room

        model = _generative(zoo.load(preset), "be exported")
        export_room.run(model, preset, target, format, out, overwrite, console)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("demo_output"),
    preset: Annotated[str, typer.Option(help="A conditional preset of 28x28 digits.")] = "mnist_cvae",
    epochs: Annotated[int, typer.Option(help="Epochs of fine-tuning.")] = 20,
) -> None:
    """Load, draw, score, fine-tune, save and reload: the tour in three minutes."""
    with _plain_errors():
        from keras_vae.cli import demo as demo_room

        demo_room.run(out, console, preset, epochs)


def _generative(model: Any, what: str) -> Any:
    if not hasattr(model, "sample"):
        raise ValueError(
            f"{model.name} is a {type(model).__name__}: it cannot {what}. `keras-vae list` shows the presets that can."
        )
    return model


def _labels(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ValueError(
            f"--labels {text!r}: must be whole numbers with commas between them, such as 3,1,4."
        ) from error
