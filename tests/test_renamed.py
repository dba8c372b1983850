"""Old names: an error with the new one in code, and files that hold them load as ever."""

from pathlib import Path

import numpy as np
import pytest

import keras_vae
from keras_vae import _named, _renamed, augment, data, distributions, models, networks, objectives, training, zoo
from keras_vae._backend import keras

SAVED = Path(__file__).parent / "saved_before"
PACKAGES = (augment, data, distributions, models, networks, objectives)


@pytest.fixture
def images():
    return (np.random.default_rng(0).uniform(size=(8, 8, 8, 1)) < 0.4).astype("float32")


def test_an_old_name_is_refused_with_the_new_one():
    public = {name for package in PACKAGES for name in package.__all__}
    refused = set()
    for old, new in _renamed.NOW.items():
        for package in PACKAGES:
            assert old not in package.__all__
            if new in package.__all__:
                refused.add(old)
                with pytest.raises(AttributeError, match=f"{package.__name__}.{old} is called {new} now"):
                    getattr(package, old)
    assert refused == {old for old, new in _renamed.NOW.items() if new in public}
    assert len(refused) >= 5


@pytest.mark.parametrize(
    ("package", "old", "new"),
    [
        (objectives, "MaskingNoise", "MaskingNoise"),
        (objectives, "DroppedPixels", "MaskingNoise"),
        (objectives, "RandomElastic", "RandomElastic"),
        (data, "Scaling", "Scaling"),
        (data, "preprocessing_named", "preprocessing_named"),
    ],
)
def test_a_name_that_moved_is_refused_with_its_package(package, old, new):
    with pytest.raises(AttributeError, match=rf"{package.__name__}\.{old} is keras_vae\.augment\.{new} now"):
        getattr(package, old)


@pytest.mark.parametrize("name", ["swap_autoencoder", "dropped_pixels", "largest_only"])
def test_a_keras_file_that_holds_it_computes_what_it_did(name, images):
    model = keras.models.load_model(SAVED / f"{name}.keras")
    given = (np.arange(8) % 2,) if name == "swap_autoencoder" else ()
    with np.load(SAVED / "reconstructions.npz") as found:
        np.testing.assert_allclose(model.reconstruct(images, *given), found[name], atol=1e-5)
    assert np.isfinite(model.fit(images, *given, batch_size=4, verbose=0).history["loss"][0])


def test_a_preset_that_holds_it_loads(images):
    assert "SwapAutoencoder" in (SAVED / "swap_preset" / "preset.toml").read_text()
    assert zoo.Preset.read(SAVED / "swap_preset").model["class"] == "MultiDomainAutoencoder"
    model = keras_vae.load(SAVED / "swap_preset")
    assert type(model) is models.MultiDomainAutoencoder
    with np.load(SAVED / "reconstructions.npz") as found:
        np.testing.assert_allclose(model.reconstruct(images, np.arange(8) % 2), found["swap_autoencoder"], atol=1e-2)


def test_a_recipe_that_holds_it_is_read():
    recipe = training.Recipe.from_dict(
        {
            "model": {"class": "SwapAutoencoder", "data_shape": [8, 8, 1], "latent_size": 2, "num_domains": 2},
            "data": {"name": "digits"},
            "training": {"epochs": 1},
            "objective": {"name": "noisy_code", "beta": 0.5},
        }
    )
    assert isinstance(recipe.build_objective(10), objectives.UnitGaussianCode)
    made = _named.build("corruption", augment, augment.Corruption, {"name": "dropped_pixels", "rate": 0.5})
    assert isinstance(made, augment.MaskingNoise)


@pytest.mark.parametrize(("old", "new"), _renamed.METHODS_OF_OBJECTIVES.items())
def test_an_objective_of_ones_own_with_an_old_method_is_refused(old, new):
    assert callable(getattr(objectives.Objective, new))
    with pytest.raises(TypeError, match=f"Mine.{old}: .* called {new} now"):
        type("Mine", (objectives.ELBO,), {old: lambda self, model: None})
