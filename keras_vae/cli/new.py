"""The command that writes a training configuration for a folder of images."""

from pathlib import Path
from typing import Annotated, Any

import typer

from keras_vae.cli import completion
from keras_vae.cli.app import (
    FollowLinksOption,
    SkipCorruptOption,
    app,
    console,
    escaped,
    plain_errors,
    start_tensorflow,
)


@app.command("new", rich_help_panel="Train and score")
def new_recipe(
    path: Annotated[Path, typer.Argument(help="File to write, such as my_recipe.toml.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of images, or a .csv file of images and attributes: their number, classes, colors and contrast decide the "
            "settings."
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(help="vae, conditional_vae, autoencoder or vq_vae.", autocompletion=completion.kinds),
    ] = "vae",
    size: Annotated[int, typer.Option(help="Height and width of the images as the model sees them.")] = 64,
    grayscale: Annotated[
        bool | None, typer.Option("--grayscale/--color", help="By default as the folder; without one, color.")
    ] = None,
    classes: Annotated[
        int | None, typer.Option(help="Number of classes of a conditional_vae; by default the class folders.")
    ] = None,
    flip: Annotated[
        bool | None,
        typer.Option("--flip/--no-flip", help="Mirror training images at random; --no-flip for digits or letters."),
    ] = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Time for the training on this machine; a few training steps are timed. Default: 3,000 steps or so."
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps, instead of a time.")] = None,
    learning_rate: Annotated[float, typer.Option(help="Peak of Adam's learning rate.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of the first weights, the order and all noise.")] = 0,
) -> None:
    """Write a training configuration (recipe) for your own images, to change and to train."""
    with plain_errors():
        from keras_vae import _files, zoo
        from keras_vae.zoo.attribute_template import attribute_recipe_template

        if path.suffix != ".toml":
            raise ValueError(f"{path}: the name of a recipe ends in .toml.")
        if path.exists():
            raise FileExistsError(f"{path} is there already: choose another name, or remove it.")
        if minutes is not None and steps is not None:
            raise ValueError(f"--minutes {minutes:g} and --steps {steps}: give one of the two.")
        settings: dict[str, Any] = {"grey": bool(grayscale), "num_classes": 2 if classes is None else classes}
        settings |= {"flip": flip, "steps": steps, "seed": seed, "learning_rate": learning_rate}
        attributes = None
        if data is not None:
            found, data = _survey(data, kind, skip_corrupt, follow_links)
            settings |= _settings_of(found, data, kind, grayscale, classes)
            attributes = found.attributes if kind == "conditional_vae" else None

        def text() -> str:
            if attributes:
                return attribute_recipe_template(attributes, size, **settings)
            return zoo.recipe_template(kind, size, **settings)

        if minutes is not None:
            settings["steps"] = _steps_in(text(), minutes, path)
        _files.write_text(path, text())
        shown = "FOLDER_OF_IMAGES" if data is None else data
        flags = (" --skip-corrupt" if skip_corrupt else "") + (" --follow-links" if follow_links else "")
        console.print(f"Wrote [bold]{escaped(path)}[/]. Look into it, then:", soft_wrap=True, highlight=False)
        console.print(
            f"  keras-vae train {escaped(path)} --data {escaped(shown)}{flags}", soft_wrap=True, highlight=False
        )


def _survey(path: Path, kind: str, skip_corrupt: bool, follow_links: bool) -> tuple[Any, Path]:
    """What the folder or the table holds, and its path; prints it.

    A folder without class folders has its conditions in its one table, if there is one.
    """
    from keras_vae.data import survey

    found = survey(path, follow_links)
    if kind == "conditional_vae" and path.is_dir() and len(found.classes) < 2:
        tables = sorted(path.glob("*.csv"))
        if len(tables) == 1:
            path = tables[0]
            console.print(f"The attributes are those of {escaped(path)}.", soft_wrap=True, highlight=False)
            found = survey(path, follow_links)
    if found.damaged and not skip_corrupt:
        raise ValueError(
            f"{found.damaged[0]} cannot be decoded ({len(found.damaged)} such files were found): mend or remove it, or leave such "
            "files out with --skip-corrupt."
        )
    for line in found.lines():
        console.print(escaped(line), soft_wrap=True, highlight=False)
    return found, path


def _settings_of(found: Any, path: Path, kind: str, grayscale: bool | None, classes: int | None) -> dict[str, Any]:
    """The settings of a recipe that follow from what was found."""
    count = len(found.classes)
    if kind == "conditional_vae":
        if count < 2 and not found.attributes:
            has = "one class folder" if count else "no class folders"
            raise ValueError(
                f"--kind conditional_vae: {path} has {has}. Put the images of each class into a folder of its own, give a .csv "
                "file of images and attributes, or use --kind vae."
            )
        if found.attributes and classes is not None:
            raise ValueError(f"--classes {classes}: the images of {path} have attributes. Leave --classes out.")
        if classes not in (None, count):
            raise ValueError(f"--classes {classes}: {path} has {count} class folders.")
    return {
        "grey": found.gray if grayscale is None else grayscale,
        "num_classes": max(2, count),
        "images": found.training,
        "deviation": min(0.5, found.deviation),
    }


def _steps_in(text: str, minutes: float, path: Path) -> int:
    """How many steps of the recipe take so long on this machine."""
    import tomllib

    start_tensorflow("Timing some training steps")
    from keras_vae import training

    tables = tomllib.loads(text)
    del tables["card"]
    steps = training.steps_in(training.Recipe.from_dict(tables), minutes)
    console.print(f"{minutes:g} minutes are about {steps:,} optimizer steps on this machine.", highlight=False)
    return steps
