"""What a target takes, and what is refused with a remedy."""

import numpy as np
import pytest

from keras_vae import VAE, ConvVAE, distributions, export, lite, models, networks
from keras_vae._backend import keras, serializable, tf
from keras_vae.export import flatbuffer
from keras_vae.lite.manifest import Operation
from keras_vae.networks import MLP


def _biased(model, rng):
    """With biases as training leaves them: an untrained model's zeros are folded away, and hide what is refused."""
    for weight in model.weights:
        if "bias" in weight.path:
            weight.assign(0.1 * rng.normal(size=weight.shape))
    return model


def _converted(function, *specs):
    converter = tf.lite.TFLiteConverter.from_concrete_functions([tf.function(function).get_concrete_function(*specs)])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    return converter.convert()


def test_a_transposed_convolution_fused_with_relu_is_refused_for_the_gpu_alone(tmp_path, rng):
    model = _biased(ConvVAE((8, 8, 1), 2, filters=(4, 8), dense_units=(8,), activation="relu"), rng)
    with pytest.raises(
        export.ExportError, match=r"decoder holds TRANSPOSE_CONV version 4: the target 'gpu' does not take.*silu"
    ):
        export.tflite(model, tmp_path / "gpu", "gpu")
    assert not (tmp_path / "gpu").exists()
    export.tflite(model, tmp_path / "cpu", "cpu", format="float32")


def test_a_flex_operation_is_refused_for_every_target():
    """A complex matrix product is one of the operations that the converter hands on to TensorFlow."""
    content = _converted(lambda x: tf.linalg.det(x), tf.TensorSpec((1, 3, 3), tf.float32))
    names = [op.name for op in flatbuffer.operations(content) if op.name.startswith("Flex")]
    assert names
    for target in export.TARGETS.values():
        with pytest.raises(export.ExportError, match=f"{names[0]} version 1.*, which only full TensorFlow runs"):
            target.check("decoder", content)


def test_a_loose_shape_is_refused():
    content = _converted(lambda x: tf.nn.relu(x), tf.TensorSpec((None, 3), tf.float32))
    with pytest.raises(export.ExportError, match="without a fixed shape"):
        export.TARGETS["gpu"].check("decoder", content)


def test_an_operation_that_a_target_does_not_take_is_named():
    content = _converted(lambda x: tf.math.sin(x), tf.TensorSpec((1, 3), tf.float32))
    assert flatbuffer.operations(content) == [Operation("SIN", 1, 1)]
    for name in ("gpu", "edge"):
        with pytest.raises(export.ExportError, match=rf"SIN version 1: the target '{name}' does not take it"):
            export.TARGETS[name].check("encoder", content)
    assert export.TARGETS["cpu"].check("encoder", content) == [Operation("SIN", 1, 1)]


@serializable
class _Igamma(keras.layers.Layer):
    def call(self, inputs):
        return tf.math.igamma(tf.abs(inputs) + 1.0, tf.abs(inputs))


class _Odd(MLP):
    """Networks with an operation that LiteRT does not have."""

    def encoder(self, *args, **kwargs):
        network = super().encoder(*args, **kwargs)
        return keras.Model(network.inputs, _Igamma(name="igamma")(network.output))


def test_an_operation_that_does_not_convert_is_named(tmp_path):
    model = VAE((2, 2, 1), 1, hidden_units=(3,))
    model.encoder = _Odd((3,)).encoder((2, 2, 1), 2)
    with pytest.raises(export.ExportError, match=r"no operation for tf\.Igamma"):
        export.tflite(model, tmp_path / "build", format="float32")
    assert list(tmp_path.iterdir()) == []


def test_names_of_tensors_are_found():
    content = _converted(
        lambda x: tf.nn.tanh(tf.matmul(x, tf.constant(np.eye(3, dtype="float32") * 2))),
        tf.TensorSpec((1, 3), tf.float32),
    )
    assert flatbuffer.outputs_of(content, "FULLY_CONNECTED") == flatbuffer.inputs_of(content, "TANH")
    assert flatbuffer.all_inputs_of(content, "TANH") == set(flatbuffer.inputs_of(content, "TANH"))
    assert len(flatbuffer.activations(content)) == 3
    assert flatbuffer.dynamic_tensors(content) == []


def test_every_likelihood_of_the_library_has_a_gpu_build_or_a_reason(tmp_path):
    refused = {}
    for name in distributions.__all__:
        cls = getattr(distributions, name)
        if isinstance(cls, type) and issubclass(cls, distributions.Likelihood) and cls is not distributions.Likelihood:
            try:
                export.tflite(VAE((2, 2, 1), 1, hidden_units=(3,), likelihood=cls((2, 2, 1))), tmp_path / name, "gpu")
            except export.ExportError as error:
                refused[name] = str(error)
    assert set(refused) == {"DiscretizedLogistic"}
    assert "the mean of a discretised logistic is a sum over its levels" in refused["DiscretizedLogistic"]


@keras.saving.register_keras_serializable("tests")
class _Recurrent(networks.Architecture):
    """A recurrent encoder and decoder of a user's own."""

    def settings(self):
        return {}

    def encoder(self, data_shape, output_size, condition_size=0):
        x = keras.Input(data_shape)
        return keras.Model(x, keras.layers.Dense(output_size, name="output")(keras.layers.LSTM(3)(x)))

    def decoder(self, latent_size, output_shape, condition_size=0):
        z = keras.Input((latent_size,))
        h = keras.layers.RepeatVector(output_shape[0])(z)
        h = keras.layers.LSTM(3, return_sequences=True)(h)
        return keras.Model(z, keras.layers.Dense(output_shape[1], name="output")(h))


def test_a_recurrent_decoder_is_built_for_the_cpu_and_elsewhere_the_remedy_is_one(tmp_path, rng):
    model = models.Autoencoder((4, 2), 3, network=_Recurrent(), likelihood="gaussian")
    x = rng.normal(size=(8, 4, 2)).astype("float32")
    export.tflite(model, tmp_path / "cpu", examples=x)
    np.testing.assert_allclose(lite.load(tmp_path / "cpu").reconstruct(x), model.reconstruct(x), atol=0.02)
    for target in ("gpu", "edge", "web"):
        with pytest.raises(export.ExportError, match=r"export for the target 'cpu'"):
            export.tflite(model, tmp_path / target, target, examples=x)


def test_no_target_is_its_own_remedy():
    loose = _converted(lambda x: tf.nn.relu(x), tf.TensorSpec((None, 3), tf.float32))
    flex = _converted(lambda x: tf.linalg.det(x), tf.TensorSpec((1, 3, 3), tf.float32))
    for content in (loose, flex):
        with pytest.raises(export.ExportError, match="build the model with other layers") as caught:
            export.TARGETS["cpu"].check("decoder", content)
        assert "export for the target" not in str(caught.value)
