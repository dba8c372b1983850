"""What is registered with Keras does not depend on what was imported."""

import os
import subprocess
import sys

import pytest

import keras_vae
from keras_vae import _registration
from keras_vae._backend import keras


def test_every_registered_class_is_found_in_the_sources():
    for name in ("distributions", "networks", "objectives", "models"):
        package = getattr(keras_vae, name)
        assert all(hasattr(package, public) for public in package.__all__)  # which imports its module
    registered = {
        name.removeprefix("keras_vae>"): thing.__module__
        for name, thing in keras.saving.get_custom_objects().items()
        if name.startswith("keras_vae>") and isinstance(thing, type) and thing.__module__.startswith("keras_vae.")
    }
    found = _registration.classes()
    assert registered
    assert registered.items() <= found.items()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    model = keras_vae.ConditionalVAE((4, 4, 1), 3, 2, network={"name": "mlp", "hidden_units": [4]})
    model.compile("adam", keras_vae.ELBO(beta=keras_vae.objectives.Linear(10)))
    model.save(folder / "model.keras")
    return folder / "model.keras"


@pytest.mark.parametrize(
    "imports",
    ["import keras_vae, keras", "import keras, keras_vae", "import keras_vae.distributions, keras"],
)
def test_a_saved_model_loads_in_a_fresh_process(saved, imports):
    code = f"{imports}; m = keras.models.load_model({str(saved)!r}); print(type(m).__name__, type(m.objective.beta).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.stdout.split() == ["ConditionalVAE", "Linear"], done.stderr[-800:]


def test_the_import_brings_neither_keras_nor_tensorflow():
    code = "import sys, keras_vae.lite; print(any(name in sys.modules for name in ('keras', 'tensorflow')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
