"""The commands that draw."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_vae.cli import completion
from keras_vae.cli.app import (
    AttributeOption,
    FollowLinksOption,
    JsonOption,
    PresetArgument,
    SeedOption,
    SkipCorruptOption,
    app,
    console,
    generative,
    labels_of,
    plain_errors,
    start_tensorflow,
    trained,
    with_codes,
    working,
)

_PANEL = "Draw"
OutOption = Annotated[Path, typer.Option(help="PNG file to write.")]
MovingOption = Annotated[Path, typer.Option(help="File to write: a PNG, or an animation if it ends in .gif.")]
FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Image files of your own, any size, grayscale or color; without any, test images.", metavar="IMAGE..."
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        help="Data set or folder of the test images; by default the preset's own. `digits` is always there.",
        autocompletion=completion.data_sets,
    ),
]
LabelsOption = Annotated[
    str | None,
    typer.Option(help="What the image files show, for a conditional model, such as 3,1,4 or the names of its classes."),
]
InvertOption = Annotated[
    bool,
    typer.Option("--invert", help="Exchange dark and light in the image files: ink on paper becomes like MNIST."),
]
CountOption = Annotated[int, typer.Option(min=1, help="Number of test images.")]


@app.command(rich_help_panel=_PANEL)
def sample(
    preset: PresetArgument,
    out: OutOption = Path("samples.png"),
    n: Annotated[
        int,
        typer.Option(
            min=1, help="Number of images; of a conditional model without --labels, of each class or row of attributes."
        ),
    ] = 10,
    labels: Annotated[
        str | None,
        typer.Option(help="Classes to sample from a class-conditional model, such as 3,1,4, or their names."),
    ] = None,
    attribute: AttributeOption = None,
    seed: SeedOption = 0,
    temperature: Annotated[float, typer.Option(help="Below 1: more typical images, less varied.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Sample new images."""
    with plain_errors():
        import numpy as np

        from keras_vae import plots, zoo
        from keras_vae.cli import attributes

        preset = trained(preset)
        columns = attributes.asked_for(preset, attribute, labels)
        if labels is not None:
            labels_of(labels, preset.manifest.get("class_names", ()))
        model = generative(_loaded(preset), "sample images")
        if labels is not None and not model.conditional:
            raise ValueError(
                f"--labels {labels}: {preset} draws what it will. Leave --labels out, or take a conditional model."
            )
        names = zoo.class_names(preset)
        wanted = None if labels is None else labels_of(labels, names)

        def sampled() -> Any:
            if columns:
                repeated = {name: np.repeat(values, n) for name, values in columns.items()}
                images = model.sample(labels=repeated, seed=seed, temperature=temperature)
                return plots.grid_figure(images, n, f"samples of {model.name}", attributes.rows_in_words(columns))
            if wanted is not None:
                images = model.sample(labels=wanted, seed=seed, temperature=temperature)
                return plots.grid_figure(images, len(wanted), f"samples of {model.name}")
            if model.conditional:
                return plots.samples_by_class(model, n, seed, temperature, names)
            return plots.samples(model, n, seed, temperature)

        _write(lambda: plots.save(sampled(), out), as_json)


