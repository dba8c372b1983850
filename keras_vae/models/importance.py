"""Importance-sampled log p(x), streamed."""

import math
from typing import Any

from keras_vae import _random
from keras_vae._backend import tf

# Decoder outputs held at a time, in numbers. About what fits into a processor's cache beside the hidden layers: larger
# chunks are slower as well as bigger.
_CHUNK_ELEMENTS = 1_000_000


def log_marginal(model: Any, x: Any, condition: Any, num_samples: int, seed: Any) -> Any:
    """log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) of each example in nats, `(B,)`; see `LatentVariableModel.log_prob`."""
    rows = max(1, _CHUNK_ELEMENTS // math.prod(model.likelihood.params_shape))
    draws = min(num_samples, 50, rows)
    batch = max(1, rows // draws)
    run = _compiled(model, draws)
    count = tf.constant(num_samples, tf.int64)
    parts = []
    for i in range(0, len(x), batch):
        c = None if condition is None else condition[i : i + batch]
        parts.append(run(x[i : i + batch], c, count, _random.fold_in(seed, i)))
    return tf.concat(parts, axis=0) if parts else tf.zeros((0,))


def _compiled(model: Any, draws: int) -> Any:
    """The traced streaming loop of `model`, kept with it: tracing costs more than a small call."""
    cache = model.__dict__.setdefault("_importance_loops", {})
    if draws not in cache:
        cache[draws] = tf.function(
            lambda x, condition, count, seed: _stream(model, x, condition, count, seed, draws),
            autograph=False,
            reduce_retracing=True,
        )
    return cache[draws]


def _stream(model: Any, x: Any, condition: Any, count: Any, seed: Any, draws: int) -> Any:
    posterior = model.posterior_given(x, condition)
    prior = model.prior_given(condition)

    def log_weights(chunk: Any) -> Any:  # (draws, B)
        z = posterior.sample(draws, seed=_random.fold_in(seed, chunk))
        log_joint = model.likelihood_given(z, condition).log_prob(x) + prior.log_prob(z)
        # The last chunk may be longer than what is left: its surplus draws weigh nothing.
        index = chunk * draws + tf.range(draws, dtype=tf.int64)
        return tf.where(index[:, None] < count, log_joint - posterior.log_prob(z), -float("inf"))

    def add(chunk: Any, total: Any) -> Any:
        both = tf.concat([total[None], log_weights(chunk)], axis=0)
        return chunk + 1, tf.reduce_logsumexp(both, axis=0)

    total = tf.fill(tf.shape(x)[:1], -float("inf"))
    total = tf.while_loop(lambda chunk, _: chunk * draws < count, add, (tf.constant(0, tf.int64), total), parallel_iterations=1)[1]
    return total - tf.math.log(tf.cast(count, tf.float32))
