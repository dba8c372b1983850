"""The figures of a preset, computed from the bytes that are shipped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import __version__, _checks, _files, data, evaluation
from keras_vae._backend import keras, tf, tfp
from keras_vae.evaluation.completion import PRIOR_SAMPLES
from keras_vae.evaluation.likelihood import Progress
from keras_vae.models import (
    VQVAE,
    Autoencoder,
    Clusters,
    EncoderDecoder,
    ImageConditionalVAE,
    LatentVariableModel,
    SemiSupervisedVAE,
    SwapAutoencoder,
)
from keras_vae.training import Recipe
from keras_vae.zoo.card import card
from keras_vae.zoo.classes import numbered_as
from keras_vae.zoo.files import CARD, METRICS
from keras_vae.zoo.judges import judge_of
from keras_vae.zoo.preset_file import Preset
from keras_vae.zoo.presets import find_preset, load, trained_preset

_SAMPLES = 5000  # of the published tables
_CONTROL_IMAGES = 12_800  # an epoch, each labelled one many times


def evaluate_preset(
    name_or_folder: str | Path | Preset,
    *,
    num_samples: int = _SAMPLES,
    images: int | None = None,
    source: str | data.Source | None = None,
    preprocessing: Any = None,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Compute a preset's figures on the test set of its data, binarised once with seed 0 where it is binarised.

    Args:
        name_or_folder: as in `load`.
        num_samples: importance samples an image. Where pictures are completed, two times, a half and a fifth as many draws of the
            prior with one, two and three quadrants given.
        images: number of test images, the first ones; all by default.
        source: data set to evaluate on, its name or one of your own; by default that of the preset's recipe.
        preprocessing: of the images; by default that of the recipe.
        progress: called with the number of images done and the number of all.
        say: called with a line of words when a step begins that takes long.

    Returns:
        `figures`, and the `protocol` and `versions` that belong to them.

    Raises:
        ValueError: if the preset names no data to evaluate on, a number is out of its range, or the data's classes are not those of
            the preset.
        DataUnavailableError: if the data are not on this machine.
    """
    say = say or (lambda words: None)
    num_samples = _checks.positive_int("num_samples", num_samples, maximum=10**6)
    if images is not None:
        images = _checks.positive_int("images", images, maximum=10**9)
    preset = trained_preset(name_or_folder)  # once: an address without a commit may name another preset a moment later
    model = load(preset)
    recipe = preset.recipe.data if preset.recipe else None
    if source is None and recipe is None:
        raise ValueError(
            f"{preset.name} has no recipe that names its data: choose a data set, for example --data digits."
        )
    source = source or recipe.name  # type: ignore[union-attr]
    name = source if isinstance(source, str) else source.name
    known = source if isinstance(source, str) else ""  # a folder of pictures may be called as a data set is
    source = numbered_as(preset, model, source)
    if preprocessing is None:
        # A classifier learns from shifted images and is judged on the images as they are.
        preprocessing = preset.preprocessing if isinstance(model, EncoderDecoder) else "scaling"
    split = data.split_for_arrays(source, "test")
    x, y = data.arrays(source, split, preprocessing, seed=0)
    if split != "test" and images is None:
        images = len(x)
        say(f"{name} has more test images than are evaluated at once: evaluating the first {images:,}")
    x, y = x[:images], y[:images]
    probabilistic = isinstance(model, LatentVariableModel)
    dequantized = isinstance(data.preprocessing_named(preprocessing), data.Dequantization)
    levels = 256 if dequantized else None
    draws = None if probabilistic and model.weighs_grey(x) else num_samples
    completes = isinstance(model, ImageConditionalVAE) and model.completes
    if probabilistic:
        if draws is None:
            say(
                "grey values under a Bernoulli have no likelihood: the bound, a cross-entropy here, is all there is of it"
            )
        figures: dict[str, Any] = evaluation.likelihood_report(
            model, x, y, num_samples=draws, progress=progress, dequantized_levels=levels
        )
        if completes:
            say("training a network without latents to compare with")
            baseline = evaluation.trained_completer(data.load(source, "train", preprocessing))
            say("completing pictures of one, two and three quadrants")
            prior_draws = [max(1, most * num_samples // _SAMPLES) for most in PRIOR_SAMPLES]
            figures |= evaluation.completion_report(
                model, x, prior_samples=prior_draws, baseline=baseline, progress=progress
            )
        if known == "shapes":
            say("measuring the disentanglement")
            figures |= evaluation.disentanglement_report(model)
    elif isinstance(model, VQVAE):
        figures = evaluation.codebook_report(model, x, y, dequantized_levels=levels)
    elif isinstance(model, Autoencoder):
        figures = evaluation.reconstruction_report(model, x, y)
        if isinstance(model, SwapAutoencoder):
            figures |= _swaps(model, known, images, say)
        if preset.codes:
            train = data.arrays(source, data.split_for_arrays(source, "train"), preprocessing, seed=0)
            figures |= evaluation.code_report(model, train, (x, y), preset.codes, say)
    else:
        figures = {"accuracy": float(model.evaluate(x, y, batch_size=500, verbose=0, return_dict=True)["accuracy"])}
    judge = judge_of(known)
    if hasattr(model, "sample") and model.conditional and judge:
        figures["class_accuracy"] = evaluation.class_accuracy(model, load(judge))
    if isinstance(model, SemiSupervisedVAE):
        figures["classification_error"] = evaluation.error_rate(y, model.classify(x))
        # Of another data set the labelled images are not those that the model was shown.
        if images is None and preset.recipe and preset.recipe.data.labels and known == preset.recipe.data.name:
            say("training its classifier on the labelled images alone")
            train = data.arrays(known, preset.recipe.data.training_split, preprocessing, seed=0)
            figures["classification_error_of_labels_alone"] = _of_labels_alone(model, preset.recipe, train, (x, y))
    if isinstance(model, Clusters):
        training = None
        if images is None:
            training = data.arrays(source, data.split_for_arrays(source, "train"), preprocessing, seed=0)
        figures |= evaluation.clustering_report(model, x, y, training)
        say("looking for as many clusters in the pixels")
        pixels = evaluation.cluster(x.reshape(len(x), -1), model.num_clusters)
        figures["clustering_accuracy_of_pixels"] = evaluation.clustering_accuracy(y, pixels)
    protocol = {"data": f"{name} test", "images": len(x), "preprocessing": preprocessing}
    if probabilistic:
        protocol |= {"labels_given": model.conditional, **({"importance_samples": draws} if draws else {})}
    if completes:
        protocol["prior_draws"] = prior_draws
    return {
        "figures": {key: _rounded(value) for key, value in figures.items()},
        "protocol": protocol,
        "weights_sha256": preset.manifest["sha256"],
        "versions": {
            "keras_vae": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "tfp": tfp.__version__,
        },
    }


def _swaps(model: SwapAutoencoder, name: str, images: int | None, say: Callable[[str], None]) -> dict[str, float]:
    """The score of swaps of test images, by judges trained on the training images of each domain."""
    domains, labels = data.pairs(name, "train")
    say("training the judges of the swap")
    judges = [evaluation.trained_judge(x, labels) for x in domains]
    which = np.repeat([0, 1], len(labels))
    domain_judge = evaluation.trained_judge(np.concatenate(domains), which, epochs=1)
    mixed, own = data.arrays(name, "train")  # what the model saw: each digit in one domain
    test, shown = data.pairs(name, "test")
    say("swapping the test images")
    return evaluation.swap_report(
        model,
        [part[:images] for part in test],
        shown[:images],
        judges,
        domain_judge,
        [mixed[own == 0], mixed[own == 1]],
    )


def _of_labels_alone(model: SemiSupervisedVAE, recipe: Recipe, train: Any, test: Any) -> float:
    """The error of the model's classifier when it learns from the labelled images alone, corrupted as in the recipe."""
    images, labels = train
    chosen = data.choose_labelled(labels, recipe.data.labels, recipe.training.seed)
    chosen = np.tile(chosen, -(-_CONTROL_IMAGES // len(chosen)))  # so that an epoch is more than a step
    control = evaluation.ClassifierRecipe(corruption=recipe.objective.get("corruption"))
    return evaluation.error_of_labels_alone(model, (images[chosen], labels[chosen]), test, control)


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 5) if isinstance(value, float) else value


def write_metrics(folder: str | Path | Preset, metrics: dict[str, Any]) -> None:
    """Write `metrics.json` and the card that is generated from it, as one: an interruption leaves both old or both new.

    Raises:
        ValueError: if there is no such preset.
        OSError: if they cannot be written; what was there stays as it was.
    """
    preset = find_preset(folder)
    text = _files.as_json(metrics)
    _files.write_together(preset.folder, {METRICS: text, CARD: card(preset, metrics=json.loads(text))})
