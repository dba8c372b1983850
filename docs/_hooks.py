"""What MkDocs does beside its own work: cards and their pictures become pages and a gallery, formulas become MathML, and links out
of the pages become words.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File

_TOP = Path(__file__).parents[1]
_ZOO = _TOP / "zoo"

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_INLINE = re.compile(r"(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<!\s)\$(?![\d$])")
# A page stands without the repository, so what is linked there is named.
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add a page for each trained preset, its images, the gallery of all, and the pages that lie at the top of the repository."""
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"):
        page = (_TOP / name).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name.lower(), content=page))
    lines = [
        "# The zoo",
        "",
        "Trained models, loaded by name: `keras_vae.load(NAME)`. Each has a card with its figures.",
        "",
    ]
    for folder in sorted(path.parent for path in _ZOO.glob("*/weights.json")):
        name = folder.name
        card = (folder / "README.md").read_text(encoding="utf-8").replace("[preset.toml](preset.toml)", "`preset.toml`")
        card = re.sub(r"\]\((samples|curves)\.png\)", rf"]({name}_\1.png)", card)
        files.append(File.generated(config, f"zoo/{name}.md", content=card))
        for picture in folder.glob("*.png"):
            files.append(File.generated(config, f"zoo/{name}_{picture.name}", abs_src_path=str(picture)))
        words = tomllib.loads((folder / "preset.toml").read_text(encoding="utf-8"))["card"]
        lines += [f"## [{name}]({name}.md)", "", words["description"], ""]
        if (folder / "samples.png").exists():
            lines += [f"[![What {name} makes]({name}_samples.png)]({name}.md)", ""]
    files.append(File.generated(config, "zoo/index.md", content="\n".join(lines)))
    return files


def on_page_markdown(markdown: str, **kwargs: Any) -> str:
    """Turn `$...$` and `$$...$$` into MathML, which browsers draw themselves, outside of code."""
    parts = _CODE.split(markdown)
    for i in range(0, len(parts), 2):
        text = _DISPLAY.sub(lambda match: "\n" + _mathml(match[1], "block") + "\n", parts[i])
        parts[i] = _INLINE.sub(lambda match: _mathml(match[1], "inline"), text)
    joined = "".join(parts)
    return _OUTSIDE.sub(lambda match: match[1] if match[1] == match[2] else f"{match[1]} (`{match[2]}`)", joined)


def _mathml(formula: str, display: str) -> str:
    # Browsers set no space behind a function's name.
    made = convert(re.sub(r"\\log\s+", r"\\log\\, ", " ".join(formula.split())), display=display)
    # A line that began with <math> would be taken for a block.
    return made if display == "block" else f"<span>{made}</span>"
