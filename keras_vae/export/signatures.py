"""The signatures of an exported model: functions of named tensors that sample nothing themselves."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from keras_vae._backend import keras, tf
from keras_vae._gathered import Gathered
from keras_vae.distributions import StandardNormal, TopDownPosterior
from keras_vae.models import (
    Classifies,
    Clusters,
    DiscreteCodes,
    HasPosterior,
    ImageConditions,
    LatentPrior,
    Reconstructs,
    Samples,
)


class Endpoint(NamedTuple):
    """A function from named tensors to a dict of tensors, and what it takes."""

    function: Callable[..., dict[str, Any]]
    inputs: dict[str, Any]
    """`tf.TensorSpec` by name."""


# -- for a server ------------------------------------------------------------------------------------------------------

for_server = Gathered(
    "for_server",
    """`reconstruct`, `encode`, `decode` and, where the model can do it, `sample`, `cluster` and `classify`, for any batch.

    Values are checked in the graph. Noise is an input of `sample`, and labels are one wherever the condition changes the answer.
    A model of a user's own adds endpoints by `for_server.register(MyModel)`; their inputs are among those of `serving.values`.
    """,
)


@for_server.register(Reconstructs)
def _reconstruct(model: Any) -> dict[str, Endpoint]:
    def reconstruct(data: Any, labels: Any = None) -> dict[str, Any]:
        data = _checked(data, labels, "data")
        return {"data": model.reconstruct(data, labels)}

    def encode(data: Any, labels: Any = None) -> dict[str, Any]:
        return {"code": model.code(_checked(data, labels, "data"), labels)}

    def decode(latents: Any, labels: Any = None) -> dict[str, Any]:
        latents = _checked(latents, labels, "latents")
        return {"mean": model.decode(latents, labels).mean()}

    data, latents = _data(model, None), tf.TensorSpec((None, model.latent_size), tf.float32, name="latents")
    return {
        "reconstruct": Endpoint(reconstruct, {"data": data, **_labels(model, "encoder", "decoder")}),
        "encode": Endpoint(encode, {"data": data, **_labels(model, "encoder")}),
        "decode": Endpoint(decode, {"latents": latents, **_labels(model, "decoder")}),
    }


@for_server.register(HasPosterior)
def _posterior(model: Any) -> dict[str, Endpoint]:
    def encode(data: Any, labels: Any = None) -> dict[str, Any]:
        data = _checked(data, labels, "data")
        posterior = model.encode(data, labels)
        return {"mean": posterior.mean(), "stddev": posterior.stddev()}

    return {"encode": Endpoint(encode, {"data": _data(model, None), **_labels(model, "encoder")})}


@for_server.register(DiscreteCodes)
def _codes(model: Any) -> dict[str, Endpoint]:
    def encode(data: Any, labels: Any = None) -> dict[str, Any]:
        return {"codes": model.code(_checked(data, labels, "data"), labels)}

    def decode(codes: Any, labels: Any = None) -> dict[str, Any]:
        return {"mean": model.decode(codes, labels).mean()}

    codes = tf.TensorSpec((None, model.latent_size), tf.int32, name="codes")
    return {
        "encode": Endpoint(encode, {"data": _data(model, None), **_labels(model, "encoder")}),
        "decode": Endpoint(decode, {"codes": codes, **_labels(model, "decoder")}),
    }


@for_server.register(Samples)
def _sample(model: Any) -> dict[str, Endpoint]:
    def sample(noise: Any, labels: Any = None) -> dict[str, Any]:
        noise = _checked(noise, labels, "noise")
        condition = None if labels is None else model.condition_of(labels, tf.shape(noise)[0])
        return {"data": model.sample_from_noise(noise, condition)}

    noise = tf.TensorSpec((None, model.noise_size), tf.float32, name="noise")
    return {"sample": Endpoint(sample, {"noise": noise, **_labels(model, "prior", "decoder")})}


@for_server.register(Clusters)
def _cluster(model: Any) -> dict[str, Endpoint]:
    def cluster(data: Any) -> dict[str, Any]:
        log_probs = model.cluster_log_probs(_checked(data, None, "data"))
        return {"cluster": tf.argmax(log_probs, axis=-1), "log_probs": log_probs}

    return {"cluster": Endpoint(cluster, {"data": _data(model, None)})}


@for_server.register(Classifies)
def _classify(model: Any) -> dict[str, Endpoint]:
    def classify(data: Any) -> dict[str, Any]:
        log_probs = model.class_log_probs(_checked(data, None, "data"))
        return {"label": tf.argmax(log_probs, axis=-1), "log_probs": log_probs}

    return {"classify": Endpoint(classify, {"data": _data(model, None)})}


def _data(model: Any, batch_size: int | None) -> tf.TensorSpec:
    return tf.TensorSpec((batch_size, *model.data_shape), tf.float32, name="data")


def _labels(model: Any, *parts: str) -> dict[str, Any]:
    """The input of labels, for a function of these parts of the model; none where the condition reaches none of them."""
    if not model.conditional or not set(parts) & set(model.condition_reaches):
        return {}
    spec = model.condition_spec
    dtype = tf.int32 if tf.as_dtype(spec.dtype).is_integer else tf.float32
    return {"labels": tf.TensorSpec(spec.shape, dtype, name="labels")}


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


# -- for a device ------------------------------------------------------------------------------------------------------

device_parts = Gathered(
    "device_parts", "The endpoints of `for_device`, of a model and its two networks, by what the model can do."
)


def for_device(
    model: Any, encoder: keras.Model | None = None, decoder: keras.Model | None = None
) -> dict[str, Endpoint]:
    """`encoder`, `decoder` and what else the model has, for a batch of one: a `prior` other than N(0, I), `clusters` of latents, a
    `classifier` of data, `features` of conditions that are images.

    The condition is an input as the vector that the networks take, a one-hot label or what `features` puts out. Of a model with
    discrete codes the encoder gives and the decoder takes whole numbers, and `prior` gives the logits of each. Otherwise the first
    two give, beside the mean (of an autoencoder's encoder: the code), what the network puts out, the parameters from which a
    density can be computed.

    Args:
        model: the model.
        encoder, decoder: networks to take in the place of the model's own.
    """
    return device_parts(model, encoder or model.encoder, decoder or model.decoder)


def _condition(model: Any, part: str) -> dict[str, Any]:
    """The input of the condition, for a part that it reaches."""
    if not model.conditional or part not in model.condition_reaches:
        return {}
    return {"condition": tf.TensorSpec((1, model.condition_size), tf.float32, name="condition")}


@device_parts.register(Reconstructs)
def _networks(model: Any, encoder: keras.Model, decoder: keras.Model) -> dict[str, Endpoint]:
    def encode(data: Any, condition: Any = None) -> dict[str, Any]:
        params = encoder(data if condition is None else [data, condition])
        return {"mean": model.code_of(params), "params": params}

    def decode(latents: Any, condition: Any = None) -> dict[str, Any]:
        params = decoder(latents if condition is None else [latents, condition])
        return {"mean": model.likelihood(params).mean(), "params": params}

    latents = tf.TensorSpec((1, model.latent_size), tf.float32, name="latents")
    return {
        "encoder": Endpoint(encode, {"data": _data(model, 1), **_condition(model, "encoder")}),
        "decoder": Endpoint(decode, {"latents": latents, **_condition(model, "decoder")}),
    }


@device_parts.register(HasPosterior)
def _posterior_parameters(model: Any, encoder: keras.Model, decoder: keras.Model) -> dict[str, Endpoint]:
    def encode(data: Any, condition: Any = None) -> dict[str, Any]:
        params = encoder(data if condition is None else [data, condition])
        posterior = model.posterior(params)
        # The standard deviations of a Gaussian are in its parameters; those of a hierarchy take networks to compute.
        further = {"stddev": posterior.stddev()} if isinstance(model.posterior, TopDownPosterior) else {}
        return {"mean": posterior.mean(), "params": params, **further}

    return {"encoder": Endpoint(encode, {"data": _data(model, 1), **_condition(model, "encoder")})}


@device_parts.register(LatentPrior)
def _prior(model: Any, encoder: keras.Model, decoder: keras.Model) -> dict[str, Endpoint]:
    def prior(noise: Any, condition: Any = None) -> dict[str, Any]:
        return {"latents": model.prior.from_noise(noise, condition)}

    if type(model.prior) is StandardNormal:
        return {}
    noise = tf.TensorSpec((1, model.noise_size), tf.float32, name="noise")
    return {"prior": Endpoint(prior, {"noise": noise, **_condition(model, "prior")})}


@device_parts.register(DiscreteCodes)
def _codes_and_logits(model: Any, encoder: keras.Model, decoder: keras.Model) -> dict[str, Endpoint]:
    """`encoder` to codes, `decoder` from codes, and `prior`: the logits of each code given those before it."""

    def encode(data: Any, condition: Any = None) -> dict[str, Any]:
        return {"codes": model.code_of(model.encoder_outputs(data, condition))}

    def decode(codes: Any) -> dict[str, Any]:
        params = model.params_of(codes)
        return {"mean": model.likelihood(params).mean(), "params": params}

    def prior(codes: Any, condition: Any = None) -> dict[str, Any]:
        return {"logits": model.prior.logits(codes, condition)}

    codes = tf.TensorSpec((1, model.latent_size), tf.int32, name="codes")
    return {
        "encoder": Endpoint(encode, {"data": _data(model, 1)}),
        "decoder": Endpoint(decode, {"codes": codes}),
        "prior": Endpoint(prior, {"codes": codes, **_condition(model, "prior")}),
    }


@device_parts.register(Clusters)
def _clusters(model: Any, encoder: keras.Model, decoder: keras.Model) -> dict[str, Endpoint]:
    def clusters(latents: Any) -> dict[str, Any]:
        return {"log_probs": model.cluster_log_probs_of(latents)}

    latents = tf.TensorSpec((1, model.latent_size), tf.float32, name="latents")
    return {"clusters": Endpoint(clusters, {"latents": latents})}


@device_parts.register(Classifies)
def _classifier(model: Any, encoder: keras.Model, decoder: keras.Model) -> dict[str, Endpoint]:
    def classify(data: Any) -> dict[str, Any]:
        return {"log_probs": model.class_log_probs_given(data)}

    return {"classifier": Endpoint(classify, {"data": _data(model, 1)})}


@device_parts.register(ImageConditions)
def _features(model: Any, encoder: keras.Model, decoder: keras.Model) -> dict[str, Endpoint]:
    def features(picture: Any) -> dict[str, Any]:
        return {"condition": model.features(picture)}

    picture = tf.TensorSpec((1, *model.condition_shape), tf.float32, name="picture")
    return {"features": Endpoint(features, {"picture": picture})}


def write(endpoints: dict[str, Endpoint], model: Any, folder: str, networks: list[Any] | None = None) -> None:
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
