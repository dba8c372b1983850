"""The classifiers that judge samples of class-conditional models, by data set."""

from keras_vae import _checks, _untrusted
from keras_vae.zoo.home import presets_home
from keras_vae.zoo.preset_file import Preset
from keras_vae.zoo.presets import find_preset

_FILE = "judges.toml"
_MAX_BYTES = 100_000


def judge_of(data_set: str) -> Preset | None:
    """The preset of the zoo that classifies images of a data set; None where there is none, or it has no weights.

    Raises:
        ValueError: if the zoo's file of judges is damaged, or names no preset.
    """
    path = presets_home() / _FILE
    try:
        names = _untrusted.read_toml(path, _MAX_BYTES)
    except FileNotFoundError:
        return None
    if data_set not in names:
        return None
    name = names[data_set]
    if not isinstance(name, str):
        raise ValueError(f"{path}: {data_set}={_checks.shown(name)}: must be the name of a preset.")
    judge = find_preset(name)
    return judge if judge.trained else None
