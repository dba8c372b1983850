"""The commands that train, score and export."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from keras_vae import zoo
from keras_vae.cli import completion
from keras_vae.cli.app import (
    FollowLinksOption,
    JsonOption,
    PresetArgument,
    SkipCorruptOption,
    app,
    console,
    errors,
    escaped,
    fit_verbosity,
    plain_errors,
    start_tensorflow,
    trained,
    with_codes,
    working,
)

_TRAIN = "Train and score"

_SHIP = "Ship"
# A small convolutional VAE draws more than a smudge after some thousands.
_FEW_STEPS = 2000


@app.command("train", rich_help_panel=_TRAIN)
def train_preset(
    preset: Annotated[
        str, typer.Argument(help="Name of a preset, path of a preset folder, or a recipe file that ends in .toml.")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            help="Folder of images, with a folder in it for each class or none; a .csv file of images and attributes; or a data "
            "set's name.",
            autocompletion=completion.data_sets,
        ),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run; the same folder resumes. Default: runs/NAME.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the trained preset. Default: preset/ in the run.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's number of epochs.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Instead of the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    gif: Annotated[bool, typer.Option("--gif", help="Make an animation of the training, training.gif.")] = False,
    verbose: Annotated[
        int | None,
        typer.Option(
            min=0, max=2, help="0 silent, 1 one line, 2 a line per epoch; by default 1 on a terminal, 2 elsewhere."
        ),
    ] = None,
) -> None:
    """Train a preset's recipe, or go on with a run that was stopped."""
    with plain_errors():
        from keras_vae import plots, training, zoo
        from keras_vae.cli import inputs, sight

        source = zoo.Preset.parse(preset) if preset.endswith(".toml") else zoo.find_preset(preset)
        _recipe_of(source)
        inputs.check_data(source, data)
        name = source.name
        folder = run or Path("runs") / name
        own = {"training.epochs": epochs, "optimizer.learning_rate": learning_rate, "training.seed": seed}
        if given := {key: value for key, value in own.items() if value is not None}:
            source = source.changed(given, folder / "recipe.toml")
        recipe = _recipe_of(source)
        start_tensorflow(f"Preparing to train {name}")
        source.check()
        # A mistake in its settings is told before anything is made, with the name of the file.
        untrained = source.build()
        shape = source.model.get("data_shape")
        files = inputs.Reading(skip_corrupt, follow_links)
        images = None if data is None else inputs.source_of(data, shape, files)
        # A folder without class folders has one class, "".
        classes = tuple(filter(None, getattr(images, "class_names", ())))
        for number, called in enumerate(classes):
            console.print(f"Label {number} is the class [bold]{escaped(called)}[/].", highlight=False)
        words = _words_for_labels(untrained, classes, images or recipe.data.name)
        console.print(
            f"Training [bold]{escaped(name)}[/] in {escaped(folder)} (Ctrl-C stops it; the same command goes on).",
            soft_wrap=True,
            highlight=False,
        )
        start = recipe.training.start_from
        sheets = plots.TrainingSheets(folder / "sheets", class_names=words)
        animation = plots.TrainingGif(folder / "training.gif") if gif else None
        stopped = None
        try:
            model = training.train(
                recipe,
                folder,
                initial=zoo.read_weights(start) if start else None,
                source=images,
                callbacks=[_tell_length(folder), sheets, *([animation] if animation else [])],
                verbose=fit_verbosity() if verbose is None else verbose,
                report=sight.warn,
            )
        except training.Interrupted as error:
            sight.stop_without_epoch(error, folder)
            model, stopped = error.model, error.epochs
        sheets.write("The weights that are kept", model)
        # The training has written its animation, if it was not killed after its last epoch, and not stopped.
        if animation and (stopped or not (folder / "training.gif").exists()):
            with working("writing training.gif"):
                animation.write()
        stages = training.read_stages(folder)
        facts = {
            "epochs": sum(map(len, stages)),
            "seconds": round(sum(stage[-1]["seconds"] for stage in stages)),
            "hardware": _hardware(),
        }
        target = zoo.save_to_preset(
            model,
            out or folder / zoo.IN_A_RUN,
            source=source,
            training=facts,
            stored_as=recipe.training.stored_as,
            class_names=words,
            overwrite=True,
        )
        plots.save(plots.training_curves(stages), target / zoo.CURVES, colors=256)
        if stopped is None:
            console.print(
                f"Wrote the preset to [bold]{escaped(target)}[/]. Score it with:", soft_wrap=True, highlight=False
            )
            shown = f" --data {escaped(data)}" if data else ""
            console.print(f"  keras-vae evaluate {escaped(target)}{shown}", soft_wrap=True, highlight=False)
        sight.tell_serious(folder)
        if stopped is not None:
            sight.stop(stopped, recipe.training.epochs, target)


