"""Finds the image files of a folder: its splits, its classes, and what its links lead to."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from keras_vae.data.image_files import SUFFIXES

SPLITS = ("train", "test")


class FolderFiles:
    """The image files of a folder by split and class.

    Args:
        folder: path of the folder.
        follow_links: whether links may lead to what is outside of the folder.

    Raises:
        ValueError: if the folder holds no images, or some beside class folders or splits, the splits differ in their classes, or a
            link is broken, leads outside or to a folder that is read already.
        OSError: if a folder cannot be read.
    """

    def __init__(self, folder: Path, follow_links: bool):
        self._folder = folder
        self._real = Path(os.path.realpath(folder))
        self._follow_links = follow_links
        self.by_split: dict[str, dict[str, list[Path]]] = {}
        """Files by class, by split; with one split, "", where the folder has none. Without class folders the class is ""."""
        if not self._has_splits():
            self.by_split[""] = self._classes(folder)
            return
        self.by_split = {split: self._classes(folder / split) for split in SPLITS}
        train, test = (sorted(self.by_split[split]) for split in SPLITS)
        if train != test:
            raise ValueError(
                f"{folder}/train has the classes {', '.join(train)}, and {folder}/test has {', '.join(test)}: give both the same."
            )

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the class folders, in the order of the alphabet."""
        return tuple(sorted(next(iter(self.by_split.values()))))

    def _has_splits(self) -> bool:
        """Whether the folder holds `train` and `test`, as splits.

        Raises:
            ValueError: if images beside them would be left out, or one of the two is missing.
        """
        folder = self._folder
        there = [split for split in SPLITS if (folder / split).is_dir()]
        remedy = "give a folder that holds train and test alone, or one whose folders are the classes, none of them called so."
        if len(there) == 1:
            alone = folder / there[0]
            if any(path.parent != alone for path in self._images(self._files_in(alone, _above(folder)))):
                missing = next(split for split in SPLITS if split not in there)
                raise ValueError(f"{folder} holds folders of images in {there[0]!r} and no {missing!r}: {remedy}")
        if len(there) < len(SPLITS):
            return False
        beside = [path.name for path in self._images(folder.iterdir())]
        for inner in _inner_folders(folder):
            if inner.name not in SPLITS and self._images(self._files_in(inner, _above(folder))):
                beside.append(inner.name)
        if beside:
            raise ValueError(f"{folder} holds {min(beside)!r} beside train and test, which would be left out: {remedy}")
        return True

    def _classes(self, folder: Path) -> dict[str, list[Path]]:
        """The image files by class; those of a folder without classes have the class ""."""
        self._check_link(folder)
        own = self._images(folder.iterdir())
        seen = _above(folder)
        found = {inner.name: self._images(self._files_in(inner, seen)) for inner in _inner_folders(folder)}
        found = {name: files for name, files in found.items() if files}
        if own and found:
            raise ValueError(
                f"{folder} holds images such as {own[0].name!r} beside the folder {min(found)!r} of images: put every image into "
                "the folder of its class, or all into one."
            )
        if not own and not found:
            raise ValueError(f"{folder} holds no images: they are the files that end in {', '.join(SUFFIXES)}.")
        return found or {"": own}

    def _files_in(self, folder: Path, seen: set[Path]) -> Iterator[Path]:
        """The files in a folder and in those inside, links followed; adds the folders to those that were `seen`.

        Raises:
            ValueError: if a link leads outside, or to a folder that was seen: it would be read for ever, or twice.
            OSError: if a folder cannot be read.
        """
        for inside, _, files in os.walk(folder, followlinks=True, onerror=_raise):
            real = Path(os.path.realpath(inside))
            if real in seen:
                raise ValueError(
                    f"{inside} leads to {real}, which holds it or is read already: remove the link, or put a copy of the images "
                    "there."
                )
            self._check_link(Path(inside))
            seen.add(real)
            yield from (Path(inside, name) for name in files)

    def _images(self, paths: Iterable[Path]) -> list[Path]:
        """The image files among paths, sorted.

        Raises:
            ValueError: if one is a link that is broken or leads outside.
        """
        found = []
        for path in paths:
            if path.suffix.lower() in SUFFIXES:
                self._check_link(path)
                if path.is_file():
                    found.append(path)
        return sorted(found)

    def _check_link(self, path: Path) -> None:
        if path == self._folder or not path.is_symlink():
            return
        check_inside(path, self._real, self._follow_links)
        if not path.exists():
            raise ValueError(f"{path} is a link to {os.path.realpath(path)}, which does not exist: remove the link.")


def check_inside(path: Path, real_folder: Path, follow_links: bool) -> None:
    """Check what a path leads to, with its links followed.

    Args:
        path: of a file or a folder.
        real_folder: the folder that holds it, without links in its path.
        follow_links: whether it may lead outside of that folder.

    Raises:
        ValueError: if it leads outside, and may not.
    """
    target = Path(os.path.realpath(path))
    if not follow_links and not target.is_relative_to(real_folder):
        raise ValueError(
            f"{path} leads to {target}, outside of {real_folder}: put a copy of the images into the folder, or allow such links "
            "with follow_links=True (in the shell, --follow-links)."
        )


def _inner_folders(folder: Path) -> list[Path]:
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith("."))


def _above(folder: Path) -> set[Path]:
    """A folder and those that hold it, as they are called when links are followed."""
    real = Path(os.path.realpath(folder))
    return {real, *real.parents}


def _raise(error: OSError) -> None:
    raise error
