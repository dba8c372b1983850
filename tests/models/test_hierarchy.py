"""What the sources say of the model classes is what the classes are."""

import pytest

from keras_vae import models, zoo
from keras_vae.models import hierarchy, plain_data
from keras_vae.zoo import preset_file


def test_every_model_class_is_found():
    assert hierarchy.names() == sorted(plain_data.classes())


@pytest.mark.parametrize("name", sorted(plain_data.classes()))
def test_a_class_derives_from_what_its_source_says(name):
    cls = getattr(models, name)
    bases = [base for base in models.__all__ if isinstance(getattr(models, base), type)]
    assert {base for base in bases if hierarchy.is_a(name, base)} == {
        base for base in bases if issubclass(cls, getattr(models, base))
    }


@pytest.mark.parametrize("name", sorted(plain_data.classes()))
def test_the_family_of_a_preset_is_that_of_its_class(name, tmp_path):
    (tmp_path / "preset.toml").write_text(f"[model]\nclass = '{name}'\n")
    bases = {
        "vae": models.LatentVariableModel,
        "autoencoder": models.Autoencoder,
        "discrete": models.VQVAE,
        "classifier": models.Classifier,
    }
    assert set(bases) == set(preset_file.FAMILIES)
    assert issubclass(getattr(models, name), bases[zoo.family(zoo.Preset.parse(tmp_path))])
