"""What a wheel carries of the zoo: what all presets say, and the weights and builds of the few that work without a download.

The presets are one folder at the top of the repository, where people look for them, and travel inside the package.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_WEIGHTS = "model.safetensors"


class BundledPresets(BuildHookInterface[Any]):
    """Reads `weights` and `builds` from the hook's table in pyproject.toml."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files. An editable install reads them where they are."""
        if version == "editable":
            return
        root = Path(self.root)
        weights = [root / "zoo" / name / _WEIGHTS for name in self.config["weights"]]
        builds = [root / "export" / "tflite" / build for build in self.config["builds"]]
        missing = [str(path) for path in (*weights, *builds) if not path.exists()]
        if missing:
            raise FileNotFoundError(f"pyproject.toml names files that are not there: {', '.join(missing)}")
        texts = [path for path in (root / "zoo").rglob("*") if path.is_file() and path.name != _WEIGHTS]
        inside = {path: Path("keras_vae/zoo/presets", path.relative_to(root / "zoo")) for path in (*texts, *weights)}
        inside |= {path: Path("keras_vae/lite/builds", path.relative_to(root / "export" / "tflite")) for path in builds}
        build_data["force_include"] |= {str(path): str(place) for path, place in inside.items()}
