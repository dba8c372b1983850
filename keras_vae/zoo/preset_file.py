"""What `preset.toml` says, checked before anything is built from it."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from keras_vae import _checks, models
from keras_vae.evaluation import CodesRecipe
from keras_vae.models import specs
from keras_vae.training import Recipe

FILE = "preset.toml"
WEIGHTS = "model.safetensors"
MANIFEST = "weights.json"
METRICS = "metrics.json"
CARD = "README.md"
SAMPLES, CURVES = "samples.png", "curves.png"
"""Pictures beside the card, where they were drawn."""
IN_A_RUN = "preset"
"""Folder of the trained preset in the folder of a run."""
_BASES = {"vae": models.LatentVariableModel, "autoencoder": models.Autoencoder, "discrete": models.VQVAE}
FAMILIES = (*_BASES, "classifier")
"""What presets are of: latents, a deterministic code, codes that are whole numbers, or none."""
_MAX_BYTES = 1_000_000
_TARGET_KEYS = {"figure", "source", "at_most", "at_least"}
_CARD_KEYS = ("title", "description", "task", "not_for", "paper", "targets")


@dataclasses.dataclass(frozen=True)
class Preset:
    """A preset: the `[model]` table, the rest of the recipe where it is one that can be trained, and words for the card."""

    folder: Path
    model: dict[str, Any]
    recipe: Recipe | None
    card: dict[str, Any]
    codes: CodesRecipe | None = None
    """What is done with the codes of an autoencoder when it is evaluated."""
    file: str = FILE
    """Name of the file that was read."""

    @property
    def name(self) -> str:
        """Name of the folder, of the run that a folder `preset` lies in, or of a recipe that is a file of another name."""
        if self.file != FILE:
            return Path(self.file).stem
        folder = self.folder.resolve()
        return folder.parent.name if folder.name == IN_A_RUN else folder.name

    @property
    def preprocessing(self) -> Any:
        """Name or table of the preprocessing that the model learned from; `"scaling"` where there is no recipe."""
        return self.recipe.data.preprocessing if self.recipe else "scaling"

    @property
    def trained(self) -> bool:
        """Whether the weights are there."""
        return (self.folder / WEIGHTS).is_file()

    def build(self, **more: Any) -> Any:
        """Make the model with fresh weights.

        Args:
            **more: settings beside those of the table `[model]`, such as `name`.

        Raises:
            ValueError: if a setting is unknown, missing or wrong, naming file and key.
        """
        try:
            return specs.build({**more, **self.model})
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.folder / self.file}: [model]: {error}") from error

    @classmethod
    def read(cls, path: str | Path) -> "Preset":
        """Read `preset.toml` in a folder, or a TOML file of any name.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is no TOML file, or a table, key or value is wrong, naming file and key.
        """
        path = Path(path) if Path(path).suffix == ".toml" else Path(path) / FILE
        if not path.is_file():
            remedy = (
                f"a preset is a folder with a {FILE} and a model.safetensors."
                if path.name == FILE
                else f"`keras-vae new {path}` writes a recipe to begin with."
            )
            raise FileNotFoundError(f"{path} does not exist: {remedy}")
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"{path} has {path.stat().st_size} bytes: at most {_MAX_BYTES} are read.")
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
            _checks.known_keys("a preset", tables, ("card", "codes", *Recipe.TABLES))
            if not isinstance(tables.get("model"), dict):
                raise ValueError("the table [model] is missing.")
            words = tables.pop("card", {})
            _checks.known_keys("[card]", words, _CARD_KEYS)
            for target in words.get("targets", []):
                if (
                    not isinstance(target, dict)
                    or len(target) != 3
                    or not {"figure", "source"} < set(target) <= _TARGET_KEYS
                ):
                    raise ValueError(
                        f"[card] has the target {target!r}: it takes figure, source, and at_most or at_least."
                    )
            codes = CodesRecipe.from_dict(tables.pop("codes")) if "codes" in tables else None
            recipe = Recipe.from_dict(tables) if "training" in tables else None
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
        return cls(path.parent, tables["model"], recipe, words, codes, path.name)


def family(preset: Preset) -> str:
    """Which of `FAMILIES` a preset is of."""
    cls = specs.classes()[preset.model["class"]]
    return next((name for name, base in _BASES.items() if issubclass(cls, base)), "classifier")
