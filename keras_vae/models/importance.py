"""Importance-sampled log p(x), streamed."""

import math
from typing import Any, NamedTuple

from keras_vae import _random
from keras_vae._backend import tf
from keras_vae.distributions import draws_with_log_prob

# Decoder outputs held at a time, in numbers. About what fits into a processor's cache beside the hidden layers: larger
# chunks are slower as well as bigger.
_CHUNK_ELEMENTS = 1_000_000

# Draws of each example in a chunk.
_DRAWS = 50


class Estimate(NamedTuple):
    """An importance-sampled estimate for each of B examples."""

    log_prob: Any
    """log 1/K sum_k w_k in nats, with w_k = p(x|z_k) p(z_k) / q(z_k|x): `(B,)`."""
    standard_error: Any
    """Monte Carlo standard error of `log_prob` in nats (delta method): `(B,)`."""
    effective_samples: Any
    """(sum w)^2 / sum w^2, from 1 to K: `(B,)`."""


def estimate(model: Any, x: Any, condition: Any, num_samples: int, seed: Any, from_prior: bool = False) -> Estimate:
    """Estimate log p(x|c) of each example; see `LatentVariableModel.log_prob`.

    `from_prior` puts the prior in the place of q(z|x): then w_k = p(x|z_k).
    """
    if x.shape[0] == 0:
        return _estimate(tf.zeros((2, 0)), num_samples)
    rows = max(1, _CHUNK_ELEMENTS // math.prod(model.likelihood.params_shape))
    draws = min(num_samples, _DRAWS, rows)
    run = _compiled(model, draws, rows // draws, from_prior)
    sums = run(tf.convert_to_tensor(x), condition, tf.constant(num_samples, tf.int64), seed)
    return _estimate(sums, num_samples)


def _estimate(sums: Any, num_samples: int) -> Estimate:
    log_sum, log_sum_of_squares = tf.unstack(sums)
    effective = tf.exp(2.0 * log_sum - log_sum_of_squares)
    # Var[w] / (K E[w]^2) = 1 / effective - 1 / K, and d log m = dm / m.
    error = tf.sqrt(tf.maximum(1.0 / effective - 1.0 / num_samples, 0.0))
    return Estimate(log_sum - tf.math.log(float(num_samples)), error, effective)


def _compiled(model: Any, draws: int, piece: int, from_prior: bool) -> Any:
    """The traced streaming loop of `model`, kept with it: tracing costs more than a small call."""
    cache = model.__dict__.setdefault("_importance_loops", {})
    settings = (draws, piece, from_prior)
    if settings not in cache:
        cache[settings] = tf.function(
            lambda x, condition, count, seed: _in_pieces(model, x, condition, count, seed, *settings),
            autograph=False,
            reduce_retracing=True,
        )
    return cache[settings]


def _in_pieces(
    model: Any, x: Any, condition: Any, count: Any, seed: Any, draws: int, piece: int, from_prior: bool
) -> Any:
    """The sums of `_stream`, `(2, B)`, of `piece` examples at a time; the last example fills up what the last piece lacks."""
    size = tf.shape(x)[0]
    piece = tf.minimum(piece, size)
    indices = tf.reshape(tf.range(-(-size // piece) * piece), (-1, piece))

    def sums(index: Any) -> Any:
        rows = tf.minimum(index, size - 1)
        c = None if condition is None else tf.gather(condition, rows)
        return _stream(model, tf.gather(x, rows), c, count, _random.fold_in(seed, index[0]), draws, from_prior)

    found = tf.map_fn(sums, indices, fn_output_signature=tf.TensorSpec((2, None)), parallel_iterations=1)
    return tf.reshape(tf.transpose(found, (1, 0, 2)), (2, -1))[:, :size]


def _stream(model: Any, x: Any, condition: Any, count: Any, seed: Any, draws: int, from_prior: bool) -> Any:
    condition = model.prepared(condition)
    prior = model.prior_given(condition)
    posterior = None if from_prior else model.posterior_given(x, condition)
    prior_draws = (draws,) if prior.batch_shape.rank else (draws, tf.shape(x)[0])  # a prior without c is that of all

    def log_weights(chunk: Any) -> Any:  # (draws, B)
        key = _random.fold_in(seed, chunk)
        if from_prior:
            log_w = model.likelihood_given(prior.sample(prior_draws, seed=key), condition).log_prob(x)
        else:
            z, log_q = draws_with_log_prob(posterior, draws, key)
            log_w = model.likelihood_given(z, condition).log_prob(x) + prior.log_prob(z) - log_q
        # The last chunk may be longer than what is left: its surplus draws weigh nothing.
        index = chunk * draws + tf.range(draws, dtype=tf.int64)
        return tf.where(index[:, None] < count, log_w, -float("inf"))

    def add(chunk: Any, sums: Any) -> Any:
        log_w = log_weights(chunk)
        both = tf.stack([log_w, 2.0 * log_w], axis=1)  # (draws, 2, B)
        return chunk + 1, tf.reduce_logsumexp(tf.concat([sums[None], both], axis=0), axis=0)

    # Log of the sum of the weights and of their squares, (2, B): all that is kept from chunk to chunk.
    sums = tf.fill((2, tf.shape(x)[0]), -float("inf"))
    start = (tf.constant(0, tf.int64), sums)
    return tf.while_loop(lambda chunk, _: chunk * draws < count, add, start, parallel_iterations=1)[1]
