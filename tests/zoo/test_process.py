"""The card's table of symbols says what the model is."""

import numpy as np
import pytest

import keras_vae
from keras_vae import data, distributions, models, objectives, zoo
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


def test_the_loss_is_that_of_the_recipe():
    model = EVERY["swap"]()
    noisy = "-log p(x | h) + β |h|² / 2, of h + ε, ε ~ N(0, I), in the place of h"
    cycle = " - 0.5 log p(x | h' + ε), h' the code of x as drawn in the next domain"
    sharp = " with its odds to the power 4"
    for weight, contrast, between in ((0.0, 1.0, ""), (0.5, 1.0, cycle + ","), (0.5, 4.0, cycle + sharp + ",")):
        objective = objectives.NoisyCode(penalty=objectives.DomainAlignment(7.0), cycle=weight, contrast=contrast)
        (loss,) = (row.meaning for row in process.generative_process(model, objective) if row.name == "the loss")
        assert loss == noisy + between + " + domain alignment (weight 7.0)"
    corrupted = process.generative_process(EVERY["dec"](), objectives.EmbeddedClustering(corruption="random_affine"))
    assert any("random affine" in row.meaning for row in corrupted)


_DIGITS, _SMALL = (28, 28, 1), {"name": "mlp", "hidden_units": (4,)}
SMALL = {
    "Classifier": lambda: models.Classifier(_DIGITS, 10, filters=(2,)),
    "DEC": lambda: models.DEC(_DIGITS, 3, num_clusters=4, network=_SMALL),
    "ImageConditionalVAE": lambda: models.ImageConditionalVAE(_DIGITS, (28, 28, 2), 2, network=_SMALL, completes=True),
    "SemiSupervisedVAE": lambda: models.SemiSupervisedVAE(_DIGITS, 10, 2, network=_SMALL),
    "SwapAutoencoder": lambda: models.SwapAutoencoder(_DIGITS, 2, 2, network=_SMALL),
    "VaDE": lambda: models.VaDE(_DIGITS, 2, num_clusters=4, hidden_units=(4,)),
}


@pytest.mark.parametrize("name", sorted(zoo.EXAMPLES))
def test_the_examples_of_cards_run(name):
    given = {"model": SMALL[name](), "images": np.full((4, *_DIGITS), 0.5, "float32"), "keras_vae": keras_vae}
    before = set(given)
    exec(zoo.EXAMPLES[name], given)
    made = [given[key] for key in set(given) - before - {"__builtins__"}]
    assert made
    assert all(len(value) in (3, 4, 16) for value in made)


def test_data_sets_have_words_and_a_licence():
    for name in data.DATASETS:
        assert data.about(name), name
    assert "CC BY-SA" in data.about("mnist_quadrants")
    assert "outline" in data.about("digits_outlines")
    assert data.about("folder") == ""


@pytest.mark.parametrize("name", zoo.list_presets())
def test_a_card_has_all_its_parts(name):
    folder = zoo.preset_folder(name)
    text = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("For: ", "Not for: ", "## Figures", "## Where data come from", "## Data", "## Reproduce"):
        assert part in text, part
    if zoo.Preset.read(folder).model["class"] != "Classifier":
        assert f"]({zoo.SAMPLES})" in text
