"""What an exported model can be asked for: functions of named tensors that draw nothing themselves."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from keras_vae._backend import keras, tf
from keras_vae.distributions import StandardNormal, TopDownPosterior
from keras_vae.models import (
    VQVAE,
    AttributeConditionalVAE,
    Clusters,
    EncoderDecoder,
    ImageConditionalVAE,
    LatentVariableModel,
    SemiSupervisedVAE,
)


class Endpoint(NamedTuple):
    """A function from named tensors to a dict of tensors, and what it takes."""

    function: Callable[..., dict[str, Any]]
    inputs: dict[str, Any]
    """`tf.TensorSpec` by name."""


def for_server(model: EncoderDecoder) -> dict[str, Endpoint]:
    """`reconstruct`, `encode`, `decode` and, where the model can do it, `sample`, `cluster` and `classify`, for any batch.

    Values are checked in the graph. Noise is an input of `sample`, and labels of all where the model is conditional.
    """
    data = tf.TensorSpec((None, *model.data_shape), tf.float32, name="data")
    latents = tf.TensorSpec((None, model.latent_size), tf.float32, name="latents")

    def reconstruct(data: Any, labels: Any = None) -> dict[str, Any]:
        data = _checked(data, labels, "data")
        return {"data": model.reconstruct(data, labels)}

    def encode(data: Any, labels: Any = None) -> dict[str, Any]:
        data = _checked(data, labels, "data")
        posterior = model.encode(data, labels)
        return {"mean": posterior.mean(), "stddev": posterior.stddev()}

    def code(data: Any) -> dict[str, Any]:
        return {"code": model.encode(_checked(data, None, "data"))}

    def decode(latents: Any, labels: Any = None) -> dict[str, Any]:
        latents = _checked(latents, labels, "latents")
        return {"mean": model.decode(latents, labels).mean()}

    def sample(noise: Any, labels: Any = None) -> dict[str, Any]:
        noise = _checked(noise, labels, "noise")
        condition = None if labels is None else model.condition_of(labels, tf.shape(noise)[0])
        return {"data": model.likelihood_given(model.latents_from_noise(noise, condition), condition).mean()}

    def cluster(data: Any) -> dict[str, Any]:
        log_probs = model.cluster_log_probs(_checked(data, None, "data"))
        return {"cluster": tf.argmax(log_probs, axis=-1), "log_probs": log_probs}

    def classify(data: Any) -> dict[str, Any]:
        log_probs = model.class_log_probs(_checked(data, None, "data"))
        return {"label": tf.argmax(log_probs, axis=-1), "log_probs": log_probs}

    if isinstance(model, VQVAE):
        return _of_codes(model)
    probabilistic = isinstance(model, LatentVariableModel)
    labels = {"labels": _labels(model)} if model.conditional else {}
    found = {
        "reconstruct": Endpoint(reconstruct, {"data": data, **labels}),
        "encode": Endpoint(encode, {"data": data, **labels}) if probabilistic else Endpoint(code, {"data": data}),
        "decode": Endpoint(decode, {"latents": latents, **labels}),
    }
    if probabilistic:
        noise = tf.TensorSpec((None, model.prior.noise_size), tf.float32, name="noise")
        found["sample"] = Endpoint(sample, {"noise": noise, **labels})
    if isinstance(model, Clusters):
        found["cluster"] = Endpoint(cluster, {"data": data})
    if isinstance(model, SemiSupervisedVAE):
        found["classify"] = Endpoint(classify, {"data": data})
    return found


def _labels(model: EncoderDecoder) -> tf.TensorSpec:
    if isinstance(model, ImageConditionalVAE):
        return tf.TensorSpec((None, *model.condition_shape), tf.float32, name="labels")
    if isinstance(model, AttributeConditionalVAE):
        return tf.TensorSpec((None, model.condition_size), tf.float32, name="labels")
    return tf.TensorSpec((None,), tf.int32, name="labels")


def _of_codes(model: VQVAE) -> dict[str, Endpoint]:
    """The same of a model whose codes are whole numbers; labels are those of `sample` alone."""
    data = tf.TensorSpec((None, *model.data_shape), tf.float32, name="data")
    codes = tf.TensorSpec((None, model.latent_size), tf.int32, name="codes")
    noise = tf.TensorSpec((None, model.prior.noise_size), tf.float32, name="noise")
    labels = {"labels": _labels(model)} if model.conditional else {}

    def reconstruct(data: Any) -> dict[str, Any]:
        return {"data": model.reconstruct(_checked(data, None, "data"))}

    def encode(data: Any) -> dict[str, Any]:
        return {"codes": model.encode(_checked(data, None, "data"))}

    def decode(codes: Any) -> dict[str, Any]:
        return {"mean": model.decode(codes).mean()}

    def sample(noise: Any, labels: Any = None) -> dict[str, Any]:
        noise = _checked(noise, labels, "noise")
        condition = None if labels is None else model.condition_of(labels, tf.shape(noise)[0])
        return {"data": model.decode(model.prior.from_noise(noise, condition)).mean()}

    return {
        "reconstruct": Endpoint(reconstruct, {"data": data}),
        "encode": Endpoint(encode, {"data": data}),
        "decode": Endpoint(decode, {"codes": codes}),
        "sample": Endpoint(sample, {"noise": noise, **labels}),
    }


def for_device(
    model: EncoderDecoder, encoder: keras.Model | None = None, decoder: keras.Model | None = None
) -> dict[str, Endpoint]:
    """`encoder`, `decoder` and what else the model has, for a batch of one: a `prior` other than N(0, I), `clusters` of latents, a
    `classifier` of data, `features` of conditions that are pictures.

    The condition is an input as the vector that the networks take, a one-hot label or what `features` puts out. Of a model with
    discrete codes the encoder gives and the decoder takes whole numbers, and `prior` gives the logits of each. Otherwise the first
    two give, beside the mean (of an autoencoder's encoder: the code), what the network puts out, the parameters from which a
    density can be computed.

    Args:
        model: the model.
        encoder, decoder: networks to take in the place of the model's own.
    """
    if isinstance(model, VQVAE):
        return _codes_for_device(model)
    encoder, decoder = encoder or model.encoder, decoder or model.decoder
    data = tf.TensorSpec((1, *model.data_shape), tf.float32, name="data")
    latents = tf.TensorSpec((1, model.latent_size), tf.float32, name="latents")

    def code(data: Any) -> dict[str, Any]:
        params = encoder(data)
        return {"mean": model.code_of(params), "params": params}

    def encode(data: Any, condition: Any = None) -> dict[str, Any]:
        params = encoder(data if condition is None else [data, condition])
        posterior = model.posterior(params)
        # The standard deviations of a Gaussian are in its parameters; those of a hierarchy take networks to compute.
        further = {"stddev": posterior.stddev()} if isinstance(model.posterior, TopDownPosterior) else {}
        return {"mean": posterior.mean(), "params": params, **further}

    def decode(latents: Any, condition: Any = None) -> dict[str, Any]:
        params = decoder(latents if condition is None else [latents, condition])
        return {"mean": model.likelihood(params).mean(), "params": params}

    def prior(noise: Any, condition: Any = None) -> dict[str, Any]:
        return {"latents": model.prior.from_noise(noise, condition)}

    def clusters(latents: Any) -> dict[str, Any]:
        return {"log_probs": model.cluster_log_probs_of(latents)}

    def classify(data: Any) -> dict[str, Any]:
        return {"log_probs": model.class_log_probs_given(data)}

    def features(picture: Any) -> dict[str, Any]:
        return {"condition": model.features(picture)}

    size = model.condition_size
    condition = {"condition": tf.TensorSpec((1, size), tf.float32, name="condition")} if size else {}
    probabilistic = isinstance(model, LatentVariableModel)
    found = {
        "encoder": Endpoint(encode, {"data": data, **condition}) if probabilistic else Endpoint(code, {"data": data}),
        "decoder": Endpoint(decode, {"latents": latents, **condition}),
    }
    if probabilistic and type(model.prior) is not StandardNormal:
        noise = tf.TensorSpec((1, model.prior.noise_size), tf.float32, name="noise")
        found["prior"] = Endpoint(prior, {"noise": noise, **condition})
    if isinstance(model, Clusters):
        found["clusters"] = Endpoint(clusters, {"latents": latents})
    if isinstance(model, SemiSupervisedVAE):
        found["classifier"] = Endpoint(classify, {"data": data})
    if isinstance(model, ImageConditionalVAE):
        picture = tf.TensorSpec((1, *model.condition_shape), tf.float32, name="picture")
        found["features"] = Endpoint(features, {"picture": picture})
    return found


def _codes_for_device(model: VQVAE) -> dict[str, Endpoint]:
    """`encoder` to codes, `decoder` from codes, and `prior`: the logits of each code given those before it."""
    codes = tf.TensorSpec((1, model.latent_size), tf.int32, name="codes")
    size = model.condition_size
    condition = {"condition": tf.TensorSpec((1, size), tf.float32, name="condition")} if size else {}

    def encode(data: Any) -> dict[str, Any]:
        return {"codes": model.quantized_given(data).indices}

    def decode(codes: Any) -> dict[str, Any]:
        params = model.decoder_outputs(model.maps_of(codes))
        return {"mean": model.likelihood(params).mean(), "params": params}

    def prior(codes: Any, condition: Any = None) -> dict[str, Any]:
        return {"logits": model.prior.logits(codes, condition)}

    return {
        "encoder": Endpoint(encode, {"data": tf.TensorSpec((1, *model.data_shape), tf.float32, name="data")}),
        "decoder": Endpoint(decode, {"codes": codes}),
        "prior": Endpoint(prior, {"codes": codes, **condition}),
    }


def _checked(values: Any, labels: Any, name: str) -> Any:
    """The values, behind assertions of the graph that they are finite and that there is a label for each."""
    checks = [tf.debugging.Assert(tf.reduce_all(tf.math.is_finite(values)), [f"{name} must be finite"])]
    if labels is not None:
        sizes = tf.shape(values)[0], tf.shape(labels)[0]
        checks.append(
            tf.debugging.Assert(tf.equal(*sizes), [f"{name} and labels must be of one number; given:", *sizes])
        )
    with tf.control_dependencies([check for check in checks if check is not None]):  # None where it ran eagerly
        return tf.identity(values)


def write(
    endpoints: dict[str, Endpoint], model: EncoderDecoder, folder: str, networks: list[Any] | None = None
) -> None:
    """Write endpoints as signatures of a SavedModel; the first is also the default."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    for network in networks or []:
        archive.track(network)
    for name, endpoint in endpoints.items():
        archive.add_endpoint(name, endpoint.function, list(endpoint.inputs.values()))
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)  # "Assets written to" a folder that is soon renamed
    try:
        archive.write_out(folder, verbose=False)
    finally:
        logger.setLevel(level)
