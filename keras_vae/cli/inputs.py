"""The images that a command is given: files of the user's, or test images of a data set."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae import _checks, augment, data, zoo
from keras_vae.cli.app import at_end, console, errors, labels_of
from keras_vae.data.image_files import checked_path


class Inputs(NamedTuple):
    """Images as a model takes them."""

    images: np.ndarray
    """float32, `(N,) + data_shape`."""
    labels: Any
    """int `(N,)`, or pictures for a model that takes those; None where files have no labels."""
    names: list[str]
    """Words for each image: its file, or its number in the data set."""


class Reading(NamedTuple):
    """How the image files of `--data` are read."""

    skip_corrupt: bool = False
    """Whether files that cannot be decoded are left out, with a warning."""
    follow_links: bool = False
    """Whether links may lead outside of the folder."""


AS_IT_IS = Reading()
"""Without options: a damaged file is an error, and links stay inside the folder."""


def check_source(text: str | None) -> None:
    """Check what `--data` names, where it is given.

    Raises:
        ValueError: if it is no data set, folder or CSV file, or both of the first.
    """
    if text is None:
        return
    named, there = text in data.DATASETS, Path(text).is_dir()
    table = Path(text).suffix.lower() == ".csv" and Path(text).is_file()
    if named and there:
        raise ValueError(
            f"--data {text}: is a data set and a folder here. Write ./{text} for the folder, or go elsewhere."
        )
    if not named and not there and not table:
        raise ValueError(
            f"--data {text}: is neither a folder nor one of the data sets {', '.join(data.DATASETS)}, nor a .csv file."
            + _checks.did_you_mean(text, data.DATASETS)
        )


def check_data(preset: zoo.Preset, given: str | None) -> None:
    """Check that `--data`, or the preset's recipe, says which data set or folder is meant.

    Raises:
        ValueError: if neither does, or `--data` is wrong.
    """
    check_source(given)
    if given is None and preset.recipe is None:
        raise ValueError(
            f"{preset.name} names no data set: choose one, or a folder, with --data, such as --data digits."
        )
    if given is None and preset.recipe and preset.recipe.data.name == data.FOLDER:
        raise ValueError(f"{preset.name} is for images in a folder of your own: say which with --data FOLDER.")


def check_preprocessing(name: str) -> None:
    """Check what `--preprocessing` names.

    Raises:
        ValueError: if there is no such preprocessing.
    """
    augment.preprocessing_named(name, "--preprocessing")


def source_of(text: str, shape: Any, files: Reading) -> Any:
    """The data set that `--data` names, the folder of images, or the CSV file of images and attributes.

    Args:
        text: what was given.
        shape: of the model's images.
        files: how its files are read.

    Raises:
        ValueError: if it is neither, or both.
    """
    check_source(text)
    if text in data.DATASETS:
        return text
    how: dict[str, Any] = {
        "progress": _Progress(f"reading {text}"),
        "corrupt": "skip" if files.skip_corrupt else "raise",
        "follow_links": files.follow_links,
    }
    return data.ImageFolder(text, shape, **how) if Path(text).is_dir() else data.ImageTable(text, shape, **how)


def choice_of(preset: zoo.Preset, given: str | None, model: Any, files: Reading) -> Any:
    """The data set: the one `given`, its classes numbered as the preset's, or that of the recipe; None where neither names one.

    Raises:
        ValueError: if `given` is neither a data set nor a folder, or its classes are not those of the preset.
    """
    if given is not None:
        return zoo.numbered_as(preset, model, source_of(given, model.data_shape, files))
    return preset.recipe.data.name if preset.recipe else None


def check_files(files: Sequence[Path]) -> None:
    """Check that the files are there.

    Raises:
        OSError: if one is not.
    """
    for path in files:
        checked_path(path)


def check(preset: str | zoo.Preset, files: Sequence[Path], source: str | None, labels: str | None = None) -> None:
    """Check what `images_for` is given as far as it can be told without the model.

    Raises:
        ValueError: if there is no data set, or labels are given that are none, too many or too few.
        OSError: if a file is not there.
    """
    found = zoo.find_preset(preset)
    if not files:
        check_source(source)
        if source is None and (found.recipe is None or found.recipe.data.name == data.FOLDER):
            raise ValueError(
                f"{preset} names no data set: give image files, or a data set or folder with --data, such as --data digits."
            )
        if labels is not None:
            raise ValueError("--labels are those of image files: test images have their own.")
        return
    check_files(files)
    if "attributes" in found.model:
        raise ValueError(
            f"{preset} is conditioned on attributes, which image files do not have: leave the files out, and give --data TABLE.csv."
        )
    if labels is not None:
        given = labels_of(labels, found.manifest.get("class_names", ()))
        if len(given) != len(files):
            raise ValueError(f"--labels {labels}: {len(given)} for {len(files)} image files. Give one each.")


def images_for(
    model: Any,
    preset: str | zoo.Preset,
    files: Sequence[Path],
    source: str | None,
    count: int,
    labels: str | None = None,
    invert: bool = False,
    quiet: bool = False,
    reading: Reading = AS_IT_IS,
) -> Inputs:
    """The images in the files, or the first `count` test images of the data set; prints what was done to those in files.

    Args are as they passed `check`.

    Raises:
        ValueError: if a file is not an image, or the model needs labels that are not given.
    """
    found = zoo.find_preset(preset)
    if not files:
        chosen = choice_of(found, source, model, reading)
        x, y = data.arrays(chosen, data.split_for_arrays(chosen, "test"), found.preprocessing)
        return Inputs(x[:count], y[:count], [f"test image {i}" for i in range(len(x[:count]))])
    read = [data.read_picture(path, model.data_shape, invert) for path in files]
    if not quiet:
        for path, picture in zip(files, read, strict=True):
            console.print(f"{path}: {picture.changes}", soft_wrap=True, highlight=False)
    given = None if labels is None else np.array(labels_of(labels, zoo.class_names(found)))
    if given is None and model.conditional and model.num_classes is not None:
        raise ValueError(
            f"{preset} is a conditional model: say what the images show, such as --labels {','.join('3' for _ in files)}."
        )
    step = augment.preprocessing_named(found.preprocessing)
    if isinstance(step, augment.FixedBinarization) and not quiet:
        console.print(
            f"{preset} learned from black and white: each grey pixel became white by chance, the more likely the lighter it is.",
            soft_wrap=True,
            highlight=False,
        )
    images = step.once(np.stack([picture.image for picture in read]), 0).numpy()
    return Inputs(images, given, [str(path) for path in files])


def light_edges(inputs: np.ndarray, outputs: np.ndarray) -> bool:
    """Whether images have light edges where their reconstructions have dark ones: they need `--invert`."""
    return float(_edges(inputs) - _edges(outputs)) > 0.4


def _edges(images: np.ndarray) -> float:
    rims = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    return float(np.mean([rim.mean() for rim in rims]))


class _Progress:
    """A bar for work that takes more than a moment, begun with its first step and ended with its last."""

    def __init__(self, words: str):
        self._words = words
        self._bar = contextlib.ExitStack()
        self._update: Any = None
        at_end.callback(self._bar.close)

    def __call__(self, done: int, total: int) -> None:
        if self._update is None:
            self._update = self._bar.enter_context(progress_bar(self._words))
        self._update(done, total)
        if done == total:
            self._bar.close()
            self._update = None


@contextlib.contextmanager
def progress_bar(words: str) -> Iterator[Any]:
    """A bar on the error stream, and the function that moves it, of the number done and the number of all."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Drawn when there is news, not by a thread: one that imports while TensorFlow Datasets is being imported fails.
    shown = errors.is_terminal  # elsewhere a bar would be a blank line
    with Progress(*columns, console=errors, transient=True, auto_refresh=False, disable=not shown) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total, refresh=True)
