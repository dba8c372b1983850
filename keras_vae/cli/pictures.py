"""The commands that draw."""

from pathlib import Path
from typing import Annotated

import typer

from keras_vae.cli.app import (
    OutOption,
    PresetArgument,
    SeedOption,
    app,
    console,
    generative,
    plain_errors,
    whole_numbers,
)


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
    with plain_errors():
        from keras_vae import plots, zoo

        model = generative(zoo.load(preset), "draw images")
        if labels is not None:
            wanted = whole_numbers(labels)
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
    with plain_errors():
        from keras_vae import data as data_room
        from keras_vae import plots, zoo

        model = generative(zoo.load(preset), "reconstruct")
        recipe = zoo.Preset.read(zoo.preset_folder(preset)).recipe
        if data is None and recipe is None:
            raise ValueError(f"{preset} names no data set: choose one with --data, for example --data digits.")
        name = data or recipe.data.name  # type: ignore[union-attr]
        x, y = data_room.arrays(name, "test", recipe.data.preprocessing if recipe else "scaling")
        figure = plots.reconstructions(model, x[:n], y[:n])
        console.print(f"Wrote {plots.save(figure, out).resolve()}", soft_wrap=True, highlight=False)
