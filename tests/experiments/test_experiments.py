"""The experiments' recipes hold, their runs resume, and what the pages show is what the results say."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

from keras_vae import training, zoo
from keras_vae.models import plain_data

ROOT = Path(__file__).parents[2]
# Experiments take hours; what was not run yet has no results to hold to the pages.
WITH_RESULTS = {path.stem for path in (ROOT / "experiments" / "results").glob("*.json")}
TRAINED = ("aevb", "ablation", "seeds", "code_sizes", "disentanglement")


@pytest.fixture(scope="module")
def experiments():
    sys.path.insert(0, str(ROOT / "experiments"))
    yield {name: importlib.import_module(name) for name in ("common", "annealed", *TRAINED)}
    sys.path.remove(str(ROOT / "experiments"))


@pytest.mark.parametrize("name", TRAINED)
def test_every_recipe_makes_a_model(experiments, name):
    recipes = experiments[name].recipes()
    assert len({json.dumps(recipe, sort_keys=True) for recipe in recipes.values()}) == len(recipes) > 5
    for tables in recipes.values():
        recipe = training.Recipe.from_dict(tables)
        assert plain_data.build(recipe.model).count_params() > 0
        assert recipe.data.validation or name == "seeds"  # where nothing is chosen, nothing is held out


def test_a_change_replaces_named_parts_and_merges_tables(experiments):
    base = {"model": {"prior": {"name": "a", "size": 3}, "units": 2}, "data": {"name": "x", "validation": 5}}
    found = experiments["common"].merged(base, {"model": {"prior": {"name": "b"}}, "data": {"validation": 7}})
    assert found == {"model": {"prior": {"name": "b"}, "units": 2}, "data": {"name": "x", "validation": 7}}
    assert base["model"]["prior"]["name"] == "a"


def _recipe(latents):
    return {
        "model": {"class": "VAE", "data_shape": [28, 28, 1], "latent_size": latents, "hidden_units": [8]},
        "data": {"name": "digits", "preprocessing": "scaling", "validation": 100},
        "training": {"epochs": 2, "batch_size": 100},
    }


def test_results_are_kept_and_those_of_another_recipe_are_not(experiments, tmp_path):
    run_all, trained = experiments["common"].run_all, []

    def score(model, history, recipe):
        trained.append(recipe["model"]["latent_size"])
        return {"val_elbo": history[-1]["val_elbo"]}

    results = tmp_path / "figures.json"
    first = run_all({"two": _recipe(2), "three": _recipe(3)}, results, tmp_path / "runs", "", score)
    assert trained == [2, 3]
    assert json.loads(results.read_text()) == first
    assert run_all({"two": _recipe(2), "three": _recipe(3)}, results, tmp_path / "runs", "", score) == first
    assert trained == [2, 3]
    changed = run_all({"two": _recipe(2), "three": _recipe(4)}, results, tmp_path / "other", "", score)
    assert trained == [2, 3, 4]
    assert changed["two"] == first["two"]
    assert changed["three"] != first["three"]
    partial = run_all({"two": _recipe(5), "three": _recipe(4)}, results, tmp_path / "third", "three", score)
    assert list(partial) == ["three"]


def test_the_curve_is_drawn(experiments, tmp_path):
    found = {"images": [1000, 100_000], "elbo": [-200.0, -110.0], "val_elbo": [-205.0, -112.0]}
    experiments["aevb"].draw({"mnist 20": found, "frey_faces 2": found}, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 10_000


def test_the_curve_takes_epochs_evenly_on_a_logarithmic_axis(experiments):
    history = [{"elbo": -200.0 + i, "val_elbo": -201.0 + i} for i in range(100)]
    found = experiments["aevb"].curve(None, history, {"data": {"name": "mnist"}})
    assert found["images"][0] == 58_000
    assert found["images"][-1] == 5_800_000
    assert found["val_elbo"][-1] == -102.0
    ratios = [b / a for a, b in zip(found["images"][20:], found["images"][21:], strict=False)]
    assert max(ratios) < 1.2


@pytest.mark.parametrize("name", [name for name in ("annealed", *TRAINED[1:]) if name in WITH_RESULTS])
def test_the_page_shows_the_results(experiments, name):
    experiment, common = experiments[name], experiments["common"]
    rows = experiment.table(json.loads(experiment.RESULTS.read_text(encoding="utf-8")))
    page = experiment.PAGE.read_text(encoding="utf-8")
    assert rows in page
    assert common.page_with(page, name, rows) == page


@pytest.mark.parametrize("name", [name for name in TRAINED if name in WITH_RESULTS])
def test_the_results_are_of_these_recipes(experiments, name):
    results, recipes = json.loads(experiments[name].RESULTS.read_text(encoding="utf-8")), experiments[name].recipes()
    assert results
    for key, entry in results.items():
        assert entry["recipe"] == recipes[key]


@pytest.mark.skipif("annealed" not in WITH_RESULTS, reason="experiments/annealed.py was not run yet")
def test_the_annealed_figures_are_of_the_weights_that_are_shipped(experiments):
    results = json.loads(experiments["annealed"].RESULTS.read_text(encoding="utf-8"))
    assert list(results) == list(experiments["annealed"].PRESETS)
    for preset, found in results.items():
        assert found["weights_sha256"] == zoo.manifest(zoo.preset_folder(preset))["sha256"]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)  # code has brackets too
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target
