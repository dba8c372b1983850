"""The README's code runs as it stands, and its table is the generated one."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from keras_vae import zoo
from keras_vae.models import hierarchy

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    assert len(blocks) == 2
    names: dict = {}
    for block in blocks:
        exec(block, names)
    assert names["digits"].shape == (3, 28, 28, 1)
    assert (tmp_path / "models/my_digits/1/saved_model.pb").exists()
    assert names["images"].shape == (3, 28, 28, 1)
    assert np.isfinite(names["model"].history.history["loss"]).all()
    assert (tmp_path / "my_digits.keras").exists()


def test_the_table_is_generated():
    table = TEXT.split("`keras-vae list --markdown` -->\n")[1].split("\n<!-- end")[0]
    assert table == zoo.zoo_table(zoo.preset_folder(name) for name in zoo.list_presets())


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_every_name_of_the_library_that_a_page_mentions_is_there():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    rooms = "augment|data|distributions|networks|objectives|models|training|evaluation|zoo|export|lite|plots"
    found = [
        (page.name, room, name)
        for page in pages
        for room, name in re.findall(
            rf"(?<![\w./])(?:keras_vae\.)?({rooms})\.([A-Za-z]\w+)\b(?![/.]\w|\.md)", page.read_text()
        )
        if name not in ("md", "py", "toml", "json", "gif")
    ]
    assert len(found) > 60
    missing = [entry for entry in found if not hasattr(importlib.import_module(f"keras_vae.{entry[1]}"), entry[2])]
    # A recipe's tables are written alike: data.validation is a key of [data].
    assert set(missing) <= {("CONTRIBUTING.md", "data", "validation")}


def test_the_code_of_the_page_on_autoencoders_runs():
    page = (ROOT / "docs/autoencoders.md").read_text(encoding="utf-8")
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(block, names)
    assert names["again"].shape == names["images"].shape
    assert names["evaluation"].error_rate(names["labels"], names["found"]) < 0.3
    assert names["evaluation"].clustering_accuracy(names["labels"], names["clusters"]) > 0.4
    assert names["evaluation"].error_rate(names["labels"], names["labelled"]) < 0.3


@pytest.mark.filterwarnings("ignore:The images hold grey values", "ignore:num_codes")
@pytest.mark.parametrize(
    ("page", "name", "shape"),
    [
        ("discrete_codes", "drawn", (3, 28, 28, 1)),
        ("disentanglement", "images", (1000, 64, 64, 1)),
        ("conditions", "completed", (5, 28, 28, 1)),
        ("own_images", "picture.image", (28, 28, 1)),
        ("index", "digits", (3, 28, 28, 1)),
        ("vaes", "images", (4, 28, 28, 1)),
        ("fine_tuning", "bars", (2, 28, 28, 1)),
        ("own_layers", "found.stddev()", (5, 2)),
        ("deployment", "digit", (1, 28, 28, 1)),
        ("keras", "codes", (64, 4)),
        ("own_models", "again.code(images[:3])", (3, 8)),
    ],
)
def test_the_code_of_other_pages_runs(page, name, shape, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hierarchy, "_OWN", {})  # a class that a page registers is known on that page alone
    (tmp_path / "export").symlink_to(ROOT / "export")  # where the page says that builds are, in the project's folder
    names: dict = {}
    for block in re.findall(
        r"```python\n(.*?)```", (ROOT / f"docs/{page}.md").read_text(encoding="utf-8"), flags=re.DOTALL
    ):
        exec(block, names)
    assert tuple(eval(name, names).shape) == shape
