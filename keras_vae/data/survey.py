"""What a folder of images holds, found without decoding all of it: what a training configuration for it depends on."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae import _checks
from keras_vae._attributes import in_words
from keras_vae.data.folder_files import FolderFiles
from keras_vae.data.image_file_set import Files, divided
from keras_vae.data.image_files import header_of, read_picture
from keras_vae.data.image_table import ImageTable

# Enough to know the colours and the contrast of a folder to a per cent or two.
_LOOKED_AT = 200
# Two channels of a color image may differ by so much, of 255, where JPEG rounded a gray one.
_GRAY = 6
# Standard deviations are of images of this side.
_SIDE = 32


class Survey(NamedTuple):
    """What a folder of images holds, or a table of images and attributes."""

    training: int
    """Number of training images: nine of ten, or those of the folder `train`."""
    test: int
    """Number of test images."""
    classes: dict[str, int]
    """Number of images per class folder; empty where there are none."""
    smallest_side: int
    """Height or width of the smallest image, in pixels."""
    median_side: int
    """Median over the images of the smaller of height and width, in pixels."""
    gray: bool
    """Whether no image has colors."""
    transparent: float
    """Share of images with transparency, 0 to 1; it is laid on white."""
    deviation: float
    """Standard deviation of the pixels about the mean image, in units of the whole range."""
    damaged: tuple[Path, ...] = ()
    """Files that cannot be decoded, as far as they were looked at; they are not counted above."""
    attributes: Mapping[str, Any] = {}
    """Of a table: by attribute its words, or the mean and the standard deviation of a number (`ImageTable.attributes`)."""

    def lines(self) -> list[str]:
        """The same in words, and what may need attention."""
        colors = "grayscale" if self.gray else "color"
        found = [
            f"{self.training:,} training images and {self.test:,} test images, {colors}. The shorter side has {self.smallest_side} "
            f"pixels or more (median {self.median_side})."
        ]
        if self.classes:
            shown = ", ".join(f"{name} {count:,}" for name, count in list(self.classes.items())[:12])
            found.append(f"{len(self.classes)} classes: {shown}{', ...' if len(self.classes) > 12 else ''}.")
            least, most = min(self.classes.values()), max(self.classes.values())
            if most > 10 * least:
                rare = min(self.classes, key=self.classes.__getitem__)
                found.append(
                    f"The classes are unbalanced: {rare} has {least:,} images and the largest class {most:,}. Samples of rare "
                    "classes will be poor: add images, or merge classes."
                )
        if self.attributes:
            found.append(f"{len(self.attributes)} attributes: {in_words(self.attributes)}.")
        if self.damaged:
            found.append(f"{len(self.damaged)} files cannot be decoded, such as {self.damaged[0]}: they are left out.")
        if self.transparent > 0:
            found.append(f"{self.transparent:.0%} of the images have transparency, which becomes white.")
        if self.training < 100:
            found.append(
                f"{self.training} images are few: expect blurry results, and samples close to the training images."
            )
        return found


def survey(folder: str | Path, follow_links: bool = False) -> Survey:
    """Look at a folder of images, as `ImageFolder` reads it, or at a CSV file of images and attributes, as `ImageTable` does.

    Headers are read of every file, and pixels of at most 200 images.

    Args:
        folder: path of the folder, or of a file that ends in .csv.
        follow_links: as in `ImageFolder`.

    Raises:
        ValueError: if it holds no images, or not as `ImageFolder` or `ImageTable` needs them, or none that can be read.
        NotADirectoryError: if there is no such folder.
        FileNotFoundError: if there is no such CSV file.
        OSError: if a file cannot be read.
    """
    path = _checks.path("folder", folder)
    files, names, attributes = (
        _of_table(path, follow_links) if path.suffix.lower() == ".csv" else _of_folder(path, follow_links)
    )
    every = [file for split in files.values() for file, _ in split]
    with ThreadPoolExecutor() as pool:
        headers = dict(zip(every, pool.map(header_of, every), strict=True))
        order = np.random.RandomState(0).permutation(len(every))[:_LOOKED_AT]
        pixels = {every[i]: image for i, image in zip(order, pool.map(_pixels, [every[i] for i in order]), strict=True)}
    damaged = {file for file in every if headers[file] is None or pixels.get(file, file) is None}
    sound = [header for file, header in headers.items() if header and file not in damaged]
    images = [image for image in pixels.values() if image is not None]
    if not sound or not images:
        raise ValueError(f"{path} holds no image that can be read: {len(every)} files were tried.")
    files = {split: [entry for entry in entries if entry[0] not in damaged] for split, entries in files.items()}
    sides = [header[0] for header in sound]
    pixel_values = np.stack(images).astype("float32") / 255.0
    return Survey(
        training=len(files["train"]),
        test=len(files["test"]),
        classes=_per_class(files.values(), names) if any(names) else {},
        smallest_side=min(sides),
        median_side=int(np.median(sides)),
        gray=bool(np.ptp(pixel_values, axis=-1).max() * 255.0 <= _GRAY),
        transparent=float(np.mean([header[1] for header in sound])),
        deviation=float((pixel_values - pixel_values.mean(axis=0)).std()),
        damaged=tuple(sorted(damaged)),
        attributes=attributes,
    )


_Found = tuple[Files, Sequence[str], Mapping[str, Any]]
"""Files with their labels by split, names of the labels, attributes."""


def _of_folder(path: Path, follow_links: bool) -> _Found:
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is no folder: give the path of a folder of images.")
    found = FolderFiles(path, follow_links)
    labelled = {
        split: [(file, label) for label, name in enumerate(found.class_names) for file in classes[name]]
        for split, classes in found.by_split.items()
    }
    return labelled if "" not in labelled else divided(path, labelled[""]), found.class_names, {}


def _of_table(path: Path, follow_links: bool) -> _Found:
    table = ImageTable(path, (_SIDE, _SIDE, 3), follow_links=follow_links)
    return table.files, (), table.attributes


def _per_class(splits: Iterable[list[tuple[Path, int]]], names: Sequence[str]) -> dict[str, int]:
    labels = [label for split in splits for _, label in split]
    return {name: labels.count(label) for label, name in enumerate(names)}


def _pixels(path: Path) -> np.ndarray | None:
    """A small copy of an image, `(32, 32, 3)`; None for a damaged file."""
    try:
        return read_picture(path, (_SIDE, _SIDE, 3)).image
    except ValueError:
        return None
