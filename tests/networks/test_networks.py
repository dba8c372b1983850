import numpy as np
import pytest

from keras_vae import _layers, _weights, models
from keras_vae._backend import keras, tf
from keras_vae.networks import MLP, ConvNet, TiedMLP, TransposedDense


@pytest.mark.parametrize(
    "architecture",
    [
        MLP((16, 8)),
        MLP(()),
        ConvNet((4, 8), 1, (16,)),
        ConvNet((4,), 0, ()),
        ConvNet((4, 8), 1, (16,), upsampling="nearest"),
    ],
)
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


def test_a_tied_decoder_multiplies_by_the_encoders_kernels(rng):
    encoder, decoder = TiedMLP((16, 9), "tanh").pair((4, 5), 3, 3, (4, 5))
    for network in (encoder, decoder):
        for variable in network.variables:
            variable.assign(rng.normal(size=variable.shape))
    first, second, third = (encoder.get_layer(name).kernel.numpy() for name in ("hidden_0", "hidden_1", "output"))
    z = rng.normal(size=(7, 3)).astype("float32")
    h = np.tanh(z @ third.T + decoder.get_layer("hidden_0").bias.numpy())
    h = np.tanh(h @ second.T + decoder.get_layer("hidden_1").bias.numpy())
    expected = (h @ first.T).reshape(7, 4, 5) + decoder.get_layer("output").bias.numpy()
    np.testing.assert_allclose(decoder(z), expected, rtol=1e-4, atol=1e-4)


def test_tied_weights_are_counted_and_named_once():
    tied, free = (
        models.Autoencoder((8,), 3, network={"name": name, "hidden_units": [5]}) for name in ("tied_mlp", "mlp")
    )
    kernels = 8 * 5 + 5 * 3
    assert free.count_params() - tied.count_params() == kernels
    assert sorted(_weights.named(tied)) == [
        "decoder/hidden_0/bias",
        "decoder/output/bias",
        "encoder/hidden_0/bias",
        "encoder/hidden_0/kernel",
        "encoder/output/bias",
        "encoder/output/kernel",
    ]
    assert len(tied.trainable_variables) == 6


def test_a_copy_of_a_tied_decoder_has_weights_of_its_own(rng):
    encoder, decoder = TiedMLP(()).pair((6,), 3, 3, (6,))
    copy = keras.models.clone_model(decoder)
    copy.set_weights(decoder.get_weights())
    z = rng.normal(size=(4, 3)).astype("float32")
    before = copy(z).numpy()
    np.testing.assert_allclose(before, decoder(z), rtol=1e-6)
    encoder.get_layer("output").kernel.assign(np.zeros((6, 3)))
    np.testing.assert_array_equal(copy(z), before)
    assert np.abs(decoder(z)).max() == 0.0
    assert TransposedDense.from_config(decoder.get_layer("pixels").get_config()).units == 6


def test_tied_weights_are_refused_where_the_sizes_do_not_mirror():
    with pytest.raises(ValueError, match=r"tied_mlp.*6 outputs for a code of 3.*Take 'mlp'"):
        TiedMLP(()).pair((8,), 6, 3, (8,))
    with pytest.raises(ValueError, match=r"parameters for data \(8,\)"):
        TiedMLP(()).pair((8,), 3, 3, (8, 2))
    with pytest.raises(ValueError, match="a condition"):
        TiedMLP(()).pair((8,), 3, 3, (8,), condition_size=2)
    with pytest.raises(ValueError, match="cannot make it alone"):
        models.MultiDomainAutoencoder((8,), 3, 2, network={"name": "tied_mlp"})


def test_nearest_upsampling_has_no_checkerboard():
    """Untrained, it has next to no energy at the finest frequency; overlaps of transposed convolutions put a sixth of all there."""
    latents = np.random.default_rng(0).standard_normal((20, 8)).astype("float32")
    share = {}
    for upsampling in ("transposed", "nearest"):
        keras.utils.set_random_seed(0)
        network = ConvNet((8, 16, 16), upsampling=upsampling)
        images = np.asarray(network.decoder(8, (32, 32, 3))(latents))
        finest = images[:, ::2, ::2] - images[:, 1::2, ::2] - images[:, ::2, 1::2] + images[:, 1::2, 1::2]
        share[upsampling] = (finest**2).mean() / images.var()
    assert share["nearest"] < 0.2 * share["transposed"], share


def test_nearest_upsampling_repeats_pixels():
    x = np.arange(8, dtype="float32").reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(_layers.NearestUpsampling()(x), x.repeat(2, axis=1).repeat(2, axis=2))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_gradient_of_upsampling_is_that_of_repeating(jit_compile):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 3, 4, 2)), rng.standard_normal((2, 6, 8, 2))
    x, weight = (tf.constant(v, tf.float32) for v in (x, weight))

    @tf.function(jit_compile=jit_compile)
    def gradient(grow):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(weight * tf.square(grow(x)))
        return tape.gradient(loss, x)

    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(weight * tf.square(tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)))
    np.testing.assert_allclose(gradient(_layers.NearestUpsampling()), tape.gradient(loss, x), rtol=1e-5)
