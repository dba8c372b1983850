"""Keras's layers of images, for images whose channels stand last, whatever keras.json on a machine says of other images.

`Flatten` is one of them: told that channels stand first, it puts the numbers of an image into another order.
"""

import functools

from keras_vae._backend import keras

_LAST = {"data_format": "channels_last"}

Conv2D = functools.partial(keras.layers.Conv2D, **_LAST)
Conv2DTranspose = functools.partial(keras.layers.Conv2DTranspose, **_LAST)
Cropping2D = functools.partial(keras.layers.Cropping2D, **_LAST)
Flatten = functools.partial(keras.layers.Flatten, **_LAST)
UpSampling2D = functools.partial(keras.layers.UpSampling2D, **_LAST)
ZeroPadding2D = functools.partial(keras.layers.ZeroPadding2D, **_LAST)
