"""A small convolutional classifier: the judge of what the generative models draw."""

from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _layers
from keras_vae._backend import keras, serializable
from keras_vae.models.keras_files import KerasFiles


@serializable
class Classifier(KerasFiles, keras.Model):
    """Convolutions in pairs, the second of each pair halving the picture, and a dense layer: `(B, H, W, C)` -> logits.

    Args:
        data_shape: (height, width, channels).
        num_classes: number of classes.
        filters: channels of each pair.
        dense_units: size of the dense layer.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        num_classes: int,
        filters: Sequence[int] = (32, 64),
        dense_units: int = 128,
        **kwargs: Any,
    ):
        _checks.keras_arguments(type(self), kwargs)
        super().__init__(**kwargs)
        self.data_shape = _checks.data_shape("data_shape", data_shape, rank=3)
        self.num_classes = _checks.positive_int("num_classes", num_classes)
        self.filters = _checks.sizes("filters", filters, minimum_length=1)
        self.dense_units = _checks.positive_int("dense_units", dense_units)
        image = keras.Input(self.data_shape, name="image")
        h = image
        for i, channels in enumerate(self.filters):
            h = _layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv_{i}_a")(h)
            h = _layers.Conv2D(channels, 3, strides=2, padding="same", activation="relu", name=f"conv_{i}_b")(h)
        h = keras.layers.Dense(self.dense_units, activation="relu", name="hidden")(_layers.Flatten(name="flatten")(h))
        logits = keras.layers.Dense(self.num_classes, dtype="float32", name="logits")(h)
        self.network = keras.Model(image, logits, name="network")
        self.built = True

    @property
    def parts(self) -> dict[str, Any]:
        """The one part; its variables are all that the model has."""
        return {"network": self.network}

    @property
    def input_signature(self) -> Any:
        """Images."""
        return keras.InputSpec(shape=(None, *self.data_shape), dtype="float32")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the logits `(B, num_classes)` of images in [0, 1]."""
        return self.network(inputs)

    def compile(self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any) -> None:
        """As in Keras; by default with the cross-entropy of integer labels, and accuracy."""
        super().compile(
            optimizer=optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True) if loss is None else loss,
            metrics=["accuracy"] if metrics is None else metrics,
            **{"jit_compile": False, **kwargs},
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "data_shape": list(self.data_shape),
            "num_classes": self.num_classes,
            "filters": list(self.filters),
            "dense_units": self.dense_units,
        }
