"""What data sets of image files share: the files are decoded once, kept if they fit, skipped if they are damaged, and hashed."""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae.data.decoding import decoded, digests
from keras_vae.data.folder_files import SPLITS
from keras_vae.data.image_files import picture_shape
from keras_vae.data.images_on_disk import ImagesOnDisk
from keras_vae.data.sources import Images

CACHE_BYTES = 2**30
"""By default images whose decoded form takes no more than this, 1 GiB, are kept in memory."""

_TEST_SHARE = 10
_NAMED = 5  # of the files that are skipped

Files = dict[str, list[tuple[Path, int]]]
"""Paths and labels by split."""


class ImageFiles:
    """A data set of image files with a label each. A subclass says which, in `_files`, when it is constructed.

    Args:
        folder: the folder that holds the files.
        shape, progress, cache_bytes, corrupt: as in `ImageFolder`.
    """

    _files: Files
    _facts: tuple[str, ...] = ()
    """What else the fingerprint knows."""

    def __init__(
        self,
        folder: Path,
        shape: Any,
        progress: Callable[[int, int], None] | None,
        cache_bytes: int,
        corrupt: str,
    ):
        self.folder = folder
        self.shape = picture_shape(shape)
        self.cache_bytes = _checks.positive_int("cache_bytes", cache_bytes, maximum=2**62, minimum=0)
        self.corrupt = _checks.one_of("corrupt", corrupt, ("raise", "skip"))
        self._progress = progress or (lambda done, total: None)
        self._images: dict[str, Images] = {}
        self._digests: dict[Path, str] = {}
        self._skipped: set[Path] = set()

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def files(self) -> Files:
        """Paths and labels by split, those of files that cannot be decoded included."""
        return self._files

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
        return hashlib.sha256(
            "\n".join([str(self.shape), *self._facts, *lines]).encode(errors="surrogateescape")
        ).hexdigest()

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
            raise ValueError(
                f'{fault} To leave such files out: corrupt="skip" (in the shell, --skip-corrupt).'
            ) from fault
        self._skipped.add(path)
        return str(fault)

    def _tell_skipped(self, split: str, faults: list[str], count: int) -> None:
        words = " ".join(faults[:_NAMED]) + (" ..." if len(faults) > _NAMED else "")
        if len(faults) == count:
            raise ValueError(f"{self.name}: none of the {count:,} files of {split!r} can be decoded. {words}")
        warnings.warn(
            f"{self.name}: skipped {len(faults):,} of the {count:,} files of {split!r}, which cannot be decoded. {words}",
            stacklevel=4,
        )


def divided(where: Path, files: list[tuple[Path, int]]) -> Files:
    """The files by split: every tenth, in an order that is sampled once, is for the test; `where` is named in the error.

    Raises:
        ValueError: if there is only one.
    """
    if len(files) < 2:
        raise ValueError(f"{where} holds one image: there must be one to learn from and one for the test.")
    order = np.random.RandomState(0).permutation(len(files))
    count = max(1, len(files) // _TEST_SHARE)
    return {"train": [files[i] for i in sorted(order[count:])], "test": [files[i] for i in sorted(order[:count])]}
