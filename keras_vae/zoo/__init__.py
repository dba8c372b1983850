"""Trained models by name, and folders of the same form for a user's own."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae._weights import CorruptFileError
    from keras_vae.zoo.card import EXAMPLES, card, written_process, zoo_table
    from keras_vae.zoo.classes import numbered_as
    from keras_vae.zoo.downloads import DownloadError
    from keras_vae.zoo.facts import manifest
    from keras_vae.zoo.figures import in_words
    from keras_vae.zoo.files import CURVES, IN_A_RUN, SAMPLES
    from keras_vae.zoo.home import DEFAULT_PRESET, preset_names
    from keras_vae.zoo.hub import HubError, download, pinned
    from keras_vae.zoo.metrics import evaluate_preset, write_metrics
    from keras_vae.zoo.preset_file import FAMILIES, Preset, family
    from keras_vae.zoo.presets import (
        class_names,
        find_preset,
        list_presets,
        load,
        preset_folder,
        read_metrics,
        read_weights,
        save_to_preset,
        trained_preset,
        zoo_presets,
    )
    from keras_vae.zoo.published import PublishedTable, Reproduction, published_tables, reproduce
    from keras_vae.zoo.store import MissingBlobError
    from keras_vae.zoo.template import KINDS, recipe_template
    from keras_vae.zoo.upload import upload

__all__ = [
    "CURVES",
    "DEFAULT_PRESET",
    "EXAMPLES",
    "FAMILIES",
    "IN_A_RUN",
    "KINDS",
    "SAMPLES",
    "CorruptFileError",
    "DownloadError",
    "HubError",
    "MissingBlobError",
    "Preset",
    "PublishedTable",
    "Reproduction",
    "card",
    "class_names",
    "download",
    "evaluate_preset",
    "family",
    "find_preset",
    "in_words",
    "list_presets",
    "load",
    "manifest",
    "numbered_as",
    "pinned",
    "preset_folder",
    "preset_names",
    "published_tables",
    "read_metrics",
    "read_weights",
    "recipe_template",
    "reproduce",
    "save_to_preset",
    "trained_preset",
    "upload",
    "write_metrics",
    "written_process",
    "zoo_presets",
    "zoo_table",
]

_lazy.attach(__name__)
