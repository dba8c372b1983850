"""A metric is declared once, beside its report; cards, targets and checks of files follow from the declaration."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keras_vae import evaluation, zoo
from keras_vae.evaluation import Metric, metrics
from keras_vae.zoo import figures

PACKAGE = Path(evaluation.__file__).parent


@pytest.fixture
def own():
    """A metric of a user's own, which is forgotten afterwards."""
    yield evaluation.register_metric(Metric("own_mmd", "maximum mean discrepancy", precision=4, better="lower"))
    metrics._registered.clear()


def test_what_is_read_from_the_sources_is_what_the_modules_declare():
    declared = [
        metric
        for path in sorted(PACKAGE.glob("[a-z]*.py"))
        for metric in getattr(importlib.import_module(f"keras_vae.evaluation.{path.stem}"), "METRICS", ())
    ]
    assert len(declared) > 40
    assert {metric.key: metric for metric in declared} == metrics._declared()
    assert len({metric.key for metric in declared}) == len(declared), "each is declared once"


@pytest.mark.parametrize("name", zoo.list_presets())
def test_every_metric_of_the_zoo_is_declared_and_stands_on_its_card(name):
    found = zoo.read_metrics(name)["figures"]
    beside = ("_standard_error", "_spread")
    assert not [key for key in found if metrics.find_metric(key) is None and not key.endswith(beside)]
    shown = [key for key in found if not key.endswith(beside) and metrics.find_metric(key).shown]
    assert len(figures.in_words(found)) == len(shown)


def test_a_value_is_written_with_its_unit():
    assert Metric("a", "a", "nats").written(84.504) == "84.50 nats"
    assert Metric("a", "a", "%").written(0.9894) == "98.94%"
    assert Metric("a", "a", precision=None).written([3, 4]) == "3, 4"
    assert Metric("a", "a", "dB", precision=0).written(20.6) == "21 dB"


def test_a_key_with_a_number_is_a_metric_for_each_number():
    one, many = (metrics.find_metric(f"completion_nll_{n}") for n in (1, 3))
    assert (one.key, one.name) == ("completion_nll_1", "NLL, 1 quadrant given")
    assert many.name == "NLL, 3 quadrants given"
    assert metrics.find_metric("classifier_error_1000_labels").words.endswith("encoder, 1,000 labels")
    assert metrics.find_metric("completion_nll_x") is None
    assert metrics.find_metric("completion_nll_{n}") is None


def test_a_mean_over_repetitions_is_written_with_its_spread():
    found = {"classifier_error_100_labels": 0.0512, "classifier_error_100_labels_spread": 0.0034}
    assert [value for _, value in figures.in_words(found)] == ["5.12% ± 0.34% (over draws of labels)"]


def test_a_metric_that_nobody_declared_does_not_vanish():
    found = {"nll": 80.0, "strange|thing": [0.1234567, 2.0], "strange|thing_spread": 0.5, "nll_first_100": 81.0}
    assert figures.in_words(found) == [
        ("negative log-likelihood", "80.00 nats"),
        ("`strange|thing`", "0.123457, 2 ± 0.50 (standard deviation)"),
    ]


def test_a_metric_of_ones_own_is_shown_and_may_be_a_target(own, tmp_path):
    folder = shutil.copytree(zoo.preset_folder("mnist_vae_2d"), tmp_path / "mine")
    found = json.loads((folder / "metrics.json").read_text())
    found["figures"][own.key] = 0.01234
    (folder / "metrics.json").write_text(json.dumps(found))
    text = (folder / "preset.toml").read_text()
    assert "targets = " not in text
    line = "targets = [{ figure = 'own_mmd', at_most = 0.02, source = 'aim' }]"
    (folder / "preset.toml").write_text(text.replace("[card]\n", f"[card]\n{line}\n", 1))
    card = zoo.card(folder, process=zoo.written_process(folder))
    assert "| maximum mean discrepancy | 0.0123 |" in card
    assert "| maximum mean discrepancy 0.0123 | at most 0.0200 | met | aim |" in card


def test_a_key_is_taken_once(own):
    assert evaluation.register_metric(Metric("own_mmd", "maximum mean discrepancy", precision=4, better="lower")) == own
    for key in ("own_mmd", "nll"):
        with pytest.raises(ValueError, match=f"There is a metric '{key}' already.*choose another key"):
            evaluation.register_metric(Metric(key, "something else"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key": "Not Snake"}, "key='Not Snake': must be a name in snake case"),
        ({"words": ""}, "words='': must be one line"),
        ({"better": "low"}, "better='low': must be one of 'lower', 'higher'"),
        ({"precision": -1}, "precision=-1"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Metric(**{"key": "a", "words": "a", **settings})


def test_something_else_is_no_metric():
    with pytest.raises(ValueError, match="metric='nll': must be an evaluation.Metric"):
        evaluation.register_metric("nll")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{ figure = 'nlll', at_most = 1.0, source = 's' }", "There is no metric 'nlll'. Did you mean 'nll'?"),
        ("{ figure = 'completion_nl_2', at_most = 1.0, source = 's' }", "Did you mean 'completion_nll_2'?"),
        ("{ figure = 'psnr', at_most = 1.0, source = 's' }", "of which higher is better: give at_least"),
        ("{ figure = 'nll', at_least = 1.0, source = 's' }", "of which lower is better: give at_most"),
    ],
)
def test_a_wrong_target_fails_when_the_preset_is_read_and_without_tensorflow(tmp_path, target, message):
    (tmp_path / "preset.toml").write_text(
        f"card = {{ targets = [{target}] }}\n[model]\nclass = 'VAE'\ndata_shape = [8, 8, 1]\nlatent_size = 2\n"
    )
    script = (
        "import sys\nfrom keras_vae import zoo\n"
        f"try:\n    zoo.Preset.parse({str(tmp_path)!r})\nexcept ValueError as error:\n    print(error)\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert message in done.stdout
