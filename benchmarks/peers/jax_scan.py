"""JAX: a whole epoch in one `lax.scan`."""

import jax
import jax.numpy as jnp
import optax
from worker import BATCH, SIZE, images, serve

x = jnp.asarray(images((784,)))
optimizer = optax.adam(1e-3)


def init(key):
    shapes = {"a": (784, 500), "b": (500, 40), "c": (20, 500), "d": (500, 784)}
    keys = jax.random.split(key, len(shapes))
    weights = zip(shapes.items(), keys, strict=True)
    return {name: (jax.random.normal(k, shape) / shape[0] ** 0.5, jnp.zeros(shape[1])) for (name, shape), k in weights}


def loss(params, batch, key):
    def layer(name, h):
        return h @ params[name][0] + params[name][1]

    mean, log_scale = jnp.split(layer("b", jax.nn.relu(layer("a", batch))), 2, axis=1)
    z = mean + jnp.exp(log_scale) * jax.random.normal(key, mean.shape)
    logits = layer("d", jax.nn.relu(layer("c", z)))
    kl = 0.5 * (mean**2 + jnp.exp(2 * log_scale) - 1 - 2 * log_scale).sum(1)
    return (optax.sigmoid_binary_cross_entropy(logits, batch).sum(1) + kl).mean()


@jax.jit
def run(params, state, key):
    order, noise = jax.random.split(key)
    index = jax.random.permutation(order, SIZE).reshape(-1, BATCH)

    def step(carry, item):
        params, state = carry
        value, gradient = jax.value_and_grad(loss)(params, x[item[0]], item[1])
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(params, updates), state), value

    return jax.lax.scan(step, (params, state), (index, jax.random.split(noise, SIZE // BATCH)))


params = init(jax.random.PRNGKey(0))
state, count = optimizer.init(params), 0


def epoch():
    global params, state, count
    count += 1
    (params, state), values = run(params, state, jax.random.PRNGKey(count))
    values.block_until_ready()


serve(epoch)
