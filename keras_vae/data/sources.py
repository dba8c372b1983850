"""Where the images come from: TensorFlow Datasets, and scikit-learn's digits, which are always there."""

import dataclasses
import logging
import os
import re
import socket
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from keras_vae import _checks
from keras_vae.data import domains, shapes
from keras_vae.data.images_on_disk import ImagesOnDisk
from keras_vae.data.quadrants import conditions


@dataclasses.dataclass(frozen=True)
class Images:
    """Raw images and their labels; `images, labels = read(...)` takes the two apart.

    Raises:
        ValueError: if the images are not uint8 `(N, H, W, C)`, or there is not one whole number for each as its label.
    """

    images: np.ndarray | ImagesOnDisk
    """uint8, `(N, H, W, C)`."""
    labels: np.ndarray
    """int64, `(N,)`."""
    conditions: Callable[[Any, Any, Any], Any] | None = None
    """Where models are given pictures for labels: makes those of prepared images `(B, H, W, C)`, their labels `(B,)` and a
    stateless seed; without a seed they are the same each time."""
    part: int = 0
    """Which images of which split these are: noise that is sampled once differs from one part to another. 0 for the test split."""
    by_image: bool = False
    """Whether noise that is sampled once is sampled for each image by its place in its split, and not for all images together: such
    images are prepared batch by batch, and never all at once."""

    def __post_init__(self) -> None:
        if isinstance(self.images, ImagesOnDisk) and not self.by_image:
            raise ValueError("by_image=False: of images in files, noise is sampled for each image. Set by_image=True.")
        if not isinstance(self.images, np.ndarray | ImagesOnDisk):
            raise ValueError(f"images={_checks.described(self.images)}: must be a NumPy array of uint8, (N, H, W, C).")
        _checks.uint8_images("images", self.images)
        if not isinstance(self.labels, np.ndarray) or self.labels.dtype.kind not in "iu" or self.labels.ndim != 1:
            raise ValueError(
                f"labels={_checks.described(self.labels)}: must be a NumPy array (N,) of whole numbers, one per image. A "
                "column (N, 1) becomes one by labels[:, 0], one-hot labels by labels.argmax(axis=1)."
            )
        if len(self.labels) != len(self.images):
            raise ValueError(f"labels: there are {len(self.labels)} for {len(self.images)} images. Give one per image.")

    def __iter__(self) -> Iterator[Any]:
        return iter((self.images, self.labels))

    def first(self, count: int) -> "Images":
        """The first images, so many of them or all."""
        return dataclasses.replace(self, images=self.images[:count], labels=self.labels[:count])


class DataUnavailableError(RuntimeError):
    """A data set is neither on this machine nor to be downloaded."""


class Source(Protocol):
    """A data set of one's own, such as an `ImageFolder`."""

    name: str

    def __call__(self, split: str) -> Images:
        """The images of `"train"` or `"test"`."""


def read(name: str | Source, split: str = "train", data_dir: str | None = None) -> Images:
    """Read a data set as it is: into memory, except for a folder of more images than fit there (see `ImageFolder`).

    Args:
        name: one of `DATASETS`, or a data set of your own, such as an `ImageFolder`.
        split: `"train"` or `"test"`, or a slice such as `"train[:-5000]"` or `"train[-5000:]"`.
        data_dir: folder of TensorFlow Datasets; by default the variable TFDS_DATA_DIR, else TFDS's own folder.

    Raises:
        ValueError: if the name or the split is unknown, the slice is empty, or a data set of your own gives something else than
            `Images`.
        DataUnavailableError: if the data set is not there and cannot be downloaded.
    """
    if isinstance(name, str) and name == FOLDER:
        raise ValueError(
            "The pictures are in a folder of your own: say which, in the shell with --data FOLDER, in Python with "
            "data.ImageFolder(FOLDER, shape)."
        )
    if isinstance(name, str):
        named = _SOURCES[_checks.one_of("name", name, DATASETS)]
        source, called = lambda part: named(part, data_dir), name
    else:
        if not callable(name) or not isinstance(getattr(name, "name", None), str):
            raise ValueError(
                f"name={_checks.shown(name)}: must be one of {', '.join(DATASETS)}, or a data set of your own: an "
                "ImageFolder, or an object with a `name` that is called with 'train' or 'test' and returns data.Images."
            )
        source, called = name, name.name
    match = re.fullmatch(r"(train|test)(?:\[(-?\d+)?:(-?\d+)?\])?", split) if isinstance(split, str) else None
    if not match:
        raise ValueError(f"split={split!r}: must be 'train' or 'test', or a slice of one such as 'train[:-5000]'.")
    found = source(match[1])
    if not isinstance(found, Images):
        raise ValueError(f"{called}({match[1]!r}) returned {type(found).__name__}: a data set must return data.Images.")
    chosen = slice(*(None if bound is None else int(bound) for bound in match.groups()[1:]))
    first, last, _ = chosen.indices(len(found.labels))
    if first >= last:
        raise ValueError(f"split={split!r}: holds no image; {called} {match[1]} has {len(found.labels)}.")
    # From the number of the first image, so that the noise of two slices of a split differs too.
    part = first + (_TRAINING if match[1] == "train" else 0)
    return dataclasses.replace(found, images=found.images[chosen], labels=found.labels[chosen], part=part)


