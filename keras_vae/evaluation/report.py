"""Which evaluation a model gets: reports by what it can do, put together."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae import augment, data
from keras_vae._gathered import Gathered
from keras_vae.evaluation.classes import class_accuracy
from keras_vae.evaluation.clustering import cluster, clustering_accuracy, clustering_report
from keras_vae.evaluation.code_report import ClassifierRecipe, CodesRecipe, code_report, error_of_labels_alone
from keras_vae.evaluation.codebook import codebook_report
from keras_vae.evaluation.completion import PRIOR_SAMPLES, completion_report, trained_completer
from keras_vae.evaluation.disentanglement import disentanglement_report
from keras_vae.evaluation.likelihood import Progress, likelihood_report
from keras_vae.evaluation.probes import error_rate
from keras_vae.evaluation.reconstruction import reconstruction_report
from keras_vae.evaluation.swaps import swap_report, trained_judge
from keras_vae.models import (
    Classifier,
    Classifies,
    Clusters,
    DeterministicCode,
    DiscreteCodes,
    HasPosterior,
    ImageConditions,
    Samples,
    TranslatesDomains,
)
from keras_vae.training import Recipe

SAMPLES = 5000
"""Importance samples per image of the published tables."""
_CONTROL_IMAGES = 12_800  # an epoch, each labelled one many times


@dataclasses.dataclass(frozen=True)
class TestSet:
    """What a model is evaluated on, and how."""

    __test__ = False  # no test, whatever pytest takes its name for

    images: np.ndarray
    """`(N,) + data_shape`, as the model takes them."""
    labels: np.ndarray
    """int `(N,)`."""
    source: str | data.Source
    """Where they are from; its training split is what controls learn from."""
    name: str = ""
    """Name of the data set; "" for one of a user's own, which may be called as a known one is."""
    preprocessing: Any = "scaling"
    whole: bool = True
    """Whether these are all test images: what takes long and is a figure of all is left out otherwise."""
    num_samples: int = SAMPLES
    """Importance samples per image."""
    recipe: Recipe | None = None
    """What the model was trained by, if that is known."""
    codes: CodesRecipe | None = None
    """What to do with the codes of an autoencoder; None for nothing."""
    judge: Callable[[], Any] | None = None
    """Loads a classifier of the same classes; None where there is none."""
    say: Callable[[str], None] = lambda words: None
    """Called with a line of words when a step begins that takes long."""
    progress: Progress | None = None

    @property
    def levels(self) -> int | None:
        """Number of values of each pixel before noise was added; None where none was."""
        return 256 if isinstance(augment.preprocessing_named(self.preprocessing), augment.Dequantization) else None

    def training(self) -> tuple[np.ndarray, np.ndarray]:
        """The training images and their labels."""
        return data.arrays(self.source, data.split_for_arrays(self.source, "train"), self.preprocessing, seed=0)


figures = Gathered(
    "figures",
    """The figures of a model on a `TestSet`, by name: those of all that it can do.

    `figures.register(MyModel)` adds those of a model of a user's own: a function of the model and the `TestSet`.
    """,
)
protocol = Gathered("protocol", "How the figures of a model on a `TestSet` were made, for the card.")


def report(model: Any, test: TestSet) -> dict[str, dict[str, Any]]:
    """Evaluate a model by what it can do.

    Args:
        model: a model of this library, or of a class that `figures.register` knows.
        test: on what, and how.

    Returns:
        `figures` by name, and the `protocol` that belongs to them.
    """
    return {"figures": figures(model, test), "protocol": protocol(model, test)}


@protocol.register(object)
def _of_any(model: Any, test: TestSet) -> dict[str, Any]:
    called = test.source if isinstance(test.source, str) else test.source.name
    return {"data": f"{called} test", "images": len(test.images), "preprocessing": test.preprocessing}


@figures.register(Classifier)
def _accuracy(model: Any, test: TestSet) -> dict[str, Any]:
    found = model.evaluate(test.images, test.labels, batch_size=500, verbose=0, return_dict=True)
    return {"accuracy": float(found["accuracy"])}


def _importance_samples(model: Any, test: TestSet) -> int | None:
    """None where there is no likelihood that importance sampling could estimate."""
    return None if model.non_binary_bernoulli(test.images) else test.num_samples


