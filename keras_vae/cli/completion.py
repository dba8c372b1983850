"""What the shell completes. It must not wait for TensorFlow, so the words of rooms that load it stand here once more, and
tests/cli/test_shell_completion.py holds them against those rooms.
"""

import glob
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

Completer = Callable[[str], list[str]]

FAMILIES = ("vae", "autoencoder", "discrete", "classifier")
KINDS = ("vae", "conditional_vae", "autoencoder", "vq_vae")
TARGETS = ("cpu", "gpu", "edge", "web", "server", "all")
FORMATS = ("dynamic_range", "float32")
PREPROCESSINGS = (
    "scaling",
    "fixed_binarization",
    "dynamic_binarization",
    "dequantization",
    "random_resized_crop",
    "random_shift",
)
DATASETS = (
    "mnist",
    "cifar10",
    "frey_faces",
    "digits",
    "shapes",
    "mnist_outlines",
    "digits_outlines",
    "mnist_quadrants",
    "digits_quadrants",
)


def words(known: Iterable[str]) -> Completer:
    """Complete one of a few words."""
    return lambda incomplete: [word for word in known if word.startswith(incomplete)]


def data_sets(incomplete: str) -> list[str]:
    """Complete a data set's name, or the path of a folder."""
    return [*words(DATASETS)(incomplete), *sorted(glob.glob(f"{glob.escape(incomplete)}*/"))]


def preset_names(incomplete: str) -> list[str]:
    """Complete the name of a preset."""
    return words(sorted({path.parent.name for home in _homes() for path in home.glob("*/preset.toml")}))(incomplete)


def table_names(incomplete: str) -> list[str]:
    """Complete the name of a published table."""
    files = (home / "tables.toml" for home in _homes())
    return words(sorted({name for path in files if path.is_file() for name in tomllib.loads(path.read_text("utf-8"))}))(
        incomplete
    )


def _homes() -> tuple[Path, Path]:
    """Where presets are: in an installed package, and in the repository."""
    package = Path(__file__).parents[1]
    return package / "zoo" / "presets", package.parent / "zoo"
