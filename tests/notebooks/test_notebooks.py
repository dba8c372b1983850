"""Every notebook runs from top to bottom, in a fresh kernel, its trainings made short: what they end in is kept in the notebook."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_shows_pictures(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_COMPILE", "0")  # of a server's packages most are never imported
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub(r"epochs=\d+", "epochs=2", cell.source)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_formulas_are_written_for_a_reader_and_the_end_is_something_to_try(path):
    words = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    for formula in re.findall(r"\$[^$\n]+\$", "\n".join(words)):
        assert r"\\" not in formula, f"{formula} has a backslash too many"
    assert "try" in words[-1].lower()
