"""Models with layers of their own take any other network in their place."""

import keras
import numpy as np
import pytest

from keras_vae import VAE, ConvVAE, models, networks
from keras_vae.models import plain_data

X = np.random.default_rng(0).normal(size=(8, 8, 2)).astype("float32")


@keras.saving.register_keras_serializable("test_network_of_ones_own")
class Signals(networks.Architecture):
    def __init__(self, units=3):
        self.units = units

    def settings(self):
        return {"units": self.units}

    def encoder(self, data_shape, output_size, condition_size=0):
        x = keras.Input(data_shape)
        h = keras.layers.Flatten()(keras.layers.Conv1D(self.units, 3, 2, "same")(x))
        return keras.Model(x, keras.layers.Dense(output_size, name="output")(h))

    def decoder(self, latent_size, output_shape, condition_size=0):
        z = keras.Input((latent_size,))
        h = keras.layers.Dense(output_shape[0] * self.units)(z)
        h = keras.layers.Reshape((output_shape[0], self.units))(h)
        return keras.Model(z, keras.layers.Conv1D(output_shape[1], 3, padding="same", name="output")(h))


@pytest.mark.parametrize("cls", [VAE, ConvVAE, models.VaDE])
def test_a_network_of_ones_own_trains_and_is_kept(cls, tmp_path):
    model = cls((8, 2), 3, network=Signals(4), likelihood="gaussian")
    if cls is VAE:
        model.compile("adam", run_eagerly=True)
        assert np.isfinite(model.fit(X, verbose=0).history["loss"]).all()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.architecture.units == 4
    np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))
    with pytest.raises(ValueError, match="which is not the library's own"):
        plain_data.describe(model)  # a preset is plain data


@pytest.mark.parametrize("cls", [VAE, ConvVAE, models.VaDE])
def test_a_network_of_the_library_is_named_in_plain_data(cls):
    model = cls((8, 8, 1), 3, network={"name": "conv_net", "filters": [2], "dense_units": [4]})
    description = plain_data.describe(model)
    assert plain_data.describe(plain_data.build(description)) == description
    assert isinstance(plain_data.build(description).architecture, networks.ConvNet)


@pytest.mark.parametrize(
    ("cls", "own", "default"),
    [
        (VAE, {"hidden_units": [4], "activation": "tanh"}, networks.MLP()),
        (ConvVAE, {"filters": [2], "kernel_size": 3}, networks.ConvNet()),
        (models.VaDE, {"hidden_units": [4]}, networks.MLP((500, 500, 2000))),
    ],
)
def test_arguments_of_ones_own_network_stay_and_do_not_go_with_another(cls, own, default):
    config = cls(
        (4, 4, 1), 2, **{"filters": [2]} if cls is ConvVAE else {}, **{k: v for k, v in own.items() if k != "filters"}
    ).get_config()
    assert "network" not in config
    assert all(config[name] == value for name, value in own.items())
    assert cls((4, 4, 1), 2).architecture.settings() == default.settings()
    with pytest.raises(ValueError, match=rf"network='mlp' and {', '.join(own)}: those are arguments of the network"):
        cls((4, 4, 1), 2, network="mlp", **own)
