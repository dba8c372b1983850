"""What the shell completes. It must not wait for TensorFlow: what is asked here can be told without."""

import glob
from collections.abc import Callable, Iterable

from keras_vae import _named, augment, data, export, zoo
from keras_vae.cli import targets as export_targets

Completer = Callable[[str], list[str]]


def words(known: Callable[[], Iterable[str]]) -> Completer:
    """Complete one of a few words, which are looked up when a completion is asked for."""
    return lambda incomplete: [word for word in known() if word.startswith(incomplete)]


def _preprocessings() -> Iterable[str]:
    from keras_vae.augment import preprocessing

    return _named.choices(preprocessing, augment.Preprocessing)


preset_names = words(lambda: zoo.preset_names())
table_names = words(lambda: sorted(zoo.published_tables()))
families = words(lambda: zoo.FAMILIES)
kinds = words(lambda: zoo.KINDS)
named_data = words(lambda: data.DATASETS)
preprocessings = words(_preprocessings)
targets = words(export_targets.names)
formats = words(lambda: export.TARGETS["cpu"].formats)


def data_sets(incomplete: str) -> list[str]:
    """Complete a data set's name, or the path of a folder."""
    return [*named_data(incomplete), *sorted(glob.glob(f"{glob.escape(incomplete)}*/"))]
