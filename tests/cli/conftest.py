"""What the tests of several commands share."""

import pytest

_RECIPE = """
[model]
class = "ConditionalVAE"
data_shape = [28, 28, 1]
num_classes = 10
latent_size = 4
[data]
name = "digits"
preprocessing = "dynamic_binarization"
validation = 200
[training]
epochs = {epochs}
batch_size = 100
"""


@pytest.fixture
def recipe(tmp_path):
    """Writes the recipe of a small class-conditional VAE of digits, `tiny.toml` by default, and returns its path."""

    def write(epochs, name="tiny.toml", card=""):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(card + _RECIPE.format(epochs=epochs))
        return path

    return write