def _from_tfds(name: str, host: str) -> Callable[[str, str | None], Images]:
    def source(split: str, data_dir: str | None) -> Images:
        with _checks.extra("data", "A named data set"):
            import tensorflow_datasets as tfds

        return _prepared(tfds.builder(name, data_dir=data_dir or os.environ.get("TFDS_DATA_DIR")), split, host)

    return source


def _frey_faces(split: str, data_dir: str | None) -> Images:
    from keras_vae.data import frey_faces

    folder = data_dir or os.environ.get("TFDS_DATA_DIR")
    copy = frey_faces.local_copy(Path(folder) if folder else None)
    builder = frey_faces.FreyFaces(data_dir=folder, local_copy=copy)
    if not _is_prepared(builder) and folder and not os.access(folder, os.W_OK):
        # A folder that is shared by many may be read-only: what is prepared goes into TFDS's own then.
        builder = frey_faces.FreyFaces(local_copy=copy)
    return _prepared(builder, split, None if copy else urllib.parse.urlsplit(frey_faces.URL).hostname)


def _prepared(builder: Any, split: str, host: str | None) -> Images:
    """Read a split, after downloading the data set from `host` (None: nothing is downloaded) where it is not there yet."""
    with _checks.extra("data", "A named data set"):
        import tensorflow_datasets as tfds

    if not _is_prepared(builder):
        try:
            # TFDS tries ten times, over minutes; a machine without a network should hear of it at once.
            if host and not urllib.request.getproxies():
                socket.getaddrinfo(host, 443)
            builder.download_and_prepare()  # shows its own progress bar
        except Exception as error:
            if not _is_prepared(builder):
                raise _unavailable(builder, host, error) from error
            # Another process prepared it meanwhile, and was first.
            builder.info.read_from_directory(builder.data_dir)
    data = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1))
    return Images(data["image"], data["label"].astype("int64"))


def _unavailable(builder: Any, host: str | None, error: Exception) -> DataUnavailableError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    got = f"downloading it from {host}" if host else "preparing it"
    return DataUnavailableError(
        f"The data set {builder.name!r} is not in {builder.data_dir}, and {got} failed ({reason}). "
        "Connect to a network once, or point the environment variable TFDS_DATA_DIR to a folder where "
        "TensorFlow Datasets has prepared it. The data set 'digits' needs neither (in the shell, --data digits)."
    )


def _is_prepared(builder: Any) -> bool:
    """Whether a data set is there, without TFDS's warning that it is not: what is done then says so."""
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        return builder.is_prepared()
    finally:
        log.setLevel(level)


def _digits(split: str, data_dir: str | None) -> Images:
    """scikit-learn's 1,797 digits of 8x8 pixels, in MNIST's form: 20x20 pixels in the middle of 28x28."""
    import tensorflow as tf

    with _checks.extra("data", "A named data set"):
        from sklearn.datasets import load_digits

    digits = load_digits()
    grown = tf.image.resize(digits.images[..., None] / 16.0, (20, 20), method="bicubic")
    images = np.pad(np.clip(grown.numpy(), 0.0, 1.0), ((0, 0), (4, 4), (4, 4), (0, 0)))
    order = np.random.RandomState(0).permutation(len(images))  # the file is sorted by writer
    order = order[:1437] if split == "train" else order[1437:]
    return Images(np.round(images[order] * 255).astype("uint8"), digits.target[order].astype("int64"))


def _outlines(base: str) -> Callable[[str, str | None], Images]:
    """Digits of which every second one is outlined; the labels are the numbers of the domains."""

    def source(split: str, data_dir: str | None) -> Images:
        return Images(*domains.mixed(np.asarray(_SOURCES[base](split, data_dir).images)))

    return source


def _shapes(split: str, data_dir: str | None) -> Images:
    """The pictures of `Shapes`; the labels are the numbers of the shapes."""
    images, factors = shapes.split(split)
    return Images(images, factors[:, 0])


def _quadrants(base: str) -> Callable[[str, str | None], Images]:
    """Digits of which some quadrants are given, as many as the labels say: one, two and three in turn."""

    def source(split: str, data_dir: str | None) -> Images:
        images = _SOURCES[base](split, data_dir).images
        return Images(images, 1 + np.arange(len(images)) % 3, conditions)

    return source


_SOURCES: dict[str, Callable[[str, str | None], Images]] = {
    "mnist": _from_tfds("mnist", "storage.googleapis.com"),
    "cifar10": _from_tfds("cifar10", "www.cs.toronto.edu"),
    "frey_faces": _frey_faces,
    "digits": _digits,
    "shapes": _shapes,
    "mnist_outlines": _outlines("mnist"),
    "digits_outlines": _outlines("digits"),
    "mnist_quadrants": _quadrants("mnist"),
    "digits_quadrants": _quadrants("digits"),
}

DATASETS = tuple(_SOURCES)
"""Names of the data sets."""

_TRAINING = 2**30  # more images than any split holds

FOLDER = "folder"
"""What a recipe names whose pictures are in a folder that the user gives."""
