"""A small convolutional classifier: it classifies samples of generative models."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import _checks, _layers
from keras_vae._backend import keras, serializable, tf
from keras_vae.models import batch as batches
from keras_vae.models import validation
from keras_vae.models.capabilities import LabelFacts
from keras_vae.models.graph_checks import PredictsUncompiled, gathered, plain_errors
from keras_vae.models.keras_files import KerasFiles
from keras_vae.models.logs import RuleCounts, StopAtBrokenRule
from keras_vae.models.symbols import Symbol

IMAGES = (-0.5, 1.5)
"""Range of the images that a classifier takes: photographs are from 0 to 1, and samples of a Gaussian model may overshoot."""


@serializable
class Classifier(LabelFacts, PredictsUncompiled, KerasFiles, keras.Model):
    """Convolutions in pairs, the second of each pair halving the image, and a dense layer: `(B, H, W, C)` -> logits.

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
        self._rules = RuleCounts()
        self.built = True

    @property
    def parts(self) -> dict[str, Any]:
        """The one part; its variables are all that the model has."""
        return {"network": self.network}

    def generative_process(self, objective: Any = None) -> list[Symbol]:
        """What the model card shows: a classifier generates nothing, so only what it infers."""
        return [Symbol("p(y | x)", f"softmax of {self.num_classes} logits of a convolutional network", "model(x)")]

    @property
    def input_signature(self) -> Any:
        """Images."""
        return keras.InputSpec(shape=(None, *self.data_shape), dtype="float32")

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Logits: see `call`."""
        return super().__call__(self._images(inputs), *args, **kwargs)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the logits `(B, num_classes)` of images in [0, 1].

        Raises:
            ValueError: if images have another shape, are no floats, or hold a value that is not finite or far outside [0, 1].
        """
        return self.network(validation.data(inputs, self.data_shape, IMAGES, what="images"))

    def fit(self, x: Any = None, y: Any = None, *args: Any, validation_data: Any = None, **kwargs: Any) -> Any:
        """Train as in Keras.

        Args:
            x: images in [0, 1], `(N,) + data_shape`, or a data set of batches `(images, labels)`.
            y: labels, whole numbers `(N,)`.
            *args, validation_data, **kwargs: as in Keras.

        Raises:
            ValueError: as `call` does, or if a label is missing or is the number of no class.
        """
        x, y = self._taken(x, y)
        if isinstance(validation_data, tuple | list):
            images, labels, *weight = validation_data
            validation_data = (*self._taken(images, labels), *weight)
        self._watch_batches(kwargs)
        with plain_errors():
            return super().fit(x, y, *args, validation_data=validation_data, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The loss and the metrics, as in Keras. Args and errors as in `fit`."""
        if not kwargs.get("_use_cached_eval_dataset"):  # data that `fit` has checked already
            x, y = self._taken(x, y)
            self._watch_batches(kwargs)
        with plain_errors():
            return super().evaluate(x, y, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logits of images of any number, an array `(N, num_classes)`. Args and errors as in `fit`."""
        with plain_errors():
            return super().predict(self._images(x), *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One step on one batch, as in Keras. Args and errors as in `fit`."""
        with plain_errors():
            return super().train_on_batch(*self._taken(x, y), *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The logs of one batch, as in Keras. Args and errors as in `fit`."""
        with plain_errors():
            return super().test_on_batch(*self._taken(x, y), *args, **kwargs)

    def train_step(self, data: Any) -> dict[str, Any]:
        """As in Keras; counts what breaks a rule where XLA cannot stop."""
        return self._counted(super().train_step, data)

    def test_step(self, data: Any) -> dict[str, Any]:
        """As in Keras; counts what breaks a rule where XLA cannot stop."""
        return self._counted(super().test_step, data)

    def _counted(self, step: Callable[[Any], dict[str, Any]], data: Any) -> dict[str, Any]:
        if not self.jit_compile:
            return step(data)
        with gathered() as rules:
            logs = step(data)
        self._rules.count(rules)
        return logs

    def _watch_batches(self, given: dict[str, Any]) -> None:
        """Add a callback to Keras's arguments that looks at each batch where code compiled by XLA cannot stop."""
        if self.jit_compile:
            callbacks = given.get("callbacks") or []
            callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
            given["callbacks"] = [*callbacks, StopAtBrokenRule(self._rules)]

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As in Keras, of labels that are checked."""
        if self._numbers_classes:
            y = self._labels(y, tf.shape(y_pred)[0])
        return super().compute_loss(x, y, y_pred, *args, **kwargs)

    @property
    def _numbers_classes(self) -> bool:
        """Whether the loss is of labels that are numbers of classes; another may be of one-hot labels."""
        return isinstance(self.loss, keras.losses.SparseCategoricalCrossentropy)

    def _images(self, x: Any) -> Any:
        """Images as Keras takes them, checked as far as they are at hand."""
        x = batches.as_given(x)[0]
        if isinstance(x, tuple | list):
            raise ValueError(f"The images are a {type(x).__name__}: this model takes one array of images.")
        if validation.at_hand(x):
            validation.data(x, self.data_shape, IMAGES, convert=False, what="images")
        return x

    def _labels(self, y: Any, count: Any) -> Any:
        if y is None:
            raise ValueError(
                f"There are no labels y: a classifier learns from one label from 0 to {self.num_classes - 1} per image."
            )
        return validation.class_numbers(y, self.num_classes, count)

    def _taken(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Images and labels as Keras takes them, checked as far as they are at hand."""
        x = self._images(x)
        if not self.compiled:
            raise ValueError("Classifier is not compiled: call compile() before, for example compile('adam').")
        if hasattr(x, "dtype") and self._numbers_classes:
            y = self._labels(y, len(x))
            y = np.asarray(y) if isinstance(x, np.ndarray) else y
        return x, y

    def compile(self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any) -> None:
        """As in Keras; by default with the cross-entropy of integer labels, and accuracy."""
        super().compile(
            optimizer=optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True) if loss is None else loss,
            metrics=["accuracy"] if metrics is None else metrics,
            **{"jit_compile": False, **kwargs},
        )

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` says; Keras would leave a class with a `compile` of its own as it is."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "data_shape": list(self.data_shape),
            "num_classes": self.num_classes,
            "filters": list(self.filters),
            "dense_units": self.dense_units,
        }
