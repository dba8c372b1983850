"""A data set of one's own: a folder of picture files."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.data.image_files import SUFFIXES, digest_of, picture_shape, read_with_digest
from keras_vae.data.sources import Images

_TEST_SHARE = 10
_SPLITS = ("train", "test")


class ImageFolder:
    """The pictures in a folder, as a data set: wherever a data set's name stands, this can stand.

    Folders in it are classes, in the order of the alphabet; pictures that lie in the folder itself have the label 0. Where the
    folder holds `train` and `test`, those are the splits, each of them such a folder, and no images may stand beside them;
    otherwise every tenth picture, in an order that is drawn once, is for the test. Links to folders are followed.

    >>> pets = data.ImageFolder("pets", (64, 64, 3))
    >>> model.fit(data.load(pets, "train"), epochs=10)

    Args:
        folder: path of the folder.
        shape: `(height, width, channels)` to bring the pictures to: see `read_picture`.
        progress: called with the number of pictures read and the number of all.

    Raises:
        ValueError: if the shape is none of a picture, or the folder holds no pictures, only one, or some beside class folders, or
            the splits differ in their classes or stand beside other images, or a link leads back to a folder that is read already.
        NotADirectoryError: if there is no such folder.
    """

    def __init__(self, folder: str | Path, shape: Any, progress: Callable[[int, int], None] | None = None):
        if not isinstance(folder, str | os.PathLike):
            raise ValueError(f"folder={folder!r}: must be the path of a folder of images.")
        self.folder = Path(folder)
        self.shape = picture_shape(shape)
        self._progress = progress
        self._images: dict[str, Images] = {}
        self._digests: dict[Path, str] = {}
        if not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is no folder: give the path of a folder of pictures.")
        if _has_splits(self.folder):
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
        """SHA-256 of the names, labels and contents of the files, and of the shape: another one is another data set.

        The contents, since neither sizes nor times tell: bitmaps of one shape have one size, and a copied folder has new times.
        A file that was read is known by the bytes that were decoded then; the others are read now.
        """
        with ThreadPoolExecutor() as pool:
            missing = [path for files in self._files.values() for path, _ in files if path not in self._digests]
            self._digests.update(zip(missing, pool.map(digest_of, missing), strict=True))
        lines = [
            f"{split} {path.relative_to(self.folder)} {label} {self._digests[path]}"
            for split, files in self._files.items()
            for path, label in files
        ]
        return hashlib.sha256("\n".join([str(self.shape), *lines]).encode(errors="surrogateescape")).hexdigest()

    def __call__(self, split: str) -> Images:
        """The pictures of `"train"` or `"test"`, uint8 `(N, H, W, C)`, and their labels; they are read from the files once.

        Raises:
            ValueError: if a file is no picture or damaged, naming it.
            OSError: if a file cannot be read.
        """
        _checks.one_of("split", split, _SPLITS)
        if split not in self._images:
            files = self._files[split]
            images = np.empty((len(files), *self.shape), "uint8")
            with ThreadPoolExecutor() as pool:
                read = pool.map(lambda file: read_with_digest(file[0], self.shape, large=False), files)
                for i, (picture, digest) in enumerate(read):
                    if picture is None:
                        # One at a time, and in this thread: what threads of a pool free, each of them keeps for itself.
                        picture, digest = read_with_digest(files[i][0], self.shape)
                    images[i] = picture.image  # type: ignore[union-attr]
                    self._digests[files[i][0]] = digest
                    if self._progress:
                        self._progress(i + 1, len(files))
            # Files come class by class; slices such as "train[-500:]" are to hold all of them.
            order = np.random.RandomState(1).permutation(len(files))
            self._images[split] = Images(images[order], np.array([label for _, label in files], "int64")[order])
        return self._images[split]

    def _labelled(self, classes: dict[str, list[Path]]) -> list[tuple[Path, int]]:
        return [(path, label) for label, name in enumerate(self.class_names) for path in classes[name]]


def _has_splits(folder: Path) -> bool:
    """Whether a folder holds `train` and `test`, as splits.

    Raises:
        ValueError: if images beside them would be left out, or one of the two is missing.
    """
    there = [split for split in _SPLITS if (folder / split).is_dir()]
    remedy = (
        "give a folder that holds train and test alone, or one whose folders are the classes, none of them called so."
    )
    if len(there) == 1:
        alone = folder / there[0]
        if any(path.parent != alone for path in _pictures(_files_in(alone, _above(folder)))):
            missing = next(split for split in _SPLITS if split not in there)
            raise ValueError(f"{folder} holds folders of images in {there[0]!r} and no {missing!r}: {remedy}")
    if len(there) < len(_SPLITS):
        return False
    beside = [path.name for path in _pictures(folder.iterdir())]
    for inner in _inner_folders(folder):
        if inner.name not in _SPLITS and _pictures(_files_in(inner, _above(folder))):
            beside.append(inner.name)
    if beside:
        raise ValueError(f"{folder} holds {min(beside)!r} beside train and test, which would be left out: {remedy}")
    return True


def _classes(folder: Path) -> dict[str, list[Path]]:
    """The picture files by class; those of a folder without classes have the class ""."""
    own = _pictures(path for path in folder.iterdir())
    seen = _above(folder)
    found = {inner.name: _pictures(_files_in(inner, seen)) for inner in _inner_folders(folder)}
    found = {name: files for name, files in found.items() if files}
    if own and found:
        raise ValueError(
            f"{folder} holds pictures such as {own[0].name!r} beside the folder {min(found)!r} of pictures: put every picture into "
            "the folder of its class, or all into one."
        )
    if not own and not found:
        raise ValueError(f"{folder} holds no pictures: they are the files that end in {', '.join(SUFFIXES)}.")
    return found or {"": own}


def _inner_folders(folder: Path) -> list[Path]:
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith("."))


def _above(folder: Path) -> set[Path]:
    """A folder and those that hold it, as they are called when links are followed."""
    real = folder.resolve()
    return {real, *real.parents}


def _files_in(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """The files in a folder and in those inside, links followed; adds the folders to those that were `seen`.

    Raises:
        ValueError: if a link leads to a folder that was seen: it would be read for ever, or twice.
        OSError: if a folder cannot be read.
    """
    for inside, _, files in os.walk(folder, followlinks=True, onerror=_raise):
        real = Path(inside).resolve()
        if real in seen:
            raise ValueError(
                f"{inside} leads to {real}, which holds it or is read already: remove the link, or put a copy of the images there."
            )
        seen.add(real)
        yield from (Path(inside, name) for name in files)


def _raise(error: OSError) -> None:
    raise error


def _pictures(paths: Any) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES and path.is_file())
