"""Classes by their names: the labels of a preset and those of a data set are numbers that need not mean the same."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import data
from keras_vae.models import plain_data
from keras_vae.zoo.preset_file import Preset
from keras_vae.zoo.presets import class_names, find_preset


def numbered_as(name_or_folder: str | Path | Preset, model: Any, source: str | data.Source) -> str | data.Source:
    """The data set with its classes numbered as a preset numbers them.

    A folder of images numbers its classes in the order of the alphabet, so one without the first class would be taken for another.

    Args:
        name_or_folder: the preset.
        model: the preset's model.
        source: the name of a data set, or one of your own, whose `class_names`, if it has any, are the words for its labels.

    Returns:
        `source` itself where the numbers agree, where the model does not use labels, where the labels have no names, or where the
        preset's recipe names it.

    Raises:
        ValueError: if the classes are not those of the preset.
    """
    preset = find_preset(name_or_folder)
    known, setting = class_names(preset), plain_data.label_setting(model)
    own = data.class_names(source) if isinstance(source, str) else getattr(source, "class_names", None)
    recipe = preset.recipe
    if isinstance(source, str) and recipe and source == recipe.data.name:
        return source
    if setting is None or own is None or (isinstance(source, str) and not (known and own)):
        return source
    if not known:
        if len(own) != setting[1]:
            raise ValueError(
                f"{_called(source)} has {_listed(own)}: {name_or_folder} has {setting[1]}, without names, so they are matched by "
                "their numbers. Give a data set with as many."
            )
        return source
    if sorted(own) != sorted(known):
        raise ValueError(
            f"{_called(source)} has {_listed(own)}: {name_or_folder} has {_listed(known)}, and classes are matched by their names. "
            "Give a data set with the same classes."
        )
    return source if tuple(own) == known else _Renumbered(source, tuple(known.index(name) for name in own), known)


class _Renumbered:
    """A data set with other numbers for its labels."""

    def __init__(self, source: str | data.Source, numbers: tuple[int, ...], class_names: tuple[str, ...]):
        self.source = source
        self.name = _called(source)
        self.numbers = np.array(numbers, "int64")
        self.class_names = class_names

    def __call__(self, split: str) -> data.Images:
        found = data.read(self.source, split)
        return dataclasses.replace(found, labels=self.numbers[found.labels])


def _called(source: str | data.Source) -> str:
    return source if isinstance(source, str) else source.name


def _listed(names: tuple[str, ...]) -> str:
    if not any(names):
        return "no class folders"
    words = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    return f"the {len(names)} classes {words}" if len(names) > 1 else f"the class {words}"
