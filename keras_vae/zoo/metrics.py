"""The figures of a preset, computed from the bytes that are shipped."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_vae import __version__, _checks, _files, data, evaluation
from keras_vae._backend import keras, tf, tfp
from keras_vae.evaluation.likelihood import Progress
from keras_vae.evaluation.report import SAMPLES
from keras_vae.models import Reconstructs
from keras_vae.zoo.card import card
from keras_vae.zoo.classes import numbered_as
from keras_vae.zoo.files import CARD, METRICS
from keras_vae.zoo.judges import judge_of
from keras_vae.zoo.preset_file import Preset
from keras_vae.zoo.presets import find_preset, load, trained_preset


def evaluate_preset(
    name_or_folder: str | Path | Preset,
    *,
    num_samples: int = SAMPLES,
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
        preprocessing = preset.preprocessing if isinstance(model, Reconstructs) else "scaling"
    split = data.split_for_arrays(source, "test")
    x, y = data.arrays(source, split, preprocessing, seed=0)
    whole = split == "test" and images is None
    if split != "test" and images is None:
        images = len(x)
        say(f"{name} has more test images than are evaluated at once: evaluating the first {images:,}")
    judge = judge_of(known)
    test = evaluation.TestSet(
        images=x[:images],
        labels=y[:images],
        source=source,
        name=known,
        preprocessing=preprocessing,
        whole=whole,
        num_samples=num_samples,
        recipe=preset.recipe,
        codes=preset.codes,
        judge=functools.partial(load, judge) if judge else None,
        say=say,
        progress=progress,
    )
    found = evaluation.report(model, test)
    return {
        "figures": {key: _rounded(value) for key, value in found["figures"].items()},
        "protocol": found["protocol"],
        "weights_sha256": preset.manifest["sha256"],
        "versions": {
            "keras_vae": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "tfp": tfp.__version__,
        },
    }


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
