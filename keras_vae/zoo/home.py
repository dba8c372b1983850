"""Where the zoo is, and what it holds."""

from pathlib import Path

from keras_vae.zoo.files import FILE

DEFAULT_PRESET = "mnist_cvae"
"""The preset of the demo, and of examples: a conditional model of digits."""


def presets_home() -> Path:
    """The folder of the zoo: inside the package where it is installed, at the top of the repository else."""
    installed = Path(__file__).parent / "presets"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "zoo"


def preset_names(home: Path | None = None) -> list[str]:
    """Names of the presets of the zoo, recipes without weights among them, in alphabetical order."""
    return sorted(path.parent.name for path in (home or presets_home()).glob(f"*/{FILE}"))
