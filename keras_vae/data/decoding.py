"""Decodes many image files in parallel, with few decoded images alive at a time."""

import functools
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae.data.image_files import digest_of, read_with_digest

_CORES = os.cpu_count() or 1
# Files that are read at a time: no more images than these are alive beside those that the caller keeps.
_AT_ONCE = 4 * _CORES


class Decoded(NamedTuple):
    """What came of a file."""

    image: np.ndarray | None
    """uint8 `(H, W, C)`; None where the file cannot be decoded."""
    digest: str
    """SHA-256 of the bytes that were decoded; "" where the file cannot be decoded."""
    fault: ValueError | None
    """Why the file cannot be decoded."""


def decoded(paths: Iterable[Path], shape: tuple[int, int, int]) -> Iterator[Decoded]:
    """Decode files in parallel; the results come in the order of the paths.

    Raises:
        OSError: if a file cannot be read.
    """
    for path, found in _in_order(functools.partial(_decoded, shape=shape, large=False), paths):
        # One large image at a time, and always in the same thread: what a thread frees, it keeps for itself.
        yield found or _thread_of_large().submit(_large_too, path, shape).result()


def digests(paths: Iterable[Path]) -> Iterator[str]:
    """SHA-256 of the bytes of files, read in parallel, in the order of the paths.

    Raises:
        OSError: if a file cannot be read.
    """
    return (digest for _, digest in _in_order(digest_of, paths))


def _decoded(path: Path, shape: tuple[int, int, int], large: bool) -> Decoded | None:
    """The image in a file; None for one of many pixels, unless `large`."""
    try:
        read, digest = read_with_digest(path, shape, large=large)
    except ValueError as fault:
        return Decoded(None, "", fault)
    return None if read is None else Decoded(read.image, digest, None)


def _large_too(path: Path, shape: tuple[int, int, int]) -> Decoded:
    return _decoded(path, shape, large=True)  # type: ignore[return-value]


def _in_order(function: Callable[[Path], Any], paths: Iterable[Path]) -> Iterator[tuple[Path, Any]]:
    left = iter(paths)
    while chunk := list(itertools.islice(left, _AT_ONCE)):
        yield from zip(chunk, _threads().map(function, chunk), strict=True)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_CORES, "decode")


@functools.cache
def _thread_of_large() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "decode_large")
