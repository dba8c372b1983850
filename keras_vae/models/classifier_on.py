"""A classifier on top of an autoencoder's code."""

from collections.abc import Sequence

from keras_vae import _checks
from keras_vae._backend import keras
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.fine_tuning import copy_of


def classifier_on(
    model: Autoencoder,
    num_classes: int,
    hidden_units: Sequence[int] = (),
    dropout: float = 0.0,
    frozen: bool = False,
    input_dropout: float = 0.0,
) -> keras.Model:
    """Make a classifier of a copy of the model's encoder and new layers on its code, compiled, to be trained with `fit`.

    >>> classifier = models.classifier_on(model, num_classes=10)
    >>> classifier.fit(images, labels, epochs=10)

    Args:
        model: an autoencoder, trained; it stays as it is.
        num_classes: number of classes; labels are integers from 0.
        hidden_units: sizes of dense ReLU layers between code and logits.
        dropout: rate of the dropout on the code, from 0 to below 1.
        frozen: keep the encoder as it is, and train the new layers alone.
        input_dropout: rate of the dropout on the data.

    Returns:
        A functional model, data `(B,) + data_shape` -> logits `(B, num_classes)`, compiled with Adam at 1e-3, the cross-entropy of
        integer labels and accuracy; compile it anew for another rate.

    Raises:
        ValueError: if the model is no `Autoencoder`, or an argument is out of its range.
    """
    if not isinstance(model, Autoencoder):
        raise ValueError(f"{type(model).__name__} has no code of its own: classifier_on takes an Autoencoder.")
    num_classes = _checks.positive_int("num_classes", num_classes, minimum=2)
    dropout = _checks.finite_float("dropout", dropout, minimum=0.0, maximum=0.999)
    input_dropout = _checks.finite_float("input_dropout", input_dropout, minimum=0.0, maximum=0.999)
    encoder = copy_of(model).encoder
    encoder.trainable = not _checks.flag("frozen", frozen)
    data = keras.Input(model.data_shape, name="data")
    h = encoder(keras.layers.Dropout(input_dropout, name="input_dropout")(data) if input_dropout else data)
    for layer in model.code_layers():
        h = layer(h)
    h = keras.layers.Dropout(dropout, name="dropout")(h)
    for i, units in enumerate(_checks.sizes("hidden_units", hidden_units)):
        h = keras.layers.Dense(units, "relu", name=f"hidden_{i}")(h)
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(h)
    classifier = keras.Model(data, logits, name="classifier")
    classifier.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return classifier
