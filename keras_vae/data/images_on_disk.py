"""Images that stay in their files: the array of a data set that is larger than memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae.data.decoding import decoded

_BLOCK = 64  # images that are decoded at a time where all are summed


class ImagesOnDisk:
    """Stands where an array uint8 `(N, H, W, C)` stands, and decodes the images that are asked for, each time anew.

    Args:
        paths: of the files, `N`.
        digests: SHA-256 of each file when it was looked at first.
        shape: `(height, width, channels)` of the images.
        total: sum of all images, int64 `(H, W, C)`, where it is known.
    """

    dtype = np.dtype("uint8")
    ndim = 4

    def __init__(
        self,
        paths: Sequence[Path],
        digests: Sequence[str],
        shape: tuple[int, int, int],
        total: np.ndarray | None = None,
    ):
        self._paths, self._digests, self._total = list(paths), list(digests), total
        self._image_shape = shape
        self._chosen: Sequence[int] = range(len(self._paths))

    def __len__(self) -> int:
        return len(self._chosen)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array that it stands for."""
        return (len(self), *self._image_shape)

    def __getitem__(self, chosen: slice) -> "ImagesOnDisk":
        """Some of the images, still in their files."""
        if not isinstance(chosen, slice):
            raise TypeError(
                f"[{chosen!r}]: images in files are sliced, as in images[:100], and decoded by take([0, 1])."
            )
        return self._part(self._chosen[chosen])

    def _part(self, numbers: Sequence[int]) -> "ImagesOnDisk":
        part = object.__new__(ImagesOnDisk)
        part.__dict__.update(self.__dict__, _chosen=numbers)
        return part

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(
            f"These are {len(self):,} images in files, which are more than the folder's cache_bytes: decode some of them with "
            "images.take(range(100)), or go through them by data.batches."
        )

    def take(self, index: Any) -> np.ndarray:
        """Decode the images with these numbers, in parallel: uint8 `(B, H, W, C)`.

        Raises:
            ValueError: if a file is no longer what it was when it was looked at first.
            OSError: if a file cannot be read.
        """
        numbers = [self._chosen[int(i)] for i in index]
        images = np.empty((len(numbers), *self._image_shape), "uint8")
        paths = [self._paths[number] for number in numbers]
        for i, found in enumerate(decoded(paths, self._image_shape)):
            if found.fault is not None:
                raise found.fault
            if found.digest != self._digests[numbers[i]]:
                raise ValueError(
                    f"{paths[i]} was changed since the folder was read: leave the images as they are while they are used, and "
                    "start again."
                )
            images[i] = found.image
        return images

    def sum(self) -> np.ndarray:
        """The sum of all images, int64 `(H, W, C)`.

        Of nearly all of them it is that of all, which is known, less that of the others, which are fewer to decode.
        """
        others = sorted(set(range(len(self._paths))) - set(self._chosen))
        if self._total is None or len(others) >= len(self):
            return self._sum_of(self._chosen)
        return self._total - self._sum_of(others)

    def _sum_of(self, numbers: Sequence[int]) -> np.ndarray:
        total = np.zeros(self._image_shape, "int64")
        for start in range(0, len(numbers), _BLOCK):
            block = self._part(numbers[start : start + _BLOCK])
            total += block.take(range(len(block))).sum(axis=0, dtype="int64")
        return total


def mean_image(images: "np.ndarray | ImagesOnDisk") -> np.ndarray:
    """The mean of uint8 images `(N, H, W, C)`, float64 `(H, W, C)`: to the last bit the same, in memory or in files."""
    if isinstance(images, ImagesOnDisk):
        return images.sum().astype("float64") / len(images)  # whole numbers, so that no order of summing rounds them
    return images.mean(axis=0, dtype="float64")