@app.command(rich_help_panel=_PANEL)
def reconstruct(
    preset: PresetArgument,
    files: FilesArgument = None,
    out: OutOption = Path("reconstructions.png"),
    data: DataOption = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    n: CountOption = 20,
    labels: LabelsOption = None,
    invert: InvertOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show images beside what a model makes of them."""
    with plain_errors():
        import numpy as np

        from keras_vae import plots
        from keras_vae.cli import inputs

        preset = trained(preset)
        inputs.check(preset, files or [], data, labels)
        model = with_codes(_loaded(preset), "reconstruct images")
        x, y, names = inputs.images_for(
            model, preset, files or [], data, n, labels, invert, as_json, inputs.Reading(skip_corrupt, follow_links)
        )
        y = y if model.conditional else None
        with working("reconstructing"):
            made = np.asarray(model.reconstruct(x, y))
        if files and not as_json and inputs.light_edges(x, made):
            console.print("The images have light edges, where the model's have dark ones: try --invert.")
        errors = np.mean((made - x) ** 2, axis=tuple(range(1, x.ndim)))
        found = [{"image": name, "squared_error": float(e)} for name, e in zip(names, errors, strict=True)]
        _write(lambda: plots.save(plots.reconstructions(model, x, y), out), as_json, images=found)


@app.command(rich_help_panel=_PANEL)
def interpolate(
    preset: PresetArgument,
    files: FilesArgument = None,
    out: MovingOption = Path("interpolations.png"),
    data: DataOption = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    n: Annotated[int, typer.Option(min=1, help="Number of pairs of test images.")] = 6,
    steps: Annotated[int | None, typer.Option(min=2, help="Images a row; 9, or 24 in a GIF.")] = None,
    labels: LabelsOption = None,
    invert: InvertOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go from one image to the next along a straight line between their codes."""
    with plain_errors():
        from keras_vae import plots, zoo
        from keras_vae.cli import inputs

        preset = trained(preset)
        if files and len(files) < 2:
            raise ValueError("Give two image files or more: interpolation goes from each to the next.")
        inputs.check(preset, files or [], data, labels)
        model = with_codes(_loaded(preset), "interpolate")
        x, y, _ = inputs.images_for(
            model, preset, files or [], data, 2 * n, labels, invert, as_json, inputs.Reading(skip_corrupt, follow_links)
        )
        first, second = (x[:-1], x[1:]) if files else (x[: len(x) // 2 * 2 : 2], x[1::2])
        pair = None
        if model.conditional:
            pair = (y[:-1], y[1:]) if files else (y[: len(y) // 2 * 2 : 2], y[1::2])
        words = zoo.class_names(preset)

        def interpolated() -> Path:
            if _moving(out):
                return plots.interpolation_gif(model, first, second, out, pair, steps or 24, class_names=words)
            return plots.save(plots.interpolations(model, first, second, pair, steps or 9, words), out)

        _write(interpolated, as_json)


@app.command(rich_help_panel=_PANEL)
def traverse(
    preset: PresetArgument,
    file: Annotated[
        Path | None, typer.Argument(help="An image file of your own; without one, a test image.", metavar="IMAGE")
    ] = None,
    out: MovingOption = Path("traversals.png"),
    data: DataOption = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    number: Annotated[int, typer.Option(min=0, help="Which test image.")] = 0,
    rows: Annotated[int, typer.Option(min=1, help="How many latents, those that say most first.")] = 8,
    reach: Annotated[
        float, typer.Option(help="How far each latent is moved, in standard deviations of the prior.")
    ] = 2.5,
    labels: LabelsOption = None,
    invert: InvertOption = False,
    as_json: JsonOption = False,
) -> None:
    """Move one latent at a time and see what it means."""
    with plain_errors():
        from keras_vae import plots
        from keras_vae.cli import inputs

        preset = trained(preset)
        inputs.check(preset, [file] if file else [], data, labels)
        model = with_codes(_loaded(preset), "traverse its latents")
        x, y, _ = inputs.images_for(
            model,
            preset,
            [file] if file else [],
            data,
            number + 1,
            labels,
            invert,
            as_json,
            inputs.Reading(skip_corrupt, follow_links),
        )
        if not file and len(x) <= number:
            raise ValueError(f"--number {number}: there are {len(x)} test images.")
        label = y[-1] if model.conditional else None
        if _moving(out):
            _write(lambda: plots.traversal_gif(model, x[-1], out, label, rows, reach=reach), as_json)
        else:
            _write(lambda: plots.save(plots.traversals(model, x[-1], label, rows, reach=reach), out), as_json)


@app.command(rich_help_panel=_PANEL)
def manifold(
    preset: PresetArgument,
    out: OutOption = Path("manifold.png"),
    size: Annotated[int, typer.Option(min=1, help="Images a side.")] = 20,
    label: Annotated[int | None, typer.Option(help="The class, for a conditional model.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the whole latent plane of a model with two latents."""
    with plain_errors():
        from keras_vae import plots

        preset = trained(preset)
        model = generative(_loaded(preset), "draw a latent plane")
        _write(lambda: plots.save(plots.manifold(model, size, label), out), as_json)


@app.command(rich_help_panel=_PANEL)
def complete(
    preset: PresetArgument,
    files: FilesArgument = None,
    out: OutOption = Path("completions.png"),
    given: Annotated[
        int,
        typer.Option(
            min=1,
            max=3,
            help="How many quadrants it is shown: the lower left, the left half, or all but the lower right.",
        ),
    ] = 1,
    draws: Annotated[int, typer.Option(min=1, help="Completions of each image.")] = 6,
    data: DataOption = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    n: CountOption = 6,
    invert: InvertOption = False,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Hide a part of each image and let a model complete it, several times."""
    with plain_errors():
        from keras_vae import data as data_room
        from keras_vae import plots
        from keras_vae.cli import inputs

        preset = trained(preset)
        inputs.check(preset, files or [], data)
        model = generative(_loaded(preset), "complete images")
        x = inputs.images_for(
            model, preset, files or [], data, n, None, invert, as_json, inputs.Reading(skip_corrupt, follow_links)
        ).images
        conditions = data_room.quadrants(x, given)
        _write(lambda: plots.save(plots.completions(model, x, conditions, draws, seed), out), as_json)


@app.command(rich_help_panel=_PANEL)
def swap(
    preset: PresetArgument,
    files: FilesArgument = None,
    out: OutOption = Path("swaps.png"),
    data: DataOption = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    n: CountOption = 10,
    invert: InvertOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show images in every domain of a swap autoencoder."""
    with plain_errors():
        from keras_vae import plots, zoo
        from keras_vae.cli import inputs

        preset = trained(preset)
        inputs.check(preset, files or [], data)
        model = _loaded(preset)
        x = inputs.images_for(
            model, preset, files or [], data, n, None, invert, as_json, inputs.Reading(skip_corrupt, follow_links)
        ).images
        _write(lambda: plots.save(plots.swaps(model, x, zoo.class_names(preset)), out), as_json)


@app.command(rich_help_panel=_PANEL)
def compare(
    presets: Annotated[
        list[str],
        typer.Argument(
            help="Presets of one kind of data.", metavar="PRESET...", autocompletion=completion.preset_names
        ),
    ],
    images: Annotated[
        list[Path] | None, typer.Option("--image", help="An image file of your own; may be given several times.")
    ] = None,
    out: OutOption = Path("comparison.png"),
    data: DataOption = None,
    skip_corrupt: SkipCorruptOption = False,
    follow_links: FollowLinksOption = False,
    n: CountOption = 12,
    labels: LabelsOption = None,
    invert: InvertOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what several models make of the same images."""
    with plain_errors():
        from keras_vae import plots
        from keras_vae.cli import inputs

        found = [trained(preset) for preset in presets]
        inputs.check_source(data)
        inputs.check_files(images or [])
        models = [with_codes(_loaded(preset), "be compared by what it reconstructs") for preset in found]
        # A conditional model among them says which labels are needed.
        first = next((i for i, model in enumerate(models) if model.conditional), 0)
        inputs.check(found[first], images or [], data, labels)
        x, y, _ = inputs.images_for(
            models[first],
            found[first],
            images or [],
            data,
            n,
            labels,
            invert,
            as_json,
            inputs.Reading(skip_corrupt, follow_links),
        )
        shown = found[first].preprocessing
        for preset in found:
            own = preset.preprocessing
            if own != shown and not as_json:
                console.print(
                    f"{preset} learned from images prepared as {own!r}; here all are prepared as {shown!r}, as {found[first]} "
                    "learned from them.",
                    soft_wrap=True,
                    highlight=False,
                )
        _write(lambda: plots.save(plots.comparison(models, x, y), out), as_json)


def _moving(path: Path) -> bool:
    return path.suffix.lower() == ".gif"


def _loaded(preset: Any) -> Any:
    from keras_vae import zoo

    start_tensorflow(f"Loading {preset}")
    with working(f"loading {preset}"):
        return zoo.load(preset)


def _write(draw: Callable[[], Path], as_json: bool, **facts: Any) -> None:
    """Write a figure into its file, and print where that is."""
    with working("drawing"):
        path = draw()
    if as_json:
        print(json.dumps({"file": str(path.resolve()), **facts}, indent=2))
    else:
        console.print(f"Wrote {path.resolve()}", soft_wrap=True, highlight=False)
