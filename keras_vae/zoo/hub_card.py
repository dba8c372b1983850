"""What the hub reads at the head of a model card: the library, the task, the data set and the metrics, as YAML."""

import re
from typing import Any

from keras_vae.evaluation.metrics import find_metric
from keras_vae.models import hierarchy
from keras_vae.zoo import facts
from keras_vae.zoo.fetch import hub
from keras_vae.zoo.files import METRICS
from keras_vae.zoo.preset_file import Preset, family

# The hub's names of tasks, by the class that a model derives from; the first that fits.
_TASKS = {
    "Classifier": "image-classification",
    "ImageConditions": "image-to-image",
    "TranslatesDomains": "image-to-image",
    "Samples": "unconditional-image-generation",
    "Reconstructs": "image-feature-extraction",
}
_HEAD = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)


def with_metadata(card: str, preset: Preset, name: str) -> str:
    """A model card with the hub's metadata at its head. What else a head that is there says stays, such as a license.

    The license is that of this library for presets of the zoo. For a preset of a user's own it is theirs to choose.

    Args:
        card: Markdown.
        preset: the preset, whose metrics become results.
        name: of the repository.

    Raises:
        ImportError: if huggingface_hub is not installed.
        CorruptFileError: if the metrics are no such file.
    """
    written = hub().ModelCard(card).data.to_dict() if _HEAD.match(card) else {}
    ours = {
        "library_name": "keras-vae",
        "pipeline_tag": _task(preset),
        "tags": ["keras", "tensorflow-probability", "autoencoder", *_tags(preset)],
        "model_name": name,
        "eval_results": _results(preset) or None,
    }
    if preset.is_of_the_zoo:
        ours["license"] = "apache-2.0"
    if _is_named(preset):
        ours["datasets"] = [preset.recipe.data.name]  # type: ignore[union-attr]
    kept = {key: value for key, value in written.items() if key not in (*ours, "model-index")}
    data = hub().ModelCardData(**ours, **kept)
    return f"---\n{data.to_yaml()}\n---\n\n{_HEAD.sub('', card)}"


def _task(preset: Preset) -> str:
    return next(task for base, task in _TASKS.items() if hierarchy.is_a(preset.model["class"], base))


def _tags(preset: Preset) -> list[str]:
    words = {"vae": "variational-autoencoder", "discrete": "vq-vae"}
    return [words[found]] if (found := family(preset)) in words else []


def _is_named(preset: Preset) -> bool:
    """Whether it learned from a data set that has a name, and not from a folder of its user's."""
    return preset.recipe is not None and preset.recipe.data.name != "folder"


def _results(preset: Preset) -> list[Any]:
    """A result of each metric that a card shows."""
    if not _is_named(preset) or not (preset.folder / METRICS).is_file():
        return []
    found = facts.metrics(preset.folder)
    data = found["protocol"]["data"]
    return [
        hub().EvalResult(
            task_type=_task(preset),
            dataset_type=data.partition(" ")[0],
            dataset_name=data,
            metric_type=key,
            metric_name=f"{metric.name} ({'share' if metric.unit == '%' else metric.unit})"
            if metric.unit
            else metric.name,
            metric_value=value,
        )
        for key, value in found["figures"].items()
        if (metric := find_metric(key)) is not None and metric.shown
    ]
