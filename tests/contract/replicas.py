"""Trains each model class under strategies of one and of two replicas and in one process; prints the largest differences as JSON.

A process of its own, since TensorFlow takes the number of devices once. Nine examples in batches of four: the last batch leaves the
second replica without one.
"""

import json

import numpy as np

from keras_vae._backend import keras, tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

from keras_vae.models import DEC, LatentVariableModel, MultiDomainAutoencoder
from keras_vae.objectives import Reconstruction, UnitGaussianCode
from tests.contract.cases import AUTOENCODERS, CASES, QUANTIZED, conditions, one_of_each_class

# Of these the default objective has a quantity of the batch, which each replica takes of its own share.
OF_EXAMPLES = {DEC: Reconstruction, MultiDomainAutoencoder: UnitGaussianCode}
COUNT = 9


def quiet(model):
    """Make posteriors so narrow that their noise, which differs between replicas, shows no more."""
    for name in ("encoder", "posterior"):
        for layer in getattr(model, name, model.encoder)._flatten_layers():
            outputs = layer.kernel.shape[-1] if isinstance(layer, keras.layers.Dense) else 0
            if layer.name in ("output", "posterior_output") and outputs == 2 * model.latent_size:
                layer.kernel.assign(
                    tf.concat([layer.kernel[:, : outputs // 2], 0.0 * layer.kernel[:, outputs // 2 :]], 1)
                )
                layer.bias.assign(tf.concat([layer.bias[: outputs // 2], tf.fill(outputs // 2, -20.0)], 0))


def run(build, strategy, weights=None):
    with strategy.scope():
        model = build()
        if weights is None:
            if isinstance(model, LatentVariableModel):
                quiet(model)
        else:
            model.set_weights(weights)
        start = model.get_weights()
        model.compile(keras.optimizers.SGD(1e-3), OF_EXAMPLES.get(type(model), lambda: None)(), seed=1)
    rng = np.random.default_rng(0)
    x = (rng.uniform(size=(COUNT, *model.data_shape)) < 0.4).astype("float32")
    y = conditions(model, rng.integers(0, 2, COUNT)) if model.conditional else None
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    logs = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    found = model.predict(x if y is None else (x, y), batch_size=4, verbose=0)
    return start, [w.astype("float64") for w in [*model.get_weights(), found]], [*history["loss"], logs["loss"]]


def main():
    found = {}
    # One for all models: a second strategy over the same devices would mix its collectives up with those of the first.
    strategies = {count: tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)]) for count in (1, 2)}
    for name, build in one_of_each_class(CASES | AUTOENCODERS | QUANTIZED).items():
        keras.utils.set_random_seed(0)
        start, alone, losses = run(build, tf.distribute.get_strategy())
        found[name] = {"moved": max(np.abs(a - b).max() for a, b in zip(alone[:-1], start, strict=True)).item()}
        for replicas, strategy in strategies.items():
            _, weights, others = run(build, strategy, start)
            found[name][str(replicas)] = {
                "weights": max(np.abs(a - b).max() for a, b in zip(alone, weights, strict=True)).item(),
                "losses": np.abs(np.subtract(losses, others) / losses).max().item(),
            }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