def _recipe_of(preset: Any) -> Any:
    """The recipe of a preset that has one.

    Raises:
        ValueError: if it has none.
    """
    if preset.recipe is None:
        raise ValueError(f"{preset.name} has no recipe: its preset.toml needs the tables [data] and [training].")
    return preset.recipe


def _words_for_labels(model: Any, classes: tuple[str, ...], source: Any) -> tuple[str, ...]:
    """The words for the model's labels: names of class folders, or the data set's own; none where it has other labels, or none."""
    from keras_vae import data
    from keras_vae.models import plain_data

    setting = plain_data.label_setting(model)
    if classes:
        return classes if setting else ()
    words = data.class_names(source) if isinstance(source, str) else ()
    return words if setting and setting[1] == len(words) else ()


def _tell_length(folder: Path) -> Any:
    """A callback that says at the start how long the training is, whether that is little, and where to look meanwhile."""
    from keras_vae._backend import keras
    from keras_vae.models import Reconstructs

    class TellLength(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            steps, epochs = self.params["steps"], self.params["epochs"]
            words = f"{epochs * steps:,} steps in all, {steps} per epoch."
            if epochs * steps < _FEW_STEPS:
                words += " That is little: expect blurry images, and raise training.epochs for better ones."
            console.print(words, highlight=False)
            if isinstance(self.model, Reconstructs):
                console.print(
                    f"Look at {escaped(folder / 'sheets' / 'latest.png')} from the first minute on.",
                    soft_wrap=True,
                    highlight=False,
                )

    return TellLength()


def _hardware() -> str:
    """What trains here, in words for a card: the graphics cards that TensorFlow sees, or the cores."""
    from keras_vae._backend import tf

    cards = [tf.config.experimental.get_device_details(card) for card in tf.config.list_physical_devices("GPU")]
    if not cards:
        return f"{os.cpu_count()} CPU cores"
    return f"{len(cards)} x {cards[0].get('device_name', 'GPU')}"


@app.command(rich_help_panel=_TRAIN)
def evaluate(
    preset: PresetArgument,
    samples: Annotated[int, typer.Option(min=1, help="Importance samples an image.")] = 5000,
    images: Annotated[int | None, typer.Option(min=1, help="Only the first so many test images.")] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data set or folder of images; by default the recipe's.", autocompletion=completion.data_sets
        ),
    ] = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    preprocessing: Annotated[
        str | None,
        typer.Option(
            help="By default that of the preset's recipe.",
            autocompletion=completion.preprocessings,
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write metrics.json and the card into the preset's folder.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute a preset's figures on its test set."""
    with plain_errors():
        from keras_vae import zoo
        from keras_vae.cli import inputs

        if write and images is not None:
            raise ValueError("--write takes the whole test set: leave --images out.")
        preset = trained(preset)
        inputs.check_data(preset, data)
        if preprocessing is not None:
            inputs.check_preprocessing(preprocessing)
        start_tensorflow(f"Evaluating {preset}")
        shape = preset.model.get("data_shape")
        files = inputs.Reading(skip_corrupt, follow_links)
        source = None if data is None else inputs.source_of(data, shape, files)
        with inputs.progress_bar("scoring images") as progress:
            metrics = zoo.evaluate_preset(
                preset,
                num_samples=samples,
                images=images,
                source=source,
                preprocessing=preprocessing,
                progress=progress,
                say=errors.print,
            )
        if write:
            _draw_portrait(preset, source)
            zoo.write_metrics(preset, metrics)
        if as_json:
            print(json.dumps(metrics, indent=2))
            return
        table = Table("figure", "value", box=None, header_style="bold")
        for words, value in zoo.in_words(metrics["figures"]):
            table.add_row(escaped(words), escaped(value))
        console.print(table)


@app.command(rich_help_panel=_TRAIN)
def reproduce(
    table: Annotated[
        str | None,
        typer.Argument(help="A published table; without one, they are listed.", autocompletion=completion.table_names),
    ] = None,
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
                evaluate(str(reproduce_room.trained(preset)), write=True)
        if not recorded:
            start_tensorflow(f"Checking the table {table}")
        if not reproduce_room.run(entry, not (recorded or train), train, console, errors):
            raise ValueError("A figure is not that of these weights: see the table.")


@app.command(rich_help_panel=_SHIP)
def export(
    preset: PresetArgument,
    target: Annotated[
        str,
        typer.Option(
            help="cpu, gpu, edge, web (TFLite), server (SavedModel), or all.",
            autocompletion=completion.targets,
        ),
    ] = "all",
    out: Annotated[
        Path | None, typer.Option(help="Folder; each target gets a folder in it. Default: exports/NAME.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="Of a cpu build: dynamic_range or float32.", autocompletion=completion.formats),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data set or folder of images to calibrate and prove on; by default the recipe's.",
            autocompletion=completion.data_sets,
        ),
    ] = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace builds that are there.")] = False,
) -> None:
    """Write builds for devices and SavedModels for servers, each compared with the Keras model first."""
    with plain_errors():
        from keras_vae import zoo
        from keras_vae.cli import export as export_room
        from keras_vae.cli import inputs

        preset = trained(preset)
        export_room.check(preset, target, format, out, overwrite, data)
        start_tensorflow(f"Loading {preset}")
        model = with_codes(zoo.load(preset), "be exported")
        export_room.run(
            model, preset, target, format, out, overwrite, console, data, inputs.Reading(skip_corrupt, follow_links)
        )


@app.command(rich_help_panel=_SHIP)
def upload(
    preset: PresetArgument,
    address: Annotated[str, typer.Argument(help="Where to, such as hf://user/name.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository a private one.")] = False,
) -> None:
    """Put a preset folder on the Hugging Face hub."""
    with plain_errors():
        from keras_vae import zoo

        preset = trained(preset)
        start_tensorflow(f"Checking {preset}")
        found = zoo.upload(preset, address, private)
        console.print("It is there. Others load it with:", highlight=False)
        console.print(f'  keras_vae.load("{found}")', soft_wrap=True, highlight=False)


@app.command(rich_help_panel=_SHIP)
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("demo_output"),
    preset: Annotated[str, typer.Option(help="A conditional preset of 28x28 digits.")] = zoo.DEFAULT_PRESET,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of fine-tuning.")] = 15,
) -> None:
    """Load, draw, score, fine-tune, save and reload: the tour in three minutes."""
    with plain_errors():
        found = trained(preset)
        start_tensorflow(f"Loading {found}")
        from keras_vae.cli import demo as demo_room

        demo_room.run(out, console, found, epochs)


def _draw_portrait(preset: Any, source: Any) -> None:
    """Draw what the preset makes, for its card."""
    from keras_vae import data, plots, zoo

    if source is None and preset.recipe is None:
        return
    source = source or preset.recipe.data.name
    model = zoo.load(preset)
    # Of a model that does not use labels the preset has no names.
    names = tuple(filter(None, getattr(source, "class_names", ())))
    numbered = zoo.numbered_as(preset, model, source)
    x, y = data.arrays(numbered, data.split_for_arrays(numbered, "test"), preset.preprocessing)
    figure = plots.portrait(model, x[:500], y[:500], source == "shapes", zoo.class_names(preset) or names)
    if figure is not None:
        plots.save(figure, preset.folder / zoo.SAMPLES)
