"""What every model of an encoder and a decoder has in common: the networks, the training step, `fit`, saving."""

import abc
import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_vae import _checks, _named, _random, distributions
from keras_vae._backend import keras, tf
from keras_vae.distributions import Likelihood
from keras_vae.models import validation
from keras_vae.models.logs import TermSums, logs


class EncoderDecoder(keras.Model, abc.ABC):
    """An encoder, a decoder whose output is the parameters of a likelihood, and an objective that trains them.

    A subclass says what the objective's terms are, builds the networks, and says how labels become a condition. The model is built
    when it is constructed: there is no state in which saving it would lose weights.

    Args:
        architecture: makes the networks: an `Architecture`, or what a subclass knows how to ask.
        data_shape: shape of one example.
        latent_size: number of latents Z.
        condition_size: length of the condition vectors, 0 for a model without.
        likelihood: a name, a dict of a name and arguments, or a layer.
        **kwargs: `name` and the like, as in every Keras model.
    """

    terms_type: Any
    """The named tuple of terms that this model's objectives give."""

    max_latents = _checks.MAX_SIZE
    """The largest `latent_size`."""

    encoder: keras.Model
    decoder: keras.Model

    def __init__(
        self,
        *,
        architecture: Any,
        data_shape: Any,
        latent_size: int,
        condition_size: int = 0,
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        _checks.keras_arguments(type(self), kwargs)
        super().__init__(**kwargs)
        self.data_shape = _checks.data_shape("data_shape", data_shape)
        self.latent_size = _checks.positive_int("latent_size", latent_size, maximum=self.max_latents)
        self.architecture = architecture
        self.condition_size = condition_size
        data = {"event_shape": self.data_shape}
        self.likelihood = _named.build("likelihood", distributions, Likelihood, likelihood, data)
        self._check_event_shape("likelihood", self.data_shape)
        self._terms = TermSums(self.terms_type)
        self._logs = logs(self._terms)

    def _build_networks(self, encoder_outputs: int) -> None:
        """Make the encoder, of so many outputs, and the decoder. The last step of a constructor."""
        with policy(self.dtype_policy):
            self.encoder, self.decoder = self.architecture.pair(
                self.data_shape, encoder_outputs, self.latent_size, self.likelihood.params_shape, self.condition_size
            )
        self.built = True

    # -- what a subclass says ------------------------------------------------------------------------------------------

    @property
    @abc.abstractmethod
    def parts(self) -> dict[str, Any]:
        """The parts by name; their variables are all that the model has."""

    @abc.abstractmethod
    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """Turn labels into conditions `(B, condition_size)`, or into None for a model without a condition."""

    def training_condition_of(self, labels: Any, batch_size: Any) -> Any:
        """The same for the labels of `fit` and `evaluate`, where a model may take some that its methods do not."""
        return self.condition_of(labels, batch_size)

    @abc.abstractmethod
    def encoder_outputs(self, x: Any, condition: Any, training: bool = False) -> Any:
        """What the encoder puts out for data that need no check, `(B, ...)`."""

    @abc.abstractmethod
    def default_objective(self) -> Any:
        """What `compile` takes where it is given no objective."""

    @abc.abstractmethod
    def reconstruct(self, x: Any, labels: Any = None) -> Any:
        """Return the decoder's mean at the code of x: `(B,) + data_shape`."""

    # -- the likelihood, given a condition vector (what objectives use) -----------------------------------------------

    def likelihood_given(self, z: Any, condition: Any, training: bool = False) -> Any:
        """p(x|z, c): batch shape `(B,)` for latents `(B, Z)`, `(S, B)` for latents `(S, B, Z)`."""
        if len(z.shape) == 2:
            return self.likelihood(self.decoder(z if condition is None else [z, condition], training=training))
        lead = tf.shape(z)[:-1]
        flat = tf.reshape(z, (-1, self.latent_size))
        if condition is not None:
            condition = tf.broadcast_to(condition, tf.concat([lead, [self.condition_size]], 0))
            flat = [flat, tf.reshape(condition, (-1, self.condition_size))]
        params = self.decoder(flat, training=training)
        shape = tf.concat([lead, self.likelihood.params_shape], 0)
        params = tf.ensure_shape(tf.reshape(params, shape), (*z.shape[:-1], *self.likelihood.params_shape))
        return self.likelihood(params)

    def features(self, condition: Any, training: bool = False) -> Any:
        """What the networks see of conditions, `(B, condition_size)`: here the conditions themselves."""
        return condition

    def likelihood_of(self, params: Any, condition: Any) -> Any:
        """p(x|z, c) of what a decoder put out, batch shape `(B,)`."""
        return self.likelihood(params)

    # -- methods -------------------------------------------------------------------------------------------------------

    @property
    def conditional(self) -> bool:
        """Whether the methods need labels."""
        return self.condition_size > 0

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Reconstruct `x`, or `(x, labels)` for a conditional model: `(B,) + data_shape`. What `predict` returns."""
        x, labels = inputs if isinstance(inputs, tuple | list) else (inputs, None)
        return self.reconstruct(x, labels if self.conditional else None)

    def adapt_output_bias(self, mean: Any) -> None:
        """Set the decoder's last bias so that the untrained model already predicts about this mean.

        Args:
            mean: mean of the training data, `data_shape`.
        """
        mean = np.asarray(mean, dtype="float64")
        if mean.shape != self.data_shape:
            raise ValueError(f"mean has shape {mean.shape}: must have the shape of one example, {self.data_shape}.")
        self.decoder.get_layer("output").bias.assign(self.likelihood.initial_params(mean).astype("float32"))

    # -- Keras ---------------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "adam",
        objective: Any = None,
        *,
        seed: int | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool = False,
        **others: Any,
    ) -> None:
        """Configure training.

        Args:
            optimizer: a Keras optimizer or its name.
            objective: what to maximise; by default `default_objective()`.
            seed: of the noise in training and evaluation; by default from Keras's global seed.
            run_eagerly, steps_per_execution, jit_compile: as in Keras. XLA is off by default: on CPUs it speeds dense networks
                up and slows convolutions down, and code compiled by it cannot check the values of a pipeline.

        Raises:
            ValueError: if the objective is not one for this class of models.
            TypeError: if there is another argument, such as Keras's `loss` or `metrics`.
        """
        if others:
            raise TypeError(
                f"compile takes no {', '.join(others)}: what is maximised, and what is logged, is the objective, such as "
                f"objective={self.default_objective()!r}."
            )
        objective = self.default_objective() if objective is None else objective
        if getattr(objective, "terms_type", None) is not self.terms_type:
            raise ValueError(
                f"objective={objective!r}: {type(self).__name__} takes an objective such as {self.default_objective()!r}. "
                "Its loss is no function of y_true and y_pred, so there is no loss= argument."
            )
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )
        objective.prepare(self)
        self.objective = objective
        # Python's generator is one of those that keras.utils.set_random_seed sets.
        self.noise_seed = random.randrange(2**31) if seed is None else seed
        self.optimizer.build(self.trainable_variables)

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `save` keeps of `compile`; None for a model that is not compiled."""
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "seed": self.noise_seed,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self.jit_compile,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` says."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def save_own_variables(self, store: Any) -> None:
        """Add to a file what the objective trains beside the model."""
        super().save_own_variables(store)
        for number, variable in enumerate(self.objective.variables if self.compiled else []):
            store[f"{_OBJECTIVE}{number}"] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take that back from it; a model that is not compiled has no use for it."""
        own = {name: store[name] for name in store.keys() if not name.startswith(_OBJECTIVE)}  # noqa: SIM118
        super().load_own_variables(own)
        for number, variable in enumerate(self.objective.variables if self.compiled else []):
            if f"{_OBJECTIVE}{number}" in store.keys():  # noqa: SIM118
                variable.assign(store[f"{_OBJECTIVE}{number}"])

    @property
    def metrics(self) -> list[Any]:
        """The logs of a step: what the terms of the objective give."""
        return self._logs

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train as every Keras model does; `x` may be `tf.data` of `(image, label)` pairs or NumPy arrays.

        A model without a condition ignores labels. NumPy input is checked before the first step.
        """
        self._check_arrays(x, y)
        if isinstance(x, tf.data.Dataset):
            kwargs.setdefault("shuffle", False)  # Keras cannot shuffle a data set, and warns of the default
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the logs of a data set. The same noise each time, so two calls agree."""
        self._check_arrays(x, y)
        return super().evaluate(x, y, *args, **kwargs)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient ascent on the objective; returns the logs."""
        x, condition, weight = self._unpack(data)
        step = self.optimizer.iterations
        seed = _random.fold_in(_random.fold_in(_random.as_seed(self.noise_seed), step), _random.replica_id())
        with tf.GradientTape() as tape:
            terms = self.objective.terms(self, x, condition, step, seed, training=True)
            losses = terms.loss  # (B,)
            loss = tf.reduce_mean(losses if weight is None else losses * weight)
            # Penalties that layers bring themselves, such as a kernel_regularizer; they are no part of the logged loss.
            loss += sum(self.losses)
            # The optimizer adds up the gradients of all replicas.
            scaled = self.optimizer.scale_loss(loss / tf.distribute.get_strategy().num_replicas_in_sync)
        variables = self.objective.trains(self)
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        self.objective.learn(self, x, condition, step, _random.fold_in(seed, -1))
        self._terms.update_state(terms, weight)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """The logs of a batch, without learning from it."""
        x, condition, weight = self._unpack(data)
        # Noise of its own for each batch, and the same in each evaluation: the count starts anew with the metrics.
        seed = _random.fold_in(_random.as_seed(self.noise_seed + 1), self._terms.batches)
        seed = _random.fold_in(seed, _random.replica_id())
        terms = self.objective.terms(self, x, condition, self.optimizer.iterations, seed)
        self._terms.update_state(terms, weight)
        return self.get_metrics_result()

    def predict_step(self, data: Any) -> Any:
        """Reconstruct a batch; of `(image, label)` pairs a conditional model takes the label as its condition."""
        x, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self((x, labels) if self.conditional and labels is not None else x)

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _unpack(self, data: Any) -> tuple[Any, Any, Any]:
        x, labels, weight = keras.utils.unpack_x_y_sample_weight(data)
        if isinstance(x, tuple | list):
            x, labels = x
        x = validation.data(x, self.data_shape, self.likelihood.support)
        condition = self.training_condition_of(labels if self.conditional else None, tf.shape(x)[0])
        return x, condition, None if weight is None else tf.cast(weight, tf.float32)

    def _inputs(self, x: Any, labels: Any) -> tuple[Any, Any]:
        x = validation.data(x, self.data_shape, self.likelihood.support)
        return x, self._condition(labels, tf.shape(x)[0])

    def _how_many(self, n: int | None, labels: Any) -> tuple[Any, Any]:
        """How many images `sample(n, labels)` is to draw, and their condition."""
        if self.conditional:
            if labels is None or n is not None:
                raise ValueError(
                    f"sample(n={n!r}, labels={labels!r}): {type(self).__name__} is conditional. Pass one label an image, "
                    "for example sample(labels=[3, 1, 4])."
                )
            labels = labels if tf.is_tensor(labels) else np.asarray(labels)
            n = tf.shape(labels)[0] if len(labels.shape) else 1
        else:
            if labels is not None:
                raise ValueError(f"{type(self).__name__} has no condition: call sample(n) without labels.")
            n = 1 if n is None else _checks.positive_int("n", n, maximum=10**6)
        return n, self._condition(labels, n)

    def _condition(self, labels: Any, batch_size: Any) -> Any:
        if not self.conditional and labels is not None:
            raise ValueError(f"{type(self).__name__} has no condition: call it without labels.")
        return self.condition_of(labels, batch_size)

    def _check_arrays(self, x: Any, y: Any) -> None:
        if isinstance(x, tuple | list) and self.conditional and len(x) == 2:
            x, y = x
        if isinstance(x, np.ndarray):
            validation.data(x, self.data_shape, self.likelihood.support, convert=False)
            if self.conditional:
                self.training_condition_of(y, len(x))

    def _check_event_shape(self, part: str, shape: tuple[int, ...]) -> None:
        found = getattr(self, part).event_shape
        if found != shape:
            raise ValueError(f"The {part} is over events of shape {found}: this model needs {shape}.")

    def _common_config(self) -> dict[str, Any]:
        """The constructor arguments that all models share, as plain data where the parts are the library's own."""
        parts = {
            name: _named.described(part, *FROM_MODEL)
            for name, part in self.parts.items()
            if hasattr(part, "settings")  # the networks are described by the architecture
        }
        frozen = [name for name, part in self.parts.items() if not part.trainable]
        return {
            "name": self.name,
            "data_shape": list(self.data_shape),
            "latent_size": self.latent_size,
            **parts,
            **({"frozen": frozen} if frozen else {}),
            **({"dtype": self.dtype_policy.name} if self.dtype_policy.name != "float32" else {}),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "EncoderDecoder":
        """Make the model that `get_config` described, with fresh weights."""
        config = {key: _from_saved(value, custom_objects) for key, value in config.items()}
        frozen = config.pop("frozen", [])
        model = cls(**config)
        for name in frozen:
            model.parts[name].trainable = False
        return model


_OBJECTIVE = "objective_"

FROM_MODEL = ("condition_size", "data_shape", "support")
"""Settings of a distribution that the model supplies, so that its plain-data form need not say them."""


@contextlib.contextmanager
def policy(policy: Any) -> Iterator[None]:
    """Build layers under the precision policy of the model that they are for."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _from_saved(value: Any, custom_objects: Any) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
    return value