@figures.register(HasPosterior)
def _likelihood(model: Any, test: TestSet) -> dict[str, Any]:
    samples = _importance_samples(model, test)
    if samples is None:
        test.say(
            "grey values under a Bernoulli have no likelihood: the bound, a cross-entropy here, is all there is of it"
        )
    found = likelihood_report(
        model,
        test.images,
        test.labels,
        num_samples=samples,
        progress=test.progress,
        dequantized_levels=test.levels,
    )
    if test.name == "shapes":
        test.say("measuring the disentanglement")
        found |= disentanglement_report(model)
    return found


@protocol.register(HasPosterior)
def _labels_and_samples(model: Any, test: TestSet) -> dict[str, Any]:
    return {"labels_given": model.conditional, "importance_samples": _importance_samples(model, test)}


def _prior_samples(test: TestSet) -> list[int]:
    return [max(1, most * test.num_samples // SAMPLES) for most in PRIOR_SAMPLES]


@figures.register(ImageConditions)
def _completion(model: Any, test: TestSet) -> dict[str, Any]:
    if not model.completes:
        return {}
    test.say("training a network without latents to compare with")
    baseline = trained_completer(data.load(test.source, "train", test.preprocessing))
    test.say("completing images of one, two and three quadrants")
    return completion_report(
        model, test.images, prior_samples=_prior_samples(test), baseline=baseline, progress=test.progress
    )


@protocol.register(ImageConditions)
def _draws_of_prior(model: Any, test: TestSet) -> dict[str, Any]:
    return {"prior_draws": _prior_samples(test)} if model.completes else {}


@figures.register(DiscreteCodes)
def _codebook(model: Any, test: TestSet) -> dict[str, Any]:
    return codebook_report(model, test.images, test.labels, dequantized_levels=test.levels)


@figures.register(DeterministicCode)
def _reconstruction(model: Any, test: TestSet) -> dict[str, Any]:
    found = reconstruction_report(model, test.images, test.labels)
    if test.codes:
        found |= code_report(model, test.training(), (test.images, test.labels), test.codes, test.say)
    return found


@figures.register(Samples)
def _samples_of_classes(model: Any, test: TestSet) -> dict[str, Any]:
    if test.judge is None or model.num_classes is None:
        return {}
    return {"class_accuracy": class_accuracy(model, test.judge())}


@figures.register(TranslatesDomains)
def _swaps(model: Any, test: TestSet) -> dict[str, Any]:
    """The score of swaps of test images, by judges trained on the training images of each domain."""
    domains, labels = data.pairs(test.name, "train")
    test.say("training the judges of the swap")
    judges = [trained_judge(x, labels) for x in domains]
    which = np.repeat([0, 1], len(labels))
    domain_judge = trained_judge(np.concatenate(domains), which, epochs=1)
    mixed, own = data.arrays(test.name, "train")  # what the model saw: each digit in one domain
    images, shown = data.pairs(test.name, "test")
    some = slice(None if test.whole else len(test.images))
    test.say("swapping the test images")
    return swap_report(
        model,
        [part[some] for part in images],
        shown[some],
        judges,
        domain_judge,
        [mixed[own == 0], mixed[own == 1]],
    )


@figures.register(Classifies)
def _classification(model: Any, test: TestSet) -> dict[str, Any]:
    found = {"classification_error": error_rate(test.labels, model.classify(test.images))}
    recipe = test.recipe
    # Of another data set the labelled images are not those that the model was shown.
    if test.whole and recipe and recipe.data.labels and test.name == recipe.data.name:
        test.say("training its classifier on the labelled images alone")
        train = data.arrays(test.name, recipe.data.training_split, test.preprocessing, seed=0)
        found["classification_error_of_labels_alone"] = _of_labels_alone(
            model, recipe, train, (test.images, test.labels)
        )
    return found


def _of_labels_alone(model: Any, recipe: Recipe, train: Any, test: Any) -> float:
    """The error of the model's classifier when it learns from the labelled images alone, corrupted as in the recipe."""
    images, labels = train
    chosen = data.choose_labelled(labels, recipe.data.labels, recipe.training.seed)
    chosen = np.tile(chosen, -(-_CONTROL_IMAGES // len(chosen)))  # so that an epoch is more than a step
    control = ClassifierRecipe(corruption=recipe.objective.get("corruption"))
    return error_of_labels_alone(model, (images[chosen], labels[chosen]), test, control)


@figures.register(Clusters)
def _clusters(model: Any, test: TestSet) -> dict[str, Any]:
    found = clustering_report(model, test.images, test.labels, test.training() if test.whole else None)
    test.say("looking for as many clusters in the pixels")
    pixels = cluster(test.images.reshape(len(test.images), -1), model.num_clusters)
    return {**found, "clustering_accuracy_of_pixels": clustering_accuracy(test.labels, pixels)}
