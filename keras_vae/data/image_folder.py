"""A data set of your own: a folder of image files."""

import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.data.decoding import decoded, digests
from keras_vae.data.folder_files import SPLITS, FolderFiles
from keras_vae.data.image_files import picture_shape
from keras_vae.data.images_on_disk import ImagesOnDisk
from keras_vae.data.sources import Images

CACHE_BYTES = 2**30
"""By default a folder whose decoded images take no more than this, 1 GiB, is kept in memory."""

_TEST_SHARE = 10
_NAMED = 5  # of the files that are skipped


class ImageFolder:
    """The images in a folder, as a data set: wherever a data set's name stands, this can stand.

    Folders in it are classes, in the order of the alphabet; images that lie in the folder itself have the label 0. Where the
    folder holds `train` and `test`, those are the splits, each of them such a folder, and no images may stand beside them;
    otherwise every tenth image, in an order that is sampled once, is for the test.

    Every file of a split is decoded once when the split is first asked for. If the images of the whole folder fit into
    `cache_bytes`, as bytes `N x height x width x channels`, they are kept. Otherwise they stay in their files, and are decoded again
    whenever a batch holds them, so that memory does not grow with their number. Training gives the same weights either way.

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
        self.folder = Path(folder)
        self.shape = picture_shape(shape)
        self.cache_bytes = _checks.positive_int("cache_bytes", cache_bytes, maximum=2**62, minimum=0)
        self.corrupt = _checks.one_of("corrupt", corrupt, ("raise", "skip"))
        self._progress = progress or (lambda done, total: None)
        self._images: dict[str, Images] = {}
        self._digests: dict[Path, str] = {}
        self._skipped: set[Path] = set()
        if not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is no folder: give the path of a folder of images.")
        found = FolderFiles(self.folder, _checks.flag("follow_links", follow_links))
        self.class_names = found.class_names
        labelled = {split: self._labelled(classes) for split, classes in found.by_split.items()}
        self._files = labelled if "" not in labelled else _divided(self.folder, labelled[""])

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def cached(self) -> bool:
        """Whether the decoded images are kept in memory."""
        return sum(map(len, self._files.values())) * int(np.prod(self.shape)) <= self.cache_bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the names, labels and contents of the files, and of the shape: another one is another data set.

        The contents, since neither sizes nor times tell: bitmaps of one shape have one size, and a copied folder has new times.
        A file that was read is known by the bytes that were decoded then; the others are read now. Where files that cannot be
        decoded are skipped, it is of the files that are left, so all of them are decoded first.
        """
        if self.corrupt == "skip":
            for split in SPLITS:
                self(split)
        files = [(split, path, label) for split, labelled in self._files.items() for path, label in labelled]
        missing = [path for _, path, _ in files if path not in self._digests and path not in self._skipped]
        for i, digest in enumerate(digests(missing)):
            self._digests[missing[i]] = digest
            self._progress(i + 1, len(missing))
        lines = [
            f"{split} {path.relative_to(self.folder)} {label} {self._digests[path]}"
            for split, path, label in files
            if path not in self._skipped
        ]
        return hashlib.sha256("\n".join([str(self.shape), *lines]).encode(errors="surrogateescape")).hexdigest()

    def __call__(self, split: str) -> Images:
        """The images of `"train"` or `"test"`, uint8 `(N, H, W, C)`, and their labels; the files are looked at once.

        The images are an array, or the `ImagesOnDisk` that stand for one where not all of them fit into `cache_bytes`.

        Raises:
            ValueError: if a file is no image or damaged, naming it, and such files are not skipped; or if all of them are.
            OSError: if a file cannot be read.
        """
        _checks.one_of("split", split, SPLITS)
        if split not in self._images:
            self._images[split] = self._read(split)
        return self._images[split]

    def _read(self, split: str) -> Images:
        # Files come class by class; slices such as "train[-500:]" are to hold all of them.
        order = np.random.RandomState(1).permutation(len(self._files[split]))
        files = [self._files[split][i] for i in order]
        kept = np.empty((len(files) if self.cached else 0, *self.shape), "uint8")
        total = np.zeros(self.shape, "int64")
        good = np.ones(len(files), bool)
        faults = []
        for i, found in enumerate(decoded([path for path, _ in files], self.shape)):
            if found.image is None:
                faults.append(self._fault(files[i][0], found.fault))
                good[i] = False
            else:
                self._digests[files[i][0]] = found.digest
                total += found.image
                if self.cached:
                    kept[i] = found.image
            self._progress(i + 1, len(files))
        if faults:
            self._tell_skipped(split, faults, len(files))
            kept = kept[good] if self.cached else kept
        left = [file for i, file in enumerate(files) if good[i]]
        labels = np.array([label for _, label in left], "int64")
        paths = [path for path, _ in left]
        if self.cached:
            return Images(kept, labels, by_image=True)
        on_disk = ImagesOnDisk(paths, [self._digests[path] for path in paths], self.shape, total)
        return Images(on_disk, labels, by_image=True)

    def _fault(self, path: Path, fault: Any) -> str:
        if self.corrupt == "raise":
            raise ValueError(f'{fault} To leave such files out: corrupt="skip" (in the shell, --skip-corrupt).') from fault
        self._skipped.add(path)
        return str(fault)

    def _tell_skipped(self, split: str, faults: list[str], count: int) -> None:
        words = " ".join(faults[:_NAMED]) + (" ..." if len(faults) > _NAMED else "")
        if len(faults) == count:
            raise ValueError(f"{self.folder}: none of the {count:,} files of {split!r} can be decoded. {words}")
        warnings.warn(
            f"{self.folder}: skipped {len(faults):,} of the {count:,} files of {split!r}, which cannot be decoded. {words}",
            stacklevel=4,
        )

    def _labelled(self, classes: dict[str, list[Path]]) -> list[tuple[Path, int]]:
        return [(path, label) for label, name in enumerate(self.class_names) for path in classes[name]]


def _divided(folder: Path, files: list[tuple[Path, int]]) -> dict[str, list[tuple[Path, int]]]:
    """The files by split: every tenth, in an order that is sampled once, is for the test."""
    if len(files) < 2:
        raise ValueError(f"{folder} holds one image: there must be one to learn from and one for the test.")
    train, test = divided(len(files))
    return {"train": [files[i] for i in train], "test": [files[i] for i in test]}


def divided(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the images to learn from, and of those for the test, in ascending order."""
    order = np.random.RandomState(0).permutation(count)
    tests = max(1, count // _TEST_SHARE)
    return np.sort(order[tests:]), np.sort(order[:tests])
