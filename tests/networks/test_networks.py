import numpy as np
import pytest

from keras_vae._backend import keras
from keras_vae.networks import MLP, ConvNet


@pytest.mark.parametrize("architecture", [MLP((16, 8)), MLP(()), ConvNet((4, 8), 1, (16,)), ConvNet((4,), 0, ())])
@pytest.mark.parametrize("condition_size", [0, 3])
def test_encoder_and_decoder_mirror_each_other(architecture, condition_size, rng):
    encoder = architecture.encoder((8, 8, 2), 10, condition_size)
    decoder = architecture.decoder(5, (8, 8, 4), condition_size)
    x, z = rng.normal(size=(3, 8, 8, 2)), rng.normal(size=(3, 5))
    c = rng.normal(size=(3, condition_size))
    assert encoder([x, c] if condition_size else x).shape == (3, 10)
    assert decoder([z, c] if condition_size else z).shape == (3, 8, 8, 4)


def test_the_condition_reaches_the_output(rng):
    for architecture in (MLP((16,)), ConvNet((4,), 1, (16,))):
        decoder = architecture.decoder(5, (8, 8, 1), 3)
        z = rng.normal(size=(1, 5)).astype("float32")
        outputs = [decoder([z, np.eye(3, dtype="float32")[[i]]]).numpy() for i in range(2)]
        assert np.abs(outputs[0] - outputs[1]).max() > 1e-4


def test_under_mixed_precision_the_outputs_are_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        networks = [a.decoder(2, (8, 8, 1)) for a in (MLP((16,)), ConvNet((4,), 1, (16,)))]
    finally:
        keras.config.set_dtype_policy("float32")
    for network in networks:
        assert network(np.zeros((1, 2))).dtype == "float32"
        assert network.layers[1].compute_dtype == "bfloat16"


def test_a_picture_that_cannot_be_halved_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"\(30, 30, 1\).*divisible by 4.*Pad the images"):
        ConvNet((4, 8)).encoder((30, 30, 1), 4)


def test_bad_sizes_name_the_place():
    with pytest.raises(ValueError, match=r"hidden_units\[1\]=0.*from 1"):
        MLP((16, 0))
    with pytest.raises(ValueError, match="hidden_units=12.*list"):
        MLP(12)
    with pytest.raises(ValueError, match="filters=\\[\\].*1 to 32 layers"):
        ConvNet(())
