"""Batches of `(image, label)` from images in memory, or in files.

A batch is gathered by its shuffled indices: that costs a small model's step nothing, where shuffling the examples
themselves costs as much as the step. All noise is stateless, so a batch is a function of the seed, the epoch and its
place in it, and training that was interrupted goes on with the very batches it would have seen. Images in files are
decoded when a batch holds them; nothing else differs, so the batches are the same to the last bit.
"""

from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import tf
from keras_vae.augment.preprocessing import Preprocessing
from keras_vae.data.images_on_disk import ImagesOnDisk
from keras_vae.data.sources import Images

# Batches that wait for the model: of images in files, so that what is decoded ahead is little.
_AHEAD = 2
# Images that are prepared at a time where all are.
_BLOCK = 256

# What begins an error that is for the user, of a function inside a pipeline.
_MARK = "keras_vae: "


def batches(data: Images, preprocessing: Preprocessing, batch_size: int, *, shuffle: bool = True, seed: int = 0) -> Any:
    """One epoch of batches, for `fit` and `evaluate`: each iteration over it shuffles and draws anew.

    Args:
        data: raw images and labels.
        preprocessing: what is done to the pixels.
        batch_size: images a batch; the last one may be smaller.
        shuffle: False keeps the order and draws the same noise in each iteration, as a test set needs.
        seed: of order and noise.

    Raises:
        ValueError: if the batch size, `shuffle` or the seed is out of its range.

    Returns:
        `tf.data.Dataset` of float32 `(B, H, W, C)` and int64 `(B,)`, or float32 pictures where those are the conditions.
    """
    size = len(data.labels)
    batch_size = _checks.positive_int("batch_size", batch_size, maximum=max(size, 1))
    if not isinstance(shuffle, bool | np.bool_):
        raise ValueError(f"shuffle={shuffle!r}: must be True or False.")
    epoch = _Epoch(data, preprocessing, batch_size, shuffle, seed)
    numbers = tf.data.Dataset.range(1)
    if shuffle:
        numbers = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).take(1)
    dataset = numbers.flat_map(lambda number: epoch(number, -(-size // batch_size)))
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-size // batch_size))).prefetch(epoch.ahead)


def prepared(data: Images, preprocessing: Preprocessing, seed: Any) -> Any:
    """All images at once, float32 `(N, H, W, C)`, with noise that is sampled once.

    The noise is that of a pixel's place in the array, so with one seed the images of two splits, or of two slices of one, would
    have the same noise: which part of the data they are is folded into the seed. Where noise is sampled by image
    (`Images.by_image`), its seed is that of the image's place in its split.
    """
    if data.by_image:
        found = np.empty(data.images.shape, "float32")
        start = 0
        for images, _ in batches(data, preprocessing, min(_BLOCK, len(found)), shuffle=False, seed=seed):
            found[start : start + len(images)] = images
            start += len(images)
        return tf.constant(found)
    if data.part:
        seed = _random.fold_in(_random.as_seed(seed), data.part)
    return preprocessing.once(data.images, seed)


def training_stream(
    data: Images,
    preprocessing: Preprocessing,
    batch_size: int,
    *,
    steps_per_epoch: int,
    seed: int = 0,
    first_epoch: int = 0,
    labelled_per_batch: int = 0,
) -> Any:
    """Endless full batches from `first_epoch` on, for `fit(steps_per_epoch=...)`: what follows is a function of the seed.

    An epoch is the first `steps_per_epoch` batches of a shuffled pass, or of several passes where one has fewer batches. Where few
    labels are known (the others are -1), so many
    examples of each batch, its last ones, are drawn from those with a label.

    Raises:
        ValueError: if a batch is to hold more labelled examples than it has, or none has a label.
    """
    own = batch_size - labelled_per_batch
    passes = -(-steps_per_epoch * own // max(1, len(data.labels)))
    epoch = _Epoch(data, preprocessing, batch_size, True, seed, labelled_per_batch, max(1, passes))
    numbers = tf.data.Dataset.counter(first_epoch)
    return numbers.flat_map(lambda number: epoch(number, steps_per_epoch)).prefetch(epoch.ahead)


class _Epoch:
    """Makes the data set of one epoch from its number."""

    def __init__(
        self,
        data: Images,
        preprocessing: Preprocessing,
        batch_size: int,
        shuffle: bool,
        seed: int,
        labelled_per_batch: int = 0,
        passes: int = 1,
    ):
        self.passes = passes
        self.labelled_per_batch = _checks.positive_int(
            "labelled_per_batch", labelled_per_batch, maximum=batch_size, minimum=0
        )
        labelled = np.flatnonzero(np.asarray(data.labels) >= 0) if self.labelled_per_batch else np.zeros(0, int)
        if self.labelled_per_batch and not len(labelled):
            raise ValueError(f"labelled_per_batch={labelled_per_batch}: no example has a label.")
        self.labelled = tf.constant(labelled, tf.int32)
        self.labels = tf.constant(data.labels)
        self.conditions = data.conditions
        self.preprocessing = preprocessing
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = _random.as_seed(seed)
        self.once = not (preprocessing.fresh_noise and shuffle)
        self.ready = self.once and not data.by_image
        self.part = data.part
        images = prepared(data, preprocessing, self.seed) if self.ready else data.images
        on_disk = isinstance(images, ImagesOnDisk)
        self.images = images if on_disk else tf.constant(images)
        self.ahead = _AHEAD if on_disk else tf.data.AUTOTUNE

    def __call__(self, number: Any, steps: int) -> Any:
        seed = _random.fold_in(self.seed, number % 2**31)
        order = tf.range(len(self.labels))
        if self.shuffle:
            # The first pass has the seed of the epoch, as where there is one pass.
            seeds = [seed, *(_random.fold_in(seed, -2 - number) for number in range(1, self.passes))]
            order = tf.concat([tf.random.experimental.stateless_shuffle(order, each) for each in seeds], axis=0)

        def batch(step: Any) -> tuple[Any, Any]:
            own = self.batch_size - self.labelled_per_batch
            index = order[step * own : (step + 1) * own]
            if self.labelled_per_batch:
                drawn = tf.random.stateless_uniform(
                    (self.labelled_per_batch,),
                    _random.fold_in(_random.fold_in(seed, -1), step),
                    maxval=len(self.labelled),
                    dtype=tf.int32,
                )
                index = tf.concat([index, tf.gather(self.labelled, drawn)], axis=0)
            images = self._gathered(index)
            if not self.ready:
                images = self._prepared(images, index, _random.fold_in(seed, step))
            labels = tf.gather(self.labels, index)
            if self.conditions:
                drawn = _random.fold_in(_random.fold_in(seed, -2), step) if self.shuffle else None
                labels = self.conditions(images, labels, drawn)
            return images, labels

        return tf.data.Dataset.range(steps).map(batch, num_parallel_calls=2, deterministic=True)

    def _gathered(self, index: Any) -> Any:
        if not isinstance(self.images, ImagesOnDisk):
            return tf.gather(self.images, index)
        images = tf.numpy_function(_decoded_by(self.images), [index], tf.uint8, stateful=False)
        return tf.ensure_shape(images, (None, *self.images.shape[1:]))

    def _prepared(self, images: Any, index: Any, seed: Any) -> Any:
        if not self.once:
            return self.preprocessing(images, seed)
        if self.preprocessing.deterministic_once:
            return self.preprocessing.once(images, self.seed)
        return tf.map_fn(
            lambda one: self.preprocessing.once(one[0][None], _random.fold_in(self.seed, one[1]))[0],
            (images, self.part + index),
            fn_output_signature=tf.float32,
        )


def _decoded_by(images: ImagesOnDisk) -> Any:
    """The images' `take`, with errors that are found again in those of TensorFlow."""

    def take(index: np.ndarray) -> np.ndarray:
        try:
            return images.take(index)
        except (ValueError, OSError) as error:
            raise ValueError(f"{_MARK}{error}") from None

    return take
