"""The tutorial on one's own images: every command and every block of its page, in order, on a small folder and in few steps."""

import importlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_vae.cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/own_images_tutorial.md").read_text(encoding="utf-8")
IMAGES = ROOT / "docs/images/own_images"
# What is smaller here than on the page, and nothing else is. Each stands on the page.
SMALLER = {
    "own_images_folder.py my_images": "own_images_folder.py my_images 20",
    "--size 64": "--size 16 --steps 6",
    "--samples 100": "--samples 3",
    "SIZE, EPOCHS, STEPS = 64, 10, 150": "SIZE, EPOCHS, STEPS = 16, 2, 3",
    "side, vector = SIZE // 8, 12": "side, vector = SIZE // 4, 2",
    '"filters": [32, 64, 128]': '"filters": [4, 4]',
    "num_samples=100": "num_samples=5",
}
# These alone are not run: they ask for an account.
WITH_AN_ACCOUNT = ["hf auth login"]


@pytest.fixture(scope="module")
def tutorial():
    """The script that runs the page for its times and its images."""
    sys.path.insert(0, str(ROOT / "experiments"))
    yield importlib.import_module("own_images_tutorial")
    sys.path.remove(str(ROOT / "experiments"))


def _run(command):
    program, *arguments = shlex.split(command)
    if program == "python":
        subprocess.run([sys.executable, *arguments], check=True)
        return ""
    assert program == "keras-vae", command
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{command}\n{result.output}"
    return result.output


@pytest.mark.slow
def test_every_block_of_the_page_runs(tutorial, tmp_path, monkeypatch, hub):
    pytest.importorskip("ai_edge_litert")
    page = PAGE
    for large, small in SMALLER.items():
        assert large in page, large
        page = page.replace(large, small)
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.chdir(folder)
    names: dict = {}
    not_run, said = [], {}
    for block in tutorial.blocks(page):
        if block.language == "python":
            exec(block.code, names)
            continue
        for command in block.commands:
            if command in WITH_AN_ACCOUNT:
                not_run.append(command)
            else:
                said[command] = _run(command)
    assert not_run == WITH_AN_ACCOUNT
    assert "3 classes: ellipses 20, houses 20, stripes 20." in "".join(said.values())
    # What the page says is there.
    for path in ("runs/my_recipe/sheets/latest.png", "runs/my_recipe/preset/README.md", "builds/server/my_recipe/1"):
        assert (folder / path).exists(), path
    for path in ("reconstructions", "interpolations", "samples", "typical", "from_the_hub", "by_class", "between"):
        assert Image.open(folder / f"{path}.png").size > (1, 1)
    assert list(hub.repositories) == ["your_name/my_images"]
    assert names["served"].shape == (3, 16, 16, 3)
    assert names["reconstructed"].shape == names["images"].shape
    assert np.isfinite(names["nats"]).all()
    assert np.isfinite(names["history"].history["loss"]).all()
    assert names["samples"].shape == (3, 16, 16, 3)
    assert (folder / "models/my_model/1").is_dir()


def test_the_table_is_that_of_the_measured_times(tutorial):
    results = json.loads(tutorial.RESULTS.read_text(encoding="utf-8"))
    common = importlib.import_module("common")
    assert common.page_with(PAGE, tutorial.RESULTS.stem, tutorial.table(results)) == PAGE
    # The commands that were timed are those of the page, but for those of the hub.
    commands = [command for block in tutorial.blocks(PAGE) if block.language == "sh" for command in block.commands]
    timed = [entry["command"] for entry in results if not entry["command"].startswith("in Python")]
    assert timed == [c for c in commands if tutorial.NETWORK not in c and c not in WITH_AN_ACCOUNT]


def test_the_images_are_small():
    assert sum(path.stat().st_size for path in IMAGES.iterdir()) < 600_000
    for path in IMAGES.iterdir():
        assert f"images/own_images/{path.name}" in PAGE
    assert len({path.read_bytes() for path in IMAGES.iterdir()}) == 3  # none is a copy of another


def test_the_folder_is_the_same_each_time_and_sizes_and_formats_differ(tutorial, tmp_path):
    write_folder = importlib.import_module("own_images_folder").write_folder
    for name in ("a", "b"):
        write_folder(tmp_path / name, 2)
    paths = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").glob("*/*"))
    assert len(paths) == 6
    assert len({Image.open(tmp_path / "a" / path).size for path in paths}) == 6
    assert {path.suffix for path in paths} == {".jpg", ".png"}
    for path in paths:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()
    with pytest.raises(ValueError, match="per_class=0"):
        write_folder(tmp_path / "c", 0)
