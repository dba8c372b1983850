"""Finding, loading and saving presets."""

import hashlib
import os
import re
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tomli_w

from keras_vae import _checks, _files, _weights
from keras_vae.zoo import facts, hub
from keras_vae.zoo.files import FILE, MANIFEST, METRICS, WEIGHTS
from keras_vae.zoo.home import DEFAULT_PRESET, preset_names, presets_home
from keras_vae.zoo.preset_file import Preset

_T = TypeVar("_T")
_FACTS = ("epochs", "seconds", "hardware")


def list_presets() -> list[str]:
    """Names of the presets that `load` takes, in alphabetical order."""
    return [preset.name for preset in zoo_presets()]


def zoo_presets() -> list[Preset]:
    """The presets of the zoo that have weights, in alphabetical order."""
    home = presets_home()
    found = (Preset.parse(home / name, name) for name in preset_names(home))
    return [preset for preset in found if preset.trained]


def find_preset(name_or_folder: str | Path | Preset) -> Preset:
    """Find a preset, once, and read what its file says: what is returned is what functions that take a name take too.

    Args:
        name_or_folder: a name, a path or an address, as in `load`; a `Preset` is returned as it is.

    Raises:
        ValueError: if there is no such preset, or its file is wrong, naming the key: see `Preset.parse`.
        HubError: if one on the hub cannot be fetched.
    """
    return _of_one_state(name_or_folder, lambda preset: preset)


def _of_one_state(name_or_folder: str | Path | Preset, read: Callable[[Preset], _T]) -> _T:
    """What `read` gives of a preset; of files of one state of its folder, which another process may replace meanwhile."""
    if isinstance(name_or_folder, Preset):
        return read(name_or_folder)
    folder, text = preset_folder(name_or_folder), str(name_or_folder)
    called = hub.address_of(text, folder) if text.startswith(hub.SCHEME) else text
    return _files.read_unchanged(folder, lambda: read(Preset.parse(folder, called)))


def preset_folder(name_or_folder: str | Path | Preset) -> Path:
    """The folder of a preset: of the zoo by its name, a path to a folder of your own, or one on the hub, `hf://user/name@revision`.

    The zoo's names come first: a folder here that is called as a preset of the zoo is given as a path, `"./mnist_cvae"`.

    Raises:
        ValueError: if there is no such preset, with the names there are.
        HubError: if one on the hub cannot be fetched.
    """
    if isinstance(name_or_folder, Preset):
        return name_or_folder.folder
    if not isinstance(name_or_folder, str | Path) or not str(name_or_folder):
        raise ValueError(
            f"{_checks.shown(name_or_folder)} names no preset: give a name, such as {DEFAULT_PRESET!r}, or the path of a folder."
        )
    if str(name_or_folder).startswith(hub.SCHEME):
        return hub.download(str(name_or_folder))
    path = Path(name_or_folder)
    here = os.path.isfile(path / FILE)  # unlike Path's, False for a name that is too long
    known = preset_names(presets_home())
    if isinstance(name_or_folder, str) and name_or_folder in known:
        folder = presets_home() / name_or_folder
        if here and not path.samefile(folder):
            warnings.warn(
                f"{name_or_folder!r} is the zoo's preset. For the folder of that name here, write './{name_or_folder}'.",
                stacklevel=3,
            )
        return folder
    if here:
        return path
    trained = list_presets()
    recipes = ", ".join(name for name in known if name not in trained)
    raise ValueError(
        f"There is no preset {str(name_or_folder)[:200]!r}.{_checks.did_you_mean(name_or_folder, known)} Give one of "
        f"{', '.join(trained)}, or the path of a folder with a {FILE}"
        f"{f' (recipes without weights, to train: {recipes})' if recipes else ''}."
    )


