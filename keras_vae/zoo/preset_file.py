"""What `preset.toml` says, checked before anything is built from it.

What can be read and checked without TensorFlow is: lists, cards and errors about presets need no more. Objectives, the settings of
`[codes]` and models are made of objects that need it, and it is imported when they are first used.
"""

import dataclasses
import functools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae import _checks, _tables, _untrusted, _weights
from keras_vae.models import hierarchy
from keras_vae.training import Recipe
from keras_vae.training.recipe import MAX_BYTES
from keras_vae.zoo import facts
from keras_vae.zoo.files import FILE, IN_A_RUN, MANIFEST, WEIGHTS
from keras_vae.zoo.home import presets_home
from keras_vae.zoo.preset_tables import PresetTables

if TYPE_CHECKING:
    from keras_vae.evaluation import CodesRecipe
    from keras_vae.zoo.downloads import Progress

_BASES = {"vae": "HasPosterior", "autoencoder": "DeterministicCode", "discrete": "DiscreteCodes"}
FAMILIES = (*_BASES, "classifier")
"""What presets are of: latents, a deterministic code, codes that are whole numbers, or none."""
# While a model is built there are up to twice its weights, where a network is the pattern of others, and the counts of its logs.
_BUILT, _BESIDE = 2, 1_000


@dataclasses.dataclass(frozen=True)
class Preset:
    """A preset: the `[model]` table, the rest of the recipe where it is one that can be trained, and words for the card.

    What takes the name of a preset takes this too, and looks for nothing anew then.
    """

    folder: Path
    model: dict[str, Any]
    recipe: Recipe | None
    card: dict[str, Any]
    codes_table: dict[str, Any] | None = None
    """The table `[codes]`, if there is one: see `codes`."""
    file: str = FILE
    """Name of the file that was read."""
    called: str = ""
    """What `load` and the commands take for it: a name of the zoo, a path, or an address on the hub with its commit."""

    def __str__(self) -> str:
        return self.called or str(self.folder)

    @property
    def name(self) -> str:
        """Name of the folder, of the run that a folder `preset` lies in, of the repository on the hub that it was fetched from,
        or of a recipe that is a file of another name.
        """
        if self.file != FILE:
            return Path(self.file).stem
        folder = self.folder.resolve()
        if folder.parent.name == "snapshots":  # of the hub's cache: models--user--name/snapshots/commit
            return folder.parents[1].name.split("--")[-1]
        return folder.parent.name if folder.name == IN_A_RUN else folder.name

    @functools.cached_property
    def codes(self) -> "CodesRecipe | None":
        """What is done with the codes of an autoencoder when it is evaluated.

        Raises:
            ValueError: if a key of the table is unknown, or a value is out of its range.
        """
        from keras_vae.evaluation import CodesRecipe

        return None if self.codes_table is None else CodesRecipe.from_dict(self.codes_table)

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """What `weights.json` says of the weights, read once.

        Raises:
            CorruptFileError: if it is missing or no such file.
        """
        return facts.manifest(self.folder)

    @property
    def preprocessing(self) -> Any:
        """Name or table of the preprocessing that the model learned from; `"scaling"` where there is no recipe."""
        return self.recipe.data.preprocessing if self.recipe else "scaling"

    @property
    def trained(self) -> bool:
        """Whether it has weights: of the zoo's presets some are not in their folders, and found when they are loaded."""
        return (self.folder / WEIGHTS).is_file() or (self.is_of_the_zoo and (self.folder / MANIFEST).is_file())

    def weights_file(self, progress: "Progress | None" = None) -> Path:
        """The file of weights, in the folder of the preset; for one of the zoo without it, where `store.find` finds it.

        Args:
            progress: is told how far a download is; None for a line on a terminal.

        Raises:
            MissingBlobError, DownloadError: if it is nowhere: see `store.find`.
        """
        own = self.folder / WEIGHTS
        if own.is_file() or not self.is_of_the_zoo:
            return own
        from keras_vae.zoo import store

        return store.find(self.manifest["sha256"], self.manifest["bytes"], self.name, progress)

    @property
    def is_of_the_zoo(self) -> bool:
        """Whether it is one of the presets of the zoo, however its folder was named."""
        return self.folder.resolve().parent == presets_home().resolve()

    def build(self, **more: Any) -> Any:
        """Make the model with fresh weights.

        Args:
            **more: settings beside those of the table `[model]`, such as `name`.

        Raises:
            ValueError: if a setting is unknown, missing or wrong, or the model has more weights than the file beside it can hold,
                naming file and key.
        """
        from keras_vae import _budget
        from keras_vae.models import plain_data

        most = _checks.MAX_PARAMETERS
        if self.trained:
            least = min(np.dtype(kind).itemsize for kind in _weights.STORED_AS)
            own = self.folder / WEIGHTS
            size = own.stat().st_size if own.is_file() else self.manifest["bytes"]
            most = min(most, _BUILT * size // least + _BESIDE)
        try:
            return plain_data.build({**more, **self.model}, most)
        except _budget.TooManyWeightsError as error:
            also = f" {WEIGHTS} is too small to belong to it." if self.trained and most < _checks.MAX_PARAMETERS else ""
            raise ValueError(f"{self.folder / self.file}: [model]: {error}{also}") from error
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.folder / self.file}: [model]: {error}") from error

    def changed(self, settings: dict[str, Any], path: Path) -> "Preset":
        """The same preset with some settings changed, written to a file of its own.

        Args:
            settings: new values by table and key, such as `{"training.epochs": 5}`.
            path: TOML file to write; its folder is made.

        Raises:
            ValueError: if a value is out of its range, naming the key; then nothing is written.
            OSError: if the file cannot be written.
        """
        import tomli_w

        from keras_vae import _files
        from keras_vae.training.recipe import MAX_BYTES, Recipe

        tables = _untrusted.read_toml(self.folder / self.file, MAX_BYTES)
        for name, value in settings.items():
            table, key = name.split(".")
            tables.setdefault(table, {})[key] = value
        Recipe.parse({name: table for name, table in tables.items() if name in Recipe.TABLES})
        path.parent.mkdir(parents=True, exist_ok=True)
        _files.write_text(path, tomli_w.dumps(tables))
        return Preset.parse(path)

    @classmethod
    def read(cls, path: str | Path) -> "Preset":
        """Read `preset.toml` in a folder, or a TOML file of any name.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is no TOML file, or a table, key or value is wrong, naming file and key.
        """
        preset = cls.parse(path)
        preset.check()
        return preset

    @classmethod
    def parse(cls, path: str | Path, called: str = "") -> "Preset":
        """As `read`, without importing TensorFlow: the objective and the table `[codes]` are left to `check`.

        Args:
            path: a folder, or a TOML file.
            called: what `load` takes for it; by default the path of the folder.

        Raises:
            FileNotFoundError, ValueError: as `read`.
        """
        path = _checks.path("path", path)
        path = path if path.suffix == ".toml" else path / FILE
        if not path.is_file():
            remedy = (
                f"a preset is a folder with a {FILE} and a model.safetensors."
                if path.name == FILE
                else f"`keras-vae new {path}` writes a recipe to begin with."
            )
            raise FileNotFoundError(f"{path} does not exist: {remedy}")
        try:
            tables = _untrusted.read_toml(path, MAX_BYTES)
            own = _tables.read(PresetTables, tables)
            recipe = {name: table for name, table in tables.items() if name in Recipe.TABLES}
            found = Recipe.parse(recipe) if "training" in recipe else None
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: is no text file; a recipe is one, in TOML. `keras-vae new` writes one."
            ) from error
        except tomllib.TOMLDecodeError as error:
            raise ValueError(
                f"{path}: is no valid TOML: {error}. Is a quote, a bracket or a value missing there or in the line before?"
            ) from error
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from error
        return cls(path.parent, own.model, found, dict(own.card), own.codes, path.name, called)

    def check(self) -> None:
        """Check what `parse` leaves out.

        Raises:
            ValueError: if a key or value is wrong, naming file and key.
        """
        try:
            _ = self.codes
            if self.recipe:
                self.recipe.check_objectives()
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.folder / self.file}: {error}") from error


def family(preset: Preset) -> str:
    """Which of `FAMILIES` a preset is of."""
    model = preset.model["class"]
    return next((name for name, base in _BASES.items() if hierarchy.is_a(model, base)), "classifier")
