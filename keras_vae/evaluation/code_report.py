"""What the codes of an autoencoder are worth to a classifier, and what the same classifier does without them."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field

from keras_vae import _checks, _tables
from keras_vae._backend import keras, tf
from keras_vae._batches import in_batches
from keras_vae._tables import OneOf, Real, Says, Text, Whole
from keras_vae.augment import Corruption
from keras_vae.data import choose_labelled
from keras_vae.evaluation import inputs
from keras_vae.evaluation.metrics import Metric
from keras_vae.evaluation.probes import SCALINGS, error_rate, linear_probe, spread
from keras_vae.models import Autoencoder, SemiSupervisedVAE, SparseCode, classifier_on
from keras_vae.objectives import reconstruction

Data = tuple[np.ndarray, np.ndarray]
Say = Callable[[str], None]

_BATCH = 1000
_STEPS = 50  # a call of the training function, for speed

METRICS = (
    Metric(
        "probe_error", "test error of a linear classifier on the codes", "%", better="lower", label="linear classifier"
    ),
    Metric("probe_error_of_pixels", "test error of a linear classifier on the pixels", "%"),
    Metric(
        "classifier_error",
        "test error of a classifier fine-tuned from the encoder",
        "%",
        better="lower",
        label="classifier on top",
    ),
    Metric("classifier_error_from_scratch", "test error of the same classifier from fresh weights", "%"),
    Metric(
        "classifier_error_{n}_labels",
        "test error of a classifier fine-tuned from the encoder, {n} label{s}",
        "%",
        better="lower",
        error="over draws of labels",
    ),
    Metric(
        "classifier_error_from_scratch_{n}_labels",
        "test error of the same classifier from fresh weights, {n} label{s}",
        "%",
        error="over draws of labels",
    ),
    Metric(
        "classification_error", "test error of the model's own classifier", "%", better="lower", label="its classifier"
    ),
    Metric(
        "classification_error_of_labels_alone",
        "test error of the same classifier trained on the labelled images alone",
        "%",
    ),
)


@_tables.table("probe")
class ProbeRecipe:
    """A linear classifier on frozen codes.

    Args:
        inverse_penalty, scaling: as in `linear_probe`.
        num_active: of a k-sparse code, how many units the classifier is shown; by default as many as the model keeps. More help
            it (Makhzani & Frey, 2014, section 2.2, where they are alpha k).
    """

    inverse_penalty: Annotated[Real, Field(ge=1e-9, le=1e9)] = 1.0
    scaling: Annotated[Text, OneOf(tuple(SCALINGS))] = "each"
    num_active: Annotated[Whole, Field(ge=1, le=_checks.MAX_SIZE)] | None = None


def _corruption(spec: Any) -> Any:
    reconstruction.part("classifier.corruption", Corruption, spec)
    return spec


_Count = Annotated[Whole, Field(ge=0, le=10**6)]
_Positive = Annotated[Whole, Field(ge=1, le=10**6)]
_Rate = Annotated[Real, Field(ge=0.0, le=0.999)]


@_tables.table("classifier")
class ClassifierRecipe:
    """How a classifier on a code is trained: Adam, its rate falling along a half cosine to zero; nothing is chosen on test data.

    Args:
        epochs: passes over the labelled images.
        batch_size: images a step.
        learning_rate: at the beginning.
        dropout, input_dropout: rates of the dropout on the code and on the data.
        corruption: what is done to the data, anew in each epoch, that leaves their class as it is, such as `"random_elastic"`: a
            name, or a dict with a name and arguments, as in `objectives.Reconstruction`.
        hidden_units: sizes of dense layers between code and logits.
        min_steps: least number of steps; with few labels there are more epochs.
        seed: of new weights, order and dropout.
    """

    epochs: _Positive = 20
    batch_size: _Positive = 128
    learning_rate: Annotated[Real, Field(ge=0.0, le=10.0)] = 1e-3
    dropout: _Rate = 0.0
    input_dropout: _Rate = 0.0
    corruption: Annotated[Any, AfterValidator(_corruption)] = None
    hidden_units: Annotated[
        tuple[int, ...], BeforeValidator(lambda value: _checks.sizes("classifier.hidden_units", value))
    ] = ()
    min_steps: _Count = 0
    seed: _Count = 0


def _settings_of(cls: Any) -> Any:
    """How a table inside `[codes]` is read: `true` in its place stands for its defaults, and `false` says that there is none."""
    return BeforeValidator(lambda value: {True: cls(), False: None}[value] if isinstance(value, bool) else value)


_TABLE = Says("must be a table, or true or false.")


@_tables.table("codes")
class CodesRecipe:
    """The `[codes]` table of a preset: what `keras-vae evaluate` does with its codes.

    Args:
        probe: how a linear classifier on frozen codes is fitted, and one on raw pixels beside it; None for none.
        classifier: settings of a classifier on top, fine-tuned as a whole, and the same with fresh weights beside it; None
            for none.
        labels: numbers of labels that the classifier is shown beside all of them.
        draws: of the labelled examples, for each number.
    """

    probe: Annotated[ProbeRecipe | None, _settings_of(ProbeRecipe), _TABLE] = ProbeRecipe()
    classifier: Annotated[ClassifierRecipe | None, _settings_of(ClassifierRecipe), _TABLE] = None
    labels: Annotated[tuple[Annotated[Whole, Field(ge=1, le=10**7)], ...], Field(max_length=100)] = ()
    draws: Annotated[Whole, Field(ge=1, le=1000)] = 5

    def __post_init__(self) -> None:
        if self.labels and self.classifier is None:
            raise ValueError(f"codes.labels={list(self.labels)}: needs a table [codes.classifier].")

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> "CodesRecipe":
        """Make it from the table of a file.

        Raises:
            ValueError: if a key is unknown, or a value is out of its range, naming it.
        """
        return _tables.read(cls, table)


def code_report(
    model: Autoencoder, train: Data, test: Data, recipe: CodesRecipe, say: Say | None = None
) -> dict[str, Any]:
    """Errors on test labels of classifiers that start from the codes, and of their controls.

    Args:
        model: a trained autoencoder; it stays as it is.
        train: images `(N,) + data_shape` and labels `(N,)`.
        test: the same, for testing alone.
        recipe: what to do.
        say: called with a line of words when a step begins.

    Returns:
        As far as the recipe asks: `probe_error` and, on raw pixels, `probe_error_of_pixels`; `classifier_error` and, from fresh
        weights, `classifier_error_from_scratch`; for n labels both with `_n_labels` at the end, the mean over the draws, and
        `_n_labels_spread`, its standard deviation.

    Raises:
        ValueError: if the labels asked for leave a class empty, or there is not one label per image.
    """
    _check_data(train, test)
    say = say or (lambda words: None)
    (x, y), (test_x, test_y) = train, test
    figures: dict[str, Any] = {}
    if recipe.probe:
        say("fitting a linear classifier on the codes")
        fit = functools.partial(
            linear_probe, inverse_penalty=recipe.probe.inverse_penalty, scaling=recipe.probe.scaling
        )
        codes, test_codes = (_codes(model, part, recipe.probe.num_active) for part in (x, test_x))
        figures["probe_error"] = error_rate(test_y, fit(codes, y, test_codes))
        say("fitting a linear classifier on the pixels")
        flat = fit(x.reshape(len(x), -1), y, test_x.reshape(len(test_x), -1))
        figures["probe_error_of_pixels"] = error_rate(test_y, flat)
    if recipe.classifier is None:
        return figures
    for name, pretrained in (("classifier_error", True), ("classifier_error_from_scratch", False)):
        words = "from the codes" if pretrained else "from fresh weights"
        say(f"training the classifier {words}, all labels")
        figures[name] = classifier_error(model, train, test, recipe.classifier, pretrained=pretrained)
        for count in recipe.labels:
            errors = []
            for draw in range(recipe.draws):
                say(f"training the classifier {words}, {count:,} labels, draw {draw + 1} of {recipe.draws}")
                chosen = choose_labelled(y, count, draw)
                some = dataclasses.replace(recipe.classifier, seed=recipe.classifier.seed + draw)
                errors.append(classifier_error(model, (x[chosen], y[chosen]), test, some, pretrained=pretrained))
            found = spread(errors)
            figures |= {f"{name}_{count}_labels": found.mean, f"{name}_{count}_labels_spread": found.stddev}
    return figures


def classifier_error(
    model: Autoencoder, train: Data, test: Data, recipe: ClassifierRecipe, *, pretrained: bool = True
) -> float:
    """Error on test labels of a classifier on top of the encoder, fine-tuned as a whole.

    Args:
        model: a trained autoencoder; it stays as it is.
        train: images and labels.
        test: images and labels.
        recipe: how to train.
        pretrained: False for the control: the same network with fresh weights.

    Raises:
        ValueError: if there is not one label per image.
    """
    _check_data(train, test)
    keras.utils.set_random_seed(recipe.seed)
    start = model if pretrained else type(model).from_config(model.get_config())
    classifier = classifier_on(
        start,
        int(max(train[1].max(), test[1].max())) + 1,
        recipe.hidden_units,
        recipe.dropout,
        input_dropout=recipe.input_dropout,
    )
    return _trained_error(classifier, train, test, recipe)


def error_of_labels_alone(model: SemiSupervisedVAE, train: Data, test: Data, recipe: ClassifierRecipe) -> float:
    """Error on test labels of a model's classifier with fresh weights that learns from labelled images and nothing else: a control.

    Args:
        model: a trained model; it stays as it is.
        train: the labelled images and their labels.
        test: images and labels.
        recipe: how to train; there are no layers beside the classifier's, and no dropout.

    Raises:
        ValueError: if there is not one label per image.
    """
    _check_data(train, test)
    keras.utils.set_random_seed(recipe.seed)
    return _trained_error(type(model).from_config(model.get_config()).classifier, train, test, recipe)


def _check_data(*parts: Data) -> None:
    for images, labels in parts:
        inputs.same_length(images=images, labels=inputs.labels("labels", labels))


def _trained_error(classifier: keras.Model, train: Data, test: Data, recipe: ClassifierRecipe) -> float:
    """Error on test labels of a classifier that gives logits, trained by the recipe."""
    (x, y), (test_x, test_y) = train, test
    batch = min(recipe.batch_size, len(x))
    per_epoch = -(-len(x) // batch)
    epochs = max(recipe.epochs, -(-recipe.min_steps // per_epoch))
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, epochs * per_epoch)
    classifier.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
        steps_per_execution=min(_STEPS, per_epoch),
    )
    if recipe.corruption is None:
        classifier.fit(x, y, batch_size=batch, epochs=epochs, verbose=0)
    else:
        classifier.fit(_corrupted(x, y, batch, recipe), epochs=epochs, shuffle=False, verbose=0)
    return error_rate(test_y, classifier.predict(test_x, batch_size=_BATCH, verbose=0).argmax(axis=-1))


def _corrupted(x: np.ndarray, y: np.ndarray, batch: int, recipe: ClassifierRecipe) -> Any:
    """Batches of images and labels, in another order and with another corruption in each epoch."""
    corrupt = reconstruction.part("classifier.corruption", Corruption, recipe.corruption)
    seeds = tf.data.Dataset.random(seed=recipe.seed, rerandomize_each_iteration=True).batch(2)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=recipe.seed).batch(batch)
    return (
        tf.data.Dataset.zip(batches, seeds)
        .map(
            lambda pair, seed: (corrupt(pair[0], tf.cast(seed, tf.int32)), pair[1]), num_parallel_calls=tf.data.AUTOTUNE
        )
        .prefetch(tf.data.AUTOTUNE)
    )


def _codes(model: Autoencoder, x: np.ndarray, num_active: int | None) -> np.ndarray:
    if num_active is None:
        return in_batches(model.encode, x)
    if not isinstance(model, SparseCode) or model.num_active is None or num_active > model.latent_size:
        raise ValueError(
            f"probe.num_active={num_active}: is for a SparseAutoencoder with num_active, and at most its {model.latent_size} units."
        )
    return in_batches(lambda part: model.code_of_largest(part, num_active, num_active), x)