def trained_preset(name_or_folder: str | Path | Preset) -> Preset:
    """Find a preset that has weights, without loading them: what can be told before TensorFlow is imported.

    Raises:
        ValueError: if there is no such preset, or its file is wrong, naming the key: see `Preset.parse`.
        FileNotFoundError: if the preset is a recipe without weights.
        CorruptFileError: if what should describe the weights, `weights.json`, does not.
    """
    return _of_one_state(name_or_folder, _with_manifest)


def _with_manifest(preset: Preset) -> Preset:
    if not preset.trained:
        raise FileNotFoundError(f"{preset.name} is a recipe without weights: train it with `keras-vae train {preset}`.")
    _ = preset.manifest  # kept: weights that are read later must be those of now
    return preset


def load(name_or_folder: str | Path | Preset) -> Any:
    """Load a trained model.

    The model is an ordinary `keras.Model`, compiled with Adam and its default objective: `fit`, `evaluate`,
    `predict`, `compile`, `save` all work.

    Args:
        name_or_folder: a name from `list_presets()`, the path of a preset folder (`"./NAME"` where the zoo has a preset of that
            name), `hf://user/name@revision` for one on the Hugging Face hub, or what `find_preset` returned for one of these.

    Raises:
        ValueError: if there is no such preset, or its file is wrong, naming the key.
        FileNotFoundError: if the preset is a recipe without weights.
        MissingBlobError: if the weights are those of a preset of the zoo and not on this machine, with the ways to get them.
        DownloadError: if they cannot be downloaded.
        CorruptFileError: if the weights are truncated, tampered with or do not belong to the model.
    """
    preset, tensors = _of_one_state(name_or_folder, lambda found: (_checked(found), _weights_of(found)))
    frozen = preset.manifest.get("frozen")
    name = re.sub(r"\W", "_", preset.name)
    model = preset.build(name=name if name[:1].isalpha() else f"preset_{name}")
    if frozen:
        model = _frozen(preset.folder, model, frozen)
    _weights.assign(preset.weights_file(), _weights.named(model), tensors)
    model.compile()
    return model


def _frozen(folder: Path, model: Any, names: list[str]) -> Any:
    """The same model, with fresh weights, in which the parts of these names are frozen."""
    try:
        return type(model).from_config({**model.get_config(), "frozen": names})
    except (ValueError, KeyError, TypeError) as error:
        raise _weights.CorruptFileError(
            f"{folder / MANIFEST} has frozen={names!r:.200}: the model has no part of such a name ({error})."
        ) from error


def read_weights(name_or_folder: str | Path | Preset) -> dict[str, np.ndarray]:
    """The weights of a preset by name, such as `encoder/hidden_0/kernel`, verified by their SHA-256.

    Raises:
        ValueError, FileNotFoundError, CorruptFileError: as in `load`.
    """
    return _of_one_state(name_or_folder, _weights_of)


def _checked(preset: Preset) -> Preset:
    preset.check()
    return preset


def _weights_of(preset: Preset) -> dict[str, np.ndarray]:
    """The weights that the preset's manifest names; the bytes that are verified are those that are read."""
    sha256 = _with_manifest(preset).manifest["sha256"]
    return _weights.read(preset.weights_file(), sha256)[0]


def read_metrics(name_or_folder: str | Path | Preset) -> dict[str, Any]:
    """Read `metrics.json` of a preset.

    Raises:
        FileNotFoundError: if the preset was not evaluated.
        CorruptFileError: if it is no such file.
    """
    folder = preset_folder(name_or_folder)
    try:
        return facts.metrics(folder)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{folder / METRICS} does not exist: compute the figures with `keras-vae evaluate {name_or_folder} --write`."
        ) from error


