"""What is drawn of any model, by training and for its card, is drawn of every model or left out."""

import numpy as np
import pytest

from keras_vae import plots
from tests.contract.cases import AUTOENCODERS, CASES, QUANTIZED, conditions

EVERY = {**CASES, **AUTOENCODERS, **QUANTIZED}


@pytest.mark.filterwarnings("ignore:The images hold grey values", "ignore:num_codes")
@pytest.mark.parametrize("case", sorted(EVERY))
def test_training_and_the_card_draw_every_model(case, tmp_path, rng):
    model = EVERY[case]()
    callback = plots.SamplePictures(tmp_path)
    callback.set_model(model)
    callback.on_epoch_end(0)
    drawn = hasattr(model, "sample") and not (model.conditional and getattr(model, "num_classes", None) is None)
    assert (tmp_path / "epoch_00001.png").exists() == drawn
    images = rng.uniform(size=(20, *model.data_shape)).astype("float32")
    labels = conditions(model, np.arange(20) % 2)
    assert plots.save(plots.portrait(model, images, labels), tmp_path / "portrait.png").stat().st_size > 1000


def test_of_known_factors_the_latents_are_moved(rng):
    model = CASES["vae"]()
    images = rng.uniform(size=(20, *model.data_shape)).astype("float32")
    titles = [
        plots.portrait(model, images, np.zeros(20, int), known_factors=known).texts[0].get_text()
        for known in (True, False)
    ]
    assert [title.startswith("One latent moved at a time") for title in titles] == [True, False]
