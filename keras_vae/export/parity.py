"""The proof of a build: its error beside the Keras model, and the ELBO computed through it."""

import functools
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_vae import _random
from keras_vae._backend import tf
from keras_vae._batches import batch_size
from keras_vae.export.examples import Examples
from keras_vae.lite import Build, manifest
from keras_vae.lite.build import takes_whole_numbers
from keras_vae.models import DiscreteCodes, HasPosterior
from keras_vae.objectives import kl_divergence

_BATCH = 500
_CALLS = 200


class _Errors:
    """The largest and the mean absolute error, of batches that are not kept: of a prior's logits there are billions."""

    def __init__(self) -> None:
        self.maximum, self.total, self.count = 0.0, 0.0, 0

    def add(self, expected: Any, found: np.ndarray) -> None:
        """Count a batch in."""
        off = np.abs(np.asarray(expected, dtype="float32") - np.asarray(found, dtype="float32"))
        self.maximum = max(self.maximum, float(off.max()))
        self.total += float(off.sum(dtype="float64"))
        self.count += off.size


@functools.singledispatch
def measure(model: Any, builds: dict[str, Build], examples: Examples, seed: int = 0) -> manifest.Parity:
    """Compare builds with the model on real examples.

    The ELBO is estimated with one draw of z an example, of the same noise for both, from the parameters that the encoder and
    the decoder put out: what is compared is the builds, not the noise.

    Args:
        model: the model.
        builds: by part: `encoder`, `decoder`, and what else there is.
        examples: what to compare on.
        seed: of the noise.

    Returns:
        The errors of the means, of a prior's latents and of probabilities of clusters or classes, and the ELBO or, of an
        autoencoder without a posterior, the log-likelihood, in nats per example.
    """
    keras, build = [], []
    errors = {part: _Errors() for part in builds}
    for start, x, condition, given in _batches(model, examples, _BATCH):
        key = _random.fold_in(_random.as_seed(seed), start)
        if "features" in builds:
            given = builds["features"](picture=given["condition"])
            errors["features"].add(model.features(condition), given["condition"])

        z, mean, cost = code_and_cost(model, model.encoder_outputs(tf.constant(x), condition), condition, key)
        reached = condition is not None and "decoder" in model.condition_reaches
        outputs = model.decoder([z, model.features(condition)] if reached else z)
        keras.append((model.likelihood_of(outputs, condition).log_prob(x) - cost).numpy())
        from_encoder = builds["encoder"](data=x, **(given if "condition" in builds["encoder"].inputs else {}))
        errors["encoder"].add(mean, from_encoder["mean"])
        to_decoder = given if "condition" in builds["decoder"].inputs else {}
        found = builds["decoder"](latents=z.numpy(), **to_decoder)["mean"]
        errors["decoder"].add(model.likelihood(outputs).mean(), found)
        if "prior" in builds:
            noise = _random.normal((len(x), model.noise_size), key)
            found = builds["prior"](noise=noise.numpy(), **given)["latents"]
            errors["prior"].add(model.latents_from_noise(noise, condition), found)
        if "clusters" in builds:
            found = builds["clusters"](latents=z.numpy())["log_probs"]
            errors["clusters"].add(np.exp(model.cluster_log_probs_of(z)), np.exp(found))
        if "classifier" in builds:
            found = builds["classifier"](data=x)["log_probs"]
            errors["classifier"].add(np.exp(model.class_log_probs_given(tf.constant(x))), np.exp(found))

        z, _, cost = code_and_cost(model, tf.constant(from_encoder["params"]), condition, key)
        params = builds["decoder"](latents=z.numpy(), **to_decoder)["params"]
        build.append((model.likelihood_of(tf.constant(params), condition).log_prob(x) - cost).numpy())
    return _proof(errors, examples, score_name(model), np.concatenate(keras), np.concatenate(build))


@measure.register(DiscreteCodes)
def _measure_codes(model: Any, builds: dict[str, Build], examples: Examples, seed: int = 0) -> manifest.Parity:
    """The same of discrete codes: errors of the encoder are codes that are not the model's, as a share."""
    keras, build = [], []
    errors = {part: _Errors() for part in builds}
    # A prior over codes puts out K numbers for each.
    size = batch_size(model.latent_size * model.num_codes, _BATCH)
    for _, x, condition, given in _batches(model, examples, size):
        codes = model.encode(x).numpy()
        likelihood = model.decode(codes)
        keras.append((likelihood.log_prob(x) + model.prior_given(condition).log_prob(codes)).numpy())
        errors["decoder"].add(likelihood.mean(), builds["decoder"](codes=codes)["mean"])
        logits = builds["prior"](codes=codes, **given)["logits"]
        errors["prior"].add(model.prior.logits(tf.constant(codes), condition), logits)

        found = builds["encoder"](data=x)["codes"].astype("int32")
        errors["encoder"].add(np.zeros(codes.shape), found != codes)
        log_prior = tf.nn.log_softmax(builds["prior"](codes=found, **given)["logits"]).numpy()
        named = np.take_along_axis(log_prior, found[..., None], axis=-1)[..., 0].sum(axis=-1)
        params = builds["decoder"](codes=found)["params"]
        build.append(model.likelihood(tf.constant(params)).log_prob(x).numpy() + named)
    return _proof(errors, examples, "elbo", np.concatenate(keras), np.concatenate(build))


def _batches(model: Any, examples: Examples, size: int) -> Iterator[tuple[int, Any, Any, dict[str, Any]]]:
    """The examples `size` at a time: where each batch starts, its data, its condition, and that by the name that builds take."""
    for start in range(0, len(examples.data), size):
        x = examples.data[start : start + size]
        labels = None if examples.labels is None else examples.labels[start : start + size]
        condition = model.condition_of(labels, len(x))
        yield start, x, condition, {} if condition is None else {"condition": np.asarray(condition)}


def _proof(
    errors: dict[str, _Errors], examples: Examples, name: str, keras: np.ndarray, build: np.ndarray
) -> manifest.Parity:
    before, after = float(keras.mean()), float(build.mean())
    return manifest.Parity(
        errors={part: manifest.Error(found.maximum, found.total / found.count) for part, found in errors.items()},
        examples=len(examples.data),
        source=examples.source,
        **{name: manifest.Nats(before, after, after - before)},
    )


def latency(build: Build) -> float:
    """Median time of a call for one example, in milliseconds, on one thread."""
    inputs = {
        name: np.zeros((1, *detail["shape"][1:]), "int32" if takes_whole_numbers(detail) else "float32")
        for name, detail in build.inputs.items()
    }
    times = []
    for call in range(_CALLS + 20):
        start = time.perf_counter()
        build(**inputs)
        if call >= 20:
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000.0


@functools.singledispatch
def code_and_cost(model: Any, outputs: Any, condition: Any, seed: Any) -> tuple[Any, Any, Any]:
    """Of what an encoder puts out: the code that the decoder is given, its mean, and the nats that it costs (the KL)."""
    code = model.code_of(outputs)
    return code, code, 0.0


@code_and_cost.register(HasPosterior)
def _of_posterior(model: Any, outputs: Any, condition: Any, seed: Any) -> tuple[Any, Any, Any]:
    posterior = model.posterior(outputs)
    z = posterior.sample(seed=seed)
    return z, posterior.mean(), kl_divergence(posterior, model.prior_given(condition), z[None])


@functools.singledispatch
def score_name(model: Any) -> str:
    """The name of the value in nats that is compared: without a KL, of the ELBO the log-likelihood is left."""
    return "log_likelihood"


@score_name.register(HasPosterior)
def _elbo(model: Any) -> str:
    return "elbo"
