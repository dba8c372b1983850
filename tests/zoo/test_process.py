"""The card's table of symbols says what the model is."""

import pytest

from keras_vae import data, distributions, zoo
from keras_vae.distributions.base import Likelihood, Posterior, Prior
from keras_vae.zoo import process
from tests.contract.cases import AUTOENCODERS, CASES, QUANTIZED

EVERY = {**CASES, **AUTOENCODERS, **QUANTIZED}


def _subclasses(base):
    found = (getattr(distributions, name) for name in distributions.__all__)
    return {cls.__name__ for cls in found if isinstance(cls, type) and issubclass(cls, base) and cls is not base}


@pytest.mark.parametrize(
    ("base", "formulas"),
    [(Prior, process.PRIORS), (Posterior, process.POSTERIORS), (Likelihood, process.LIKELIHOODS)],
)
def test_every_distribution_has_a_formula(base, formulas):
    assert _subclasses(base) <= set(formulas)


@pytest.mark.parametrize("case", sorted(EVERY))
def test_every_model_has_its_symbols_and_the_code_is_there(case):
    model = EVERY[case]()
    rows = process.generative_process(model)
    assert len({row.name for row in rows}) == len(rows) >= 1
    for row in rows:
        assert row.meaning
        for call in row.code.split(", "):
            if call.startswith("model."):
                assert hasattr(model, call.removeprefix("model.").split("(")[0]), call
    assert any("labels" in row.code or "domain" in row.code for row in rows) or not model.conditional


def test_data_sets_have_words_and_a_licence():
    for name in data.DATASETS:
        assert data.about(name), name
    assert "CC BY-SA" in data.about("mnist_quadrants")
    assert "outline" in data.about("digits_outlines")
    assert data.about("folder") == ""


@pytest.mark.parametrize("name", zoo.list_presets())
def test_a_card_has_all_its_parts(name):
    folder = zoo.preset_folder(name)
    card = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("For: ", "Not for: ", "## Figures", "## Where data come from", "## Data", "## Reproduce"):
        assert part in card, part
    if zoo.Preset.read(folder).model["class"] != "Classifier":
        assert f"]({zoo.SAMPLES})" in card
