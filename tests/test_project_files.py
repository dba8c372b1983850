"""The files at the top of the repository agree with the package."""

import re
import tomllib
from pathlib import Path

import keras_vae

ROOT = Path(__file__).parents[1]


def test_the_version_is_stated_once_and_the_changelog_begins_with_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "keras_vae/__init__.py"
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first is not None
    assert first[1] == keras_vae.__version__


def test_the_license_file_names_the_license_of_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    identifier = re.search(r"^SPDX-License-Identifier: (\S+)$", (ROOT / "LICENSE").read_text(), re.MULTILINE)
    assert identifier is not None
    assert identifier[1] == project["license"]
    assert f"license: {identifier[1]}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_what_the_security_page_promises_is_tested_in_files_that_exist():
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)`", page)
    assert len(named) >= 4
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_security_page_lists_the_formats_of_images_that_are_opened():
    from keras_vae.data import image_files

    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    listed = re.search(r"only the formats ([\w, ]+), bounded", page)
    assert listed is not None
    assert {word.upper() for word in re.split(r", | and ", listed[1])} == set(image_files._FORMATS)
