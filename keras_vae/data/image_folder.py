"""A data set of one's own: a folder of picture files."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.image_files import SUFFIXES, picture_shape, read_picture
from keras_vae.data.sources import Images

_TEST_SHARE = 10
_SPLITS = ("train", "test")


class ImageFolder:
    """The pictures in a folder, as a data set: wherever a data set's name stands, this can stand.

    Folders in it are classes, in the order of the alphabet; pictures that lie in the folder itself have the label 0. Where the
    folder holds `train` and `test`, those are the splits, each of them such a folder; otherwise every tenth picture, in an order
    that is drawn once, is for the test.

    >>> pets = data.ImageFolder("pets", (64, 64, 3))
    >>> model.fit(data.load(pets, "train"), epochs=10)

    Args:
        folder: path of the folder.
        shape: `(height, width, channels)` to bring the pictures to: see `read_picture`.
        progress: called with the number of pictures read and the number of all.

    Raises:
        ValueError: if the shape is none of a picture, or the folder holds no pictures, only one, or some beside class folders, or
            the splits differ in their classes.
        NotADirectoryError: if there is no such folder.
    """

    def __init__(self, folder: str | Path, shape: Any, progress: Callable[[int, int], None] | None = None):
        self.folder = Path(folder)
        self.shape = picture_shape(shape)
        self._progress = progress
        self._images: dict[str, Images] = {}
        if not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is no folder: give the path of a folder of pictures.")
        if all((self.folder / split).is_dir() for split in _SPLITS):
            found = {split: _classes(self.folder / split) for split in _SPLITS}
            train, test = (sorted(found[split]) for split in _SPLITS)
            if train != test:
                raise ValueError(
                    f"{self.folder}/train has the classes {', '.join(train)}, and {self.folder}/test has {', '.join(test)}: give "
                    "both the same."
                )
            self.class_names = tuple(train)
            self._files = {split: self._labelled(found[split]) for split in _SPLITS}
        else:
            classes = _classes(self.folder)
            self.class_names = tuple(sorted(classes))
            files = self._labelled(classes)
            if len(files) < 2:
                raise ValueError(
                    f"{self.folder} holds one picture: there must be one to learn from and one for the test."
                )
            order = np.random.RandomState(0).permutation(len(files))
            count = max(1, len(files) // _TEST_SHARE)
            self._files = {
                "train": [files[i] for i in sorted(order[count:])],
                "test": [files[i] for i in sorted(order[:count])],
            }

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the names, labels and sizes of the files, and of the shape: another one is another data set."""
        lines = [
            f"{split} {path.relative_to(self.folder)} {label} {path.stat().st_size}"
            for split, files in self._files.items()
            for path, label in files
        ]
        return hashlib.sha256("\n".join([str(self.shape), *lines]).encode()).hexdigest()

    def __call__(self, split: str) -> Images:
        """The pictures of `"train"` or `"test"`, uint8 `(N, H, W, C)`, and their labels; they are read from the files once.

        Raises:
            ValueError: if a file is no picture or damaged, naming it.
            OSError: if a file cannot be read.
        """
        if split not in self._images:
            files = self._files[split]
            images = np.empty((len(files), *self.shape), "uint8")
            with ThreadPoolExecutor() as pool:
                for i, picture in enumerate(pool.map(lambda file: read_picture(file[0], self.shape), files)):
                    images[i] = picture.image
                    if self._progress:
                        self._progress(i + 1, len(files))
            # Files come class by class; slices such as "train[-500:]" are to hold all of them.
            order = np.random.RandomState(1).permutation(len(files))
            self._images[split] = Images(images[order], np.array([label for _, label in files], "int64")[order])
        return self._images[split]

    def _labelled(self, classes: dict[str, list[Path]]) -> list[tuple[Path, int]]:
        return [(path, label) for label, name in enumerate(self.class_names) for path in classes[name]]


def _classes(folder: Path) -> dict[str, list[Path]]:
    """The picture files by class; those of a folder without classes have the class ""."""
    own = _pictures(path for path in folder.iterdir())
    found = {
        inner.name: _pictures(inner.rglob("*"))
        for inner in folder.iterdir()
        if inner.is_dir() and not inner.name.startswith(".")
    }
    found = {name: files for name, files in found.items() if files}
    if own and found:
        raise ValueError(
            f"{folder} holds pictures such as {own[0].name!r} beside the folder {min(found)!r} of pictures: put every picture into "
            "the folder of its class, or all into one."
        )
    if not own and not found:
        raise ValueError(f"{folder} holds no pictures: they are the files that end in {', '.join(SUFFIXES)}.")
    return found or {"": own}


def _pictures(paths: Any) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES and path.is_file())
