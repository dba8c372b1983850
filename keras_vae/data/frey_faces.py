"""Frey faces, as a TensorFlow data set of this project's own."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks

with _checks.extra("data", "The data set 'frey_faces'"):
    import tensorflow_datasets as tfds

URL = "https://cs.nyu.edu/~roweis/data/frey_rawface.mat"
FILES = ("frey_rawface.mat", "frey_faces.npz")
SHAPE = (28, 20, 1)

FRAMES = 1965
SHA256 = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"
"""Of the frames as they are read, uint8 `(1965, 28, 20, 1)` in C order: what the published file holds, however it is packed."""

# The frames are in the order of the video, where neighbours are all but equal: they are shuffled before they are split.
_TEST = 0.1
_ORDER_SEED = 0


class FreyFaces(tfds.core.GeneratorBasedBuilder):
    """1,965 frames of Brendan Frey's face, 28x20 pixels of 8 bits: the second data set of Kingma & Welling (2014).

    A tenth of the frames, drawn with a fixed seed, are the test split. There are no classes: every label is 0.

    Args:
        local_copy: the public file `frey_rawface.mat`, or an `.npz` with an array `images (N, 28, 20)` uint8; without one the
            public file is downloaded.
        **kwargs: as in every TFDS builder.
    """

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, *, local_copy: Path | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self._local_copy = local_copy

    def _info(self) -> Any:
        features = {"image": tfds.features.Image(shape=SHAPE), "label": tfds.features.ClassLabel(num_classes=1)}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label"), homepage=URL
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        copy = self._local_copy
        images = read_file(Path(copy)) if copy else _published(Path(dl_manager.download(URL)))
        order = np.random.RandomState(_ORDER_SEED).permutation(len(images))
        tests = max(1, round(_TEST * len(images)))
        return {
            "train": self._generate_examples(images, order[:-tests]),
            "test": self._generate_examples(images, order[-tests:]),
        }

    def _generate_examples(self, images: np.ndarray, chosen: np.ndarray) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in chosen:
            yield int(number), {"image": images[number], "label": 0}


def read_file(path: Path) -> np.ndarray:
    """The frames of the public file, or of an `.npz`: uint8 `(N, 28, 20, 1)`.

    Raises:
        ValueError: if the file is not one of the two, or holds something else.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                images = file["images"]
        else:
            with _checks.extra("data", "The data set 'frey_faces'"):
                from scipy.io import loadmat

            images = loadmat(path)["ff"].T
        images = np.asarray(images).reshape(-1, *SHAPE)
    except Exception as error:  # each reader fails in its own ways on a damaged file
        raise ValueError(
            f"{path} is neither frey_rawface.mat (an array ff, 560 x N) nor an .npz with an array images, N x 28 x 20: {error}"
        ) from error
    if images.dtype != np.uint8 or len(images) < 2:
        raise ValueError(f"{path} holds {len(images)} frames of {images.dtype}: expected some of uint8.")
    return images


def _published(path: Path) -> np.ndarray:
    """The frames of a downloaded file.

    Raises:
        ValueError: if they are not the published ones.
    """
    images = read_file(path)
    found = hashlib.sha256(np.ascontiguousarray(images).tobytes()).hexdigest()
    if found != SHA256:
        raise ValueError(
            f"what {URL} sent holds {len(images)} frames with the SHA-256 {found}: the published ones are {FRAMES} with {SHA256}. "
            f"Put a file that you trust into TFDS_DATA_DIR under the name {FILES[0]}"
        )
    return images


def local_copy(data_dir: Path | None) -> Path | None:
    """A copy of the file in TFDS's folder, in its `downloads/manual`, or beside it."""
    if data_dir is None:
        return None
    places = (data_dir, data_dir / "downloads" / "manual", data_dir.parent)
    return next((place / name for place in places for name in FILES if (place / name).is_file()), None)
