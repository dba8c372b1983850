"""Published tables, and the figures that stand beside them."""

import json
import shutil

import pytest

from keras_vae import zoo
from keras_vae.zoo import judges, presets, published

TABLES = zoo.published_tables()


@pytest.mark.parametrize("name", TABLES)
def test_every_preset_of_a_table_has_the_figure_and_a_published_one(name):
    table = TABLES[name]
    assert table.presets
    for preset in table.presets:
        row = zoo.reproduce(table, preset, check=False)
        assert row.published is not None
        assert row.source
        if preset in zoo.list_presets():
            assert row.obtained == zoo.read_metrics(preset)["figures"][table.figure]
            assert row.agrees is None
        else:
            assert row.obtained is None


def test_scored_anew_the_first_images_are_as_recorded(test_images):
    test_images("mnist_vae")
    row = zoo.reproduce(TABLES["mnist_likelihood"], "mnist_vae", num_samples=5000)
    assert row.agrees
    assert row.again == pytest.approx(row.recorded, abs=0.2)


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """A zoo whose mnist_vae can be changed."""
    shutil.copytree(presets.presets_home() / "mnist_vae", tmp_path / "mnist_vae")
    shutil.copy(presets.presets_home() / "tables.toml", tmp_path)
    for module in (presets, published, judges):
        monkeypatch.setattr(module, "presets_home", lambda: tmp_path)
    return tmp_path


def _change(folder, **figures):
    path = folder / "mnist_vae" / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["figures"] |= figures
    path.write_text(json.dumps(metrics))


def test_figures_that_are_not_those_of_the_weights_are_found(changed, test_images):
    test_images("mnist_vae")
    _change(changed, nll_first_100=87.0)
    row = zoo.reproduce(TABLES["mnist_likelihood"], "mnist_vae", num_samples=500)
    assert row.agrees is False


def test_metrics_of_other_weights_are_refused(changed):
    path = changed / "mnist_vae" / "metrics.json"
    metrics = json.loads(path.read_text())
    path.write_text(json.dumps({**metrics, "weights_sha256": "0" * 64}))
    with pytest.raises(ValueError, match=r"mnist_vae belong to other weights.*keras-vae evaluate mnist_vae --write"):
        zoo.reproduce(TABLES["mnist_likelihood"], "mnist_vae")


def test_a_damaged_file_of_tables_names_the_key(changed):
    (changed / "tables.toml").write_text('[t]\ntitel = "x"\n')
    with pytest.raises(ValueError, match="titel"):
        zoo.published_tables()


def test_what_was_trained_anew_stands_beside_what_was_published(changed):
    zoo_row = zoo.reproduce(TABLES["mnist_likelihood"], "mnist_vae", check=False)
    shutil.copytree(changed / "mnist_vae", changed / "run" / "mnist_vae")
    _change(changed / "run", nll=99.5)
    row = zoo.reproduce(TABLES["mnist_likelihood"], "mnist_vae", folder=changed / "run" / "mnist_vae", check=False)
    assert row.obtained == 99.5
    assert (row.published, row.source) == (zoo_row.published, zoo_row.source)
    assert zoo_row.obtained != 99.5
