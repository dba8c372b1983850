"""A data set of your own: a folder of image files."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_vae import _checks
from keras_vae.data.folder_files import FolderFiles
from keras_vae.data.image_file_set import CACHE_BYTES, ImageFiles, divided


class ImageFolder(ImageFiles):
    """The images in a folder, as a data set: wherever a data set's name stands, this can stand.

    Folders in it are classes, in the order of the alphabet; images that lie in the folder itself have the label 0. Where the
    folder holds `train` and `test`, those are the splits, each of them such a folder, and no images may stand beside them;
    otherwise every tenth image, in an order that is sampled once, is for the test.

    Every file of a split is decoded once when the split is first asked for. If the images of the whole folder fit into
    `cache_bytes`, as bytes `N x height x width x channels`, they are kept. Otherwise they stay in their files, and are decoded
    again whenever a batch holds them, so that memory does not grow with their number. Training gives the same weights either way.

    >>> pets = data.ImageFolder("pets", (64, 64, 3))
    >>> model.fit(data.load(pets, "train"), epochs=10)

    Args:
        folder: path of the folder.
        shape: `(height, width, channels)` to bring the images to: see `read_picture`.
        progress: called with the number of images read and the number of all.
        cache_bytes: largest size of the decoded images, uint8, that are kept in memory; by default `CACHE_BYTES`, 1 GiB. The
            pipeline holds a copy of them. 0 keeps none.
        corrupt: what to do with a file that cannot be decoded: `"raise"`, or `"skip"` it, with a warning that names the first few.
        follow_links: whether links may lead outside of the folder. Links to what is inside are followed; those that lead back to a
            folder that is read already are an error.

    Raises:
        ValueError: if the shape is none of an image, or the folder holds no images, only one, or some beside class folders, or
            the splits differ in their classes or stand beside other images, or a link is broken, leads outside, or back.
        NotADirectoryError: if there is no such folder.
    """

    def __init__(
        self,
        folder: str | Path,
        shape: Any,
        progress: Callable[[int, int], None] | None = None,
        *,
        cache_bytes: int = CACHE_BYTES,
        corrupt: str = "raise",
        follow_links: bool = False,
    ):
        if not isinstance(folder, str | os.PathLike):
            raise ValueError(f"folder={folder!r}: must be the path of a folder of images.")
        super().__init__(Path(folder), shape, progress, cache_bytes, corrupt)
        if not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is no folder: give the path of a folder of images.")
        found = FolderFiles(self.folder, _checks.flag("follow_links", follow_links))
        self.class_names = found.class_names
        labelled = {split: self._labelled(classes) for split, classes in found.by_split.items()}
        self._files = labelled if "" not in labelled else divided(self.folder, labelled[""])

    def _labelled(self, classes: dict[str, list[Path]]) -> list[tuple[Path, int]]:
        return [(path, label) for label, name in enumerate(self.class_names) for path in classes[name]]