def save_to_preset(
    model: Any,
    folder: str | Path,
    *,
    source: Preset | None = None,
    training: dict[str, Any] | None = None,
    stored_as: str = "float32",
    class_names: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write a model as a preset folder that `load` takes; what is frozen in it stays so.

    Args:
        model: a model of this library.
        folder: where to; made anew.
        source: the preset that the model was trained from, whose file is kept as it is.
        training: facts about the training, for the card: `epochs`, `seconds` and `hardware`.
        stored_as: `"float32"`, or `"float16"` for a file of half the size; weights are rounded to 11 bits then.
        class_names: words for the labels, or for the domains, in their order: see `class_names`.
        overwrite: replace a folder that is there.

    Returns:
        The folder.

    Raises:
        ValueError: if a part of the model is not the library's own (`model.save("x.keras")` keeps every model), a weight
            is not finite, the model is not what `source` describes, or `class_names` are not one text for each class.
        FileExistsError: if the folder is there and `overwrite` is not given.
        OSError: if it cannot be written; what was there stays as it was.
    """
    from keras_vae.models import plain_data

    folder = _checks.path("folder", folder)
    if folder.exists() and not (overwrite and folder.is_dir()):
        remedy = ", or pass overwrite=True to replace it" if folder.is_dir() else ": this is a file"
        raise FileExistsError(f"{folder} is there already: choose another folder{remedy}.")
    left = {part.name for name in hub.SIZES for part in _files.abandoned_parts(folder / name)}
    strangers = sorted({path.name for path in folder.iterdir()} - set(hub.SIZES) - left) if folder.exists() else []
    if strangers:
        raise FileExistsError(
            f"{folder} holds {strangers[0]!r}, which is no file of a preset: overwriting would delete it. Choose another folder."
        )
    if training is not None:
        _checks.known_keys("training", training, _FACTS)
        if len(training) != len(_FACTS):
            raise ValueError(f"training={training!r}: must have {', '.join(_FACTS)}.")
        facts.check_training(training)
    _checks.one_of("stored_as", stored_as, _weights.STORED_AS)
    setting = plain_data.label_setting(model)
    if class_names or not isinstance(class_names, Sequence):
        class_names = facts.check_names("class_names", class_names, setting[1] if setting else None)
        if setting is None:
            raise ValueError(
                f"class_names={list(class_names)!r:.200}: {type(model).__name__} has no classes or domains, so leave them out."
            )
    description = plain_data.describe(model)
    if source is not None and plain_data.describe(source.build()) != description:
        raise ValueError(f"The model is not what {source.name}'s preset.toml describes: save it without source.")
    frozen = model.get_config().get("frozen", [])
    with _files.replacing_folder(folder, overwrite=overwrite) as aside:
        if source is None:
            _files.write_text(aside / FILE, tomli_w.dumps({"model": description}))
        else:
            shutil.copyfile(source.folder / source.file, aside / FILE)
        tensors = {name: _stored(variable.numpy(), stored_as) for name, variable in _weights.named(model).items()}
        _weights.write(aside / WEIGHTS, tensors)
        manifest = {
            "sha256": _sha256(aside / WEIGHTS),
            "bytes": (aside / WEIGHTS).stat().st_size,
            "parameters": sum(int(value.size) for value in tensors.values()),
            **({"training": training} if training else {}),
            **({"class_names": list(class_names)} if class_names else {}),
            **({"frozen": frozen} if frozen else {}),
        }
        _files.write_json(aside / MANIFEST, manifest)
    return folder


def _stored(value: np.ndarray, stored_as: str) -> np.ndarray:
    with np.errstate(over="ignore"):  # what becomes infinite is refused when it is written
        return value.astype(stored_as) if value.dtype == np.float32 else value


def class_names(name_or_folder: str | Path | Preset) -> tuple[str, ...]:
    """Words for a preset's labels, or its domains, in their order; none where the labels are digits.

    Raises:
        ValueError: if there is no such preset.
        CorruptFileError: if its `weights.json` cannot be read, or has not as many names as the model has labels.
    """
    from keras_vae.models import plain_data

    preset = find_preset(name_or_folder)
    names, count = preset.manifest.get("class_names", []), plain_data.label_count(preset.model)
    try:
        return facts.check_names("class_names", names, count) if names else ()
    except ValueError as error:
        raise _weights.CorruptFileError(f"{preset.folder / MANIFEST}: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
