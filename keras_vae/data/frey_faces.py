"""Frey faces, as a TensorFlow data set of this project's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

URL = "https://cs.nyu.edu/~roweis/data/frey_rawface.mat"
FILES = ("frey_rawface.mat", "frey_faces.npz")
SHAPE = (28, 20, 1)

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
        images = read_file(Path(self._local_copy or dl_manager.download(URL)))
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


def local_copy(data_dir: Path | None) -> Path | None:
    """A copy of the file in TFDS's folder, in its `downloads/manual`, or beside it."""
    if data_dir is None:
        return None
    places = (data_dir, data_dir / "downloads" / "manual", data_dir.parent)
    return next((place / name for place in places for name in FILES if (place / name).is_file()), None)
