"""Named data sets as `tf.data` of `(image, label)` pairs, and what is done to their pixels.

>>> train = keras_vae.data.load("mnist", "train", preprocessing="dynamic_binarization", batch_size=128)
>>> model.fit(train, epochs=10)
"""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.data.about import about, class_names
    from keras_vae.data.domains import outlined
    from keras_vae.data.few_labels import choose_labelled, with_few_labels
    from keras_vae.data.image_files import Picture, read_picture
    from keras_vae.data.image_folder import ImageFolder
    from keras_vae.data.image_table import ImageTable
    from keras_vae.data.images_on_disk import ImagesOnDisk, mean_image
    from keras_vae.data.loading import arrays, load, pairs, split_for_arrays
    from keras_vae.data.pipeline import batches, prepared, training_stream
    from keras_vae.data.quadrants import quadrants
    from keras_vae.data.shapes import Shapes
    from keras_vae.data.sources import DATASETS, FOLDER, DataUnavailableError, Images, Source, read
    from keras_vae.data.survey import Survey, survey

__all__ = [
    "DATASETS",
    "FOLDER",
    "DataUnavailableError",
    "ImageFolder",
    "ImageTable",
    "Images",
    "ImagesOnDisk",
    "Picture",
    "Shapes",
    "Source",
    "Survey",
    "about",
    "arrays",
    "batches",
    "choose_labelled",
    "class_names",
    "load",
    "mean_image",
    "outlined",
    "pairs",
    "prepared",
    "quadrants",
    "read",
    "read_picture",
    "split_for_arrays",
    "survey",
    "training_stream",
    "with_few_labels",
]

_lazy.attach(__name__)
