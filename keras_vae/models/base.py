"""What every model of an encoder and a decoder has in common: the networks, the training step, `fit`, saving."""

import abc
import contextlib
import inspect
import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from keras_vae import _checks, _named, _random, _replicas, distributions
from keras_vae._backend import keras, tf
from keras_vae.distributions import Bernoulli, Likelihood
from keras_vae.distributions.base import DistributionLayer
from keras_vae.models import batch as batches
from keras_vae.models import frozen, symbols, validation
from keras_vae.models.batch import Batch
from keras_vae.models.capabilities import HasObjective, Reconstructs
from keras_vae.models.graph_checks import PredictsUncompiled, Rule, gathered, plain_errors
from keras_vae.models.keras_files import KerasFiles
from keras_vae.models.logs import StopAtBrokenRule, TermSums, WarnOfNonBinary, logs, non_binary, warn_of_non_binary
from keras_vae.models.symbols import Symbol
from keras_vae.objectives.base import root_of


class EncoderDecoder(HasObjective, Reconstructs, PredictsUncompiled, KerasFiles, keras.Model):
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
    """The named tuple of terms that this model's objectives give; one of them may give more: see `objectives.terms_with`."""

    states_log_prob = False
    """Whether the logs are said to be nats of log p(x), which they are not where a Bernoulli is given values between 0 and 1."""
    max_latents = _checks.MAX_SIZE
    """The largest `latent_size`."""
    condition_reaches: tuple[str, ...] = ("encoder", "decoder", "prior")
    """The parts that are given the condition; a method that uses none of them takes labels and needs none."""
    starts_from_data: Any = False
    """Whether `adapt` has something to do before training."""

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
        self._count(self.terms_type)

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

    def as_labels(self, labels: Any) -> Any:
        """Labels as arrays, of what a subclass takes beside those."""
        return labels

    def training_condition_of(self, labels: Any, batch_size: Any) -> Any:
        """The same for the labels of `fit` and `evaluate`, where a model may take some that its methods do not."""
        return self.condition_of(labels, batch_size)

    @abc.abstractmethod
    def encoder_outputs(self, x: Any, condition: Any, training: bool = False) -> Any:
        """What the encoder puts out for data that need no check, `(B, ...)`."""

    @abc.abstractmethod
    def code_of(self, outputs: Any) -> Any:
        """The code `(B, Z)` of what the encoder puts out: of a posterior its mean."""

    @property
    def cluster_weights(self) -> list[Any]:
        """The weights of clusters in the code, which an objective of the code alone leaves as they are; none by default."""
        return []

    # -- what the model card shows -------------------------------------------------------------------------------------

    @property
    def condition_symbol(self) -> Symbol | None:
        """The condition and what it is; None for a model without."""
        return Symbol("c", f"{self.condition_size} numbers", "labels") if self.conditional else None

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """The symbols between the condition and the loss; by default the distributions among the parts.

        Args:
            objective: what the model is trained with.
            condition: letter of the condition, "" for none.
        """
        parts = {name: part for name, part in self.parts.items() if isinstance(part, DistributionLayer)}
        return [Symbol(name, part.formula(), f"model.{name}") for name, part in parts.items()]

    def generative_process(self, objective: Any = None) -> list[Symbol]:
        """The symbols of the model: the condition, those from which data come, what is inferred, and the loss.

        Args:
            objective: what it was trained with; by default `default_objective()`.
        """
        objective = self.default_objective() if objective is None else objective
        given = self.condition_symbol
        letter = given.name.removeprefix("p(").removesuffix(")") if given else ""
        return [*([given] if given else []), *self.symbols(objective, letter), symbols.loss(objective, letter)]

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

    def prepared(self, condition: Any, training: bool = False) -> Any:
        """A condition with what several of the distributions need of it, computed once; here the condition itself.

        Where a step asks for more than one of the distributions it prepares the condition before. All methods that take a condition
        take a prepared one too.

        Args:
            condition: as `condition_of` gives it.
            training: reaches the layers of the networks, as in Keras.
        """
        return condition

    def likelihood_of(self, params: Any, condition: Any) -> Any:
        """p(x|z, c) of what a decoder put out, batch shape `(B,)`."""
        return self.likelihood(params)

    # -- methods -------------------------------------------------------------------------------------------------------

    @property
    def conditional(self) -> bool:
        """Whether the methods need labels."""
        return self.condition_size > 0

    def code(self, x: Any, labels: Any = None) -> Any:
        """Return the code of x as a tensor `(B, Z)`: the mean of the posterior, a vector, or whole numbers.

        Args and errors as in `encode`.
        """
        x, condition = self._encoder_inputs(x, labels)
        return self.code_of(self.encoder_outputs(x, condition))

    def example_labels(self, count: int, seed: int = 0) -> Any:
        """Labels to try a model with, one for each of `count` examples: every class in turn; None for a model without a condition.

        Raises:
            ValueError: if the conditions cannot be made up.
        """
        return np.arange(count) % self.condition_size if self.conditional else None

    def adapt(self, x: Any) -> None:
        """Start from training data `(N,) + data_shape` what does: see `starts_from_data`."""

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Reconstruct: see `call`. Keras's own errors of what is no tensor do not say what would be right."""
        return super().__call__(batches.as_given(inputs)[0], *args, **kwargs)

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
                up and slows convolutions down, and a bad value in a pipeline is told only after the step that met it.

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
        if root_of(getattr(objective, "terms_type", None)) is not root_of(self.terms_type):
            raise ValueError(
                f"objective={objective!r}: {type(self).__name__} takes an objective such as {self.default_objective()!r}. "
                "Its loss is no function of y_true and y_pred, so there is no loss= argument."
            )
        if isinstance(optimizer, str):
            try:
                optimizer = keras.optimizers.get(optimizer)
            except ValueError as error:
                raise ValueError(
                    f"optimizer={_checks.shown(optimizer)}: must be a keras.optimizers.Optimizer or the name of one, such as "
                    "'adam'."
                ) from error
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )
        objective.build(self)
        self._objective = objective
        if objective.terms_type is not self._terms.terms_type:
            with self.distribute_strategy.scope():
                self._count(objective.terms_type)
        # Python's generator is one of those that keras.utils.set_random_seed sets.
        self.noise_seed = random.randrange(2**31) if seed is None else seed
        self.optimizer.build(self.trainable_variables)

    @property
    def objective(self) -> Any:
        """What is maximised, as `compile` was told; None before."""
        return getattr(self, "_objective", None)

    @objective.setter
    def objective(self, value: Any) -> None:
        raise AttributeError(
            f"{type(self).__name__}.objective cannot be set: the training step is compiled with the objective, so a change would "
            "have no effect. Call compile(optimizer, objective) with the new one."
        )

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

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *args: Any,
        validation_data: Any = None,
        class_weight: Any = None,
        sample_weight: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Train as every Keras model does. NumPy input is checked before the first step, a pipeline in each step.

        Args:
            x: data `(N,) + data_shape` as an array, a SciPy sparse matrix or a tensor; or a `tf.data.Dataset` or a
                `keras.utils.PyDataset` of batches `x`, `(x, y)` or `(x, y, sample_weight)`. A pair `(x, labels)` may stand for x.
            y: labels of a conditional model. For another model, labels change nothing, and a y of the shape of x is a target:
                the model is given x and learns to give back y, as in `fit(noisy, clean)`. A conditional model takes a target
                as `fit((x, labels), target)`.
            *args: Keras's `batch_size`, `epochs`, `verbose` and so on, in its order.
            validation_data: `(x, y)` or `(x, y, sample_weight)`, where y may be None, or a data set.
            class_weight: a dict from label to weight; needs labels as y.
            sample_weight: a weight for each example, `(N,)` or `(N, 1)`. As in Keras, the loss is the sum of the weighted losses
                over the number of examples. A quantity of the batch as a whole that an objective penalises (free bits, a
                capacity, the total correlation, an activation rate) and the moving averages of a codebook are of all its
                examples, whatever their weights.
            **kwargs: Keras's other arguments.

        Raises:
            ValueError: if the data have a wrong shape, dtype or range, or a value that is not finite, or if arguments exclude
                each other.
        """
        given = inspect.signature(super().fit).bind(x, y, *args, **kwargs).arguments
        given.update(given.pop("kwargs", {}))
        batch, (given["x"], given["y"], sample_weight) = self._taken(x, y, sample_weight)
        self._before_training(batch)
        self._check_class_weight(x, y, class_weight)
        if isinstance(validation_data, tuple | list):
            validation_data = self._taken(*keras.utils.unpack_x_y_sample_weight(tuple(validation_data)))[1]
        if isinstance(x, tf.data.Dataset):
            given.setdefault("shuffle", False)  # Keras cannot shuffle a data set, and warns of the default
        self._watch_batches(given)
        with plain_errors():
            history = super().fit(
                **given, validation_data=validation_data, class_weight=class_weight, sample_weight=sample_weight
            )
        if history.epoch and not history.history:
            raise ValueError("The data set holds no batch: give at least one.")
        return history

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Return the logs of a data set. The same noise each time, so two calls agree.

        Args and errors as in `fit`.
        """
        if kwargs.get("_use_cached_eval_dataset"):  # data that `fit` has checked already
            return super().evaluate(x, y, *args, sample_weight=sample_weight, **kwargs)
        given = inspect.signature(super().evaluate).bind(x, y, *args, **kwargs).arguments
        given.update(given.pop("kwargs", {}))
        given["x"], given["y"], sample_weight = self._taken(x, y, sample_weight)[1]
        self._watch_batches(given)
        with plain_errors():
            return super().evaluate(**given, sample_weight=sample_weight)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Reconstruct data of any length, as `call` does: a NumPy array `(N,) + data_shape`. Args and errors as in `fit`."""
        x = batches.as_given(x)[0]
        batches.check(batches.unpack((x,), self), self, training=False)
        with plain_errors():
            return super().predict(x, *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        """One step on one batch, as in Keras. Args and errors as in `fit`."""
        with plain_errors():
            return super().train_on_batch(*self._taken(x, y, sample_weight)[1], **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        """The logs of one batch, as in Keras. Args and errors as in `fit`."""
        with plain_errors():
            return super().test_on_batch(*self._taken(x, y, sample_weight)[1], **kwargs)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient ascent on the objective; returns the logs."""
        given, rules = self._unpack(data)
        step = self.optimizer.iterations
        seed = _random.fold_in(_random.fold_in(_random.as_seed(self.noise_seed), step), _replicas.replica_id())
        with _replicas.standing_in(given.empty):
            with tf.GradientTape() as tape:
                condition = self.prepared(given.condition, training=True)
                terms = self.objective.terms(self, given.x, condition, step, seed, training=True, **given.target)
                losses = terms.loss  # (B,)
                # The mean over the examples of all replicas, whose gradients the optimizer adds up.
                loss = tf.reduce_sum(losses if given.weight is None else losses * given.weight) / _replicas.count(
                    losses
                )
                # Penalties that layers bring themselves, such as a kernel_regularizer; they are no part of the logged loss.
                loss += sum(self.losses) / tf.distribute.get_strategy().num_replicas_in_sync
                scaled = self.optimizer.scale_loss(loss)
            variables = self.objective.trainable_variables(self)
            self.optimizer.apply(tape.gradient(scaled, variables), variables)
            self.objective.auxiliary_step(self, given.x, given.condition, step, _random.fold_in(seed, -1))
        self._terms.update_state(terms, given.weight, self._non_binary(given), rules)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """The logs of a batch, without learning from it."""
        given, rules = self._unpack(data)
        # Noise of its own for each batch, and the same in each evaluation: the count starts anew with the metrics.
        seed = _random.fold_in(_random.as_seed(self.noise_seed + 1), self._terms.batches)
        seed = _random.fold_in(seed, _replicas.replica_id())
        with _replicas.standing_in(given.empty):
            condition = self.prepared(given.condition)
            terms = self.objective.terms(self, given.x, condition, self.optimizer.iterations, seed, **given.target)
        self._terms.update_state(terms, given.weight, self._non_binary(given), rules)
        return self.get_metrics_result()

    def predict_step(self, data: Any) -> Any:
        """Reconstruct a batch; of `(image, label)` pairs a conditional model takes the label as its condition."""
        x, labels, _, _ = batches.unpack(data, self)
        labels = labels if self.conditional else None
        if not _replicas.several():
            return self(x if labels is None else (x, labels))
        x = validation.data(x, self.data_shape, self.likelihood.support)
        empty = tf.shape(x)[0] == 0
        x = _replicas.filled(x, empty, self._stand_in)
        with _replicas.standing_in(empty):
            return _replicas.real(self(x if labels is None else (x, _replicas.filled(labels, empty))))

    @property
    def input_signature(self) -> Any:
        """What `call` takes: data, or data and labels."""
        data = keras.InputSpec(shape=(None, *self.data_shape), dtype="float32")
        return [data, self.condition_spec] if self.conditional else data

    @property
    def condition_spec(self) -> Any:
        """The shape and the dtype of what stands where labels stand, for a conditional model."""
        return keras.InputSpec(shape=(None,), dtype="int64")

    @property
    def condition_fields(self) -> dict[str, Any] | None:
        """What a build's `lite.Manifest` says of the condition, by its arguments; None where `lite` cannot make it of labels."""
        if not self.conditional:
            return {}
        return {"num_classes": self.condition_size} if self.num_labels == self.condition_size else None

    def quantize(self, mode: Any = None, config: Any = None, filters: Any = None, **kwargs: Any) -> None:
        """Quantise the layers of the networks that Keras can. Those inside distributions stay as they are: densities need float32.

        Args:
            mode, config, **kwargs: as in Keras.
            filters: regular expressions of names, or a function of a layer, as in Keras: what to quantise.
        """
        kept = {
            id(layer)
            for part in self.parts.values()
            if isinstance(part, DistributionLayer)
            for layer in part._flatten_layers()
        }
        names = [filters] if isinstance(filters, str) else filters

        def wanted(layer: Any) -> bool:
            if id(layer) in kept:
                return False
            if names is None or callable(names):
                return names is None or bool(names(layer))
            return any(re.search(name, layer.name) for name in names)

        super().quantize(mode, config=config, filters=wanted, **kwargs)

    def summary(self, *args: Any, **kwargs: Any) -> Any:
        """Print the parts with the shapes that they put out, and their weights, as in Keras."""
        for part in self.parts.values():
            if isinstance(part, DistributionLayer):
                part.build(None)  # Keras shows the shapes of layers that were built
        return super().summary(*args, **kwargs)

    def _count(self, terms_type: Any) -> None:
        """Make the sums of such terms and the logs that follow from them."""
        self._terms = TermSums(terms_type)
        self._logs = logs(self._terms)

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _unpack(self, data: Any) -> "tuple[_Step, list[Rule]]":
        """The data of a step, checked, and the rules that code compiled by XLA cannot stop at."""
        if not self.jit_compile:
            return self._checked_step(data), []
        with gathered() as rules:
            return self._checked_step(data), rules

    def _checked_step(self, data: Any) -> "_Step":
        """The data of a step, with an example that stands in for those of an empty share of a batch."""
        x, labels, target, weight = batches.unpack(data, self)
        x = validation.data(x, self.data_shape, self.likelihood.support)
        count = tf.shape(x)[0]
        condition = self.training_condition_of(labels if self.conditional else None, count)
        weight = None if weight is None else validation.weights(weight, count)
        if target is not None:
            self._check_takes_target()
            target = validation.data(target, self.data_shape, self.likelihood.support, what="targets y")
        empty = None
        if _replicas.several():
            empty = count == 0
            x = _replicas.filled(x, empty, self._stand_in)
            condition = None if condition is None else _replicas.filled(condition, empty)
            target = None if target is None else _replicas.filled(target, empty, self._stand_in)
            weight = _replicas.filled(tf.ones((count,)) if weight is None else weight, empty)  # 0
        return _Step(x, condition, {} if target is None else {"target": target}, weight, empty)

    @property
    def _stand_in(self) -> float:
        """A value that the likelihood gives a density."""
        low, high = self.likelihood.support or (-np.inf, np.inf)
        if np.isfinite(low) and np.isfinite(high):
            return (low + high) / 2.0
        return low + 1.0 if np.isfinite(low) else high - 1.0 if np.isfinite(high) else 0.0

    def _check_takes_target(self) -> None:
        if "target" not in inspect.signature(self.objective.terms).parameters:
            raise ValueError(
                f"There is a target y beside x, and {self.objective!r} has no use for one: it is of x itself. Call fit(x) or "
                f"fit(x, labels), or compile with an objective that takes a target, such as {self.default_objective()!r}."
            )

    def _non_binary(self, given: "_Step") -> Any:
        """Whether a batch holds values that its Bernoulli gives no probability; None where that is no fault."""
        if not self._wants_binary:
            return None
        with _replicas.standing_in(given.empty):
            return non_binary(_replicas.real(given.target.get("target", given.x)))

    @property
    def _wants_binary(self) -> bool:
        return self.states_log_prob and isinstance(self.likelihood, Bernoulli)

    def _watch_batches(self, given: dict[str, Any]) -> None:
        """Add callbacks to Keras's arguments that look at each batch where the data could not be looked at before."""
        callbacks = given.get("callbacks")
        if isinstance(callbacks, keras.callbacks.CallbackList):  # of `fit`, which has them
            return
        watching = (
            [WarnOfNonBinary(self._terms)] if self._wants_binary and not isinstance(given["x"], np.ndarray) else []
        )
        watching += [StopAtBrokenRule(self._terms)] if self.jit_compile else []
        if watching:
            callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
            given["callbacks"] = [*callbacks, *watching]

    def _inputs(self, x: Any, labels: Any) -> tuple[Any, Any]:
        x = validation.data(x, self.data_shape, self.likelihood.support)
        return x, self._condition(labels, tf.shape(x)[0])

    def _encoder_inputs(self, x: Any, labels: Any) -> tuple[Any, Any]:
        """Data and condition for the encoder; labels are checked where there are any."""
        x = validation.data(x, self.data_shape, self.likelihood.support)
        return x, self._condition_for("encoder", labels, tf.shape(x)[0])

    def _condition_for(self, part: str, labels: Any, batch_size: Any) -> Any:
        """The condition of a part; a part that is given none needs no labels, and those that are there are checked."""
        reached = part in self.condition_reaches
        condition = self._condition(labels, batch_size) if reached or labels is not None else None
        return condition if reached else None

    def _how_many(self, n: int | None, labels: Any) -> tuple[Any, Any]:
        """How many images `sample(n, labels)` is to draw, and their condition."""
        if self.conditional:
            if labels is None or n is not None:
                raise ValueError(
                    f"sample(n={n!r}, labels={labels!r}): {type(self).__name__} is conditional. Pass one label an image, "
                    "for example sample(labels=[3, 1, 4])."
                )
            labels = self.as_labels(labels)
            labels = labels if tf.is_tensor(labels) else np.asarray(labels)
            if 0 in labels.shape:
                raise ValueError("labels is empty: pass one label per image, for example sample(labels=[3, 1, 4]).")
            n = 1 if not len(labels.shape) else tf.shape(labels)[0] if tf.is_tensor(labels) else len(labels)
        else:
            if labels is not None:
                raise ValueError(f"{type(self).__name__} has no condition: call sample(n) without labels.")
            n = 1 if n is None else _checks.positive_int("n", n, maximum=10**6)
        return n, self._condition(labels, n)

    def _condition(self, labels: Any, batch_size: Any) -> Any:
        if not self.conditional and labels is not None:
            raise ValueError(f"{type(self).__name__} has no condition: call it without labels.")
        return self.condition_of(labels, batch_size)

    def _before_training(self, batch: Batch) -> None:
        """What a class has to say of the data of `fit` before they are learned from."""

    def _taken(self, x: Any, y: Any, weight: Any) -> tuple[Batch, tuple[Any, Any, Any]]:
        """What `fit` and `evaluate` are given, checked as far as it is at hand: its parts, and `(x, y, weight)` for Keras."""
        x, y, weight = batches.as_given(x, self.as_labels(y), weight)
        batch = batches.unpack((x, y, weight), self)
        batches.check(batch, self)
        if not self.compiled:
            raise ValueError(
                f"{type(self).__name__} is not compiled: call compile() before, for example compile('adam')."
            )
        if batch.target is not None:
            self._check_takes_target()
        values = batch.x if batch.target is None else batch.target
        if self._wants_binary and isinstance(values, np.ndarray) and self.non_binary_bernoulli(values):
            warn_of_non_binary()
        return batch, batches.packed(x, y, weight)

    def non_binary_bernoulli(self, x: Any) -> bool:
        """Whether x holds values other than 0 and 1, and the likelihood is a Bernoulli, which gives them no probability.

        They are weights of a cross-entropy then, and no figure is one of log p(x).

        Args:
            x: data, `(B,) + data_shape`.
        """
        # A few tell: grey images are grey all over.
        return isinstance(self.likelihood, Bernoulli) and bool(np.asarray(non_binary(np.asarray(x[:100]))))

    def _check_class_weight(self, x: Any, y: Any, class_weight: Any) -> None:
        if class_weight is None:
            return
        if isinstance(x, tf.data.Dataset):
            y = x.element_spec[1] if isinstance(x.element_spec, tuple) and len(x.element_spec) > 1 else None
        if y is None or len(y.shape if hasattr(y, "shape") else np.shape(y)) > 2:
            raise ValueError(
                "class_weight is a weight for each label, and there are no labels as y: call fit(x, labels, class_weight=...) with "
                "labels of shape (N,), or give sample_weight, a weight for each example."
            )

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
        still = frozen.paths(self.parts)
        return {
            "name": self.name,
            "data_shape": list(self.data_shape),
            "latent_size": self.latent_size,
            **parts,
            **({"frozen": still} if still else {}),
            **({"dtype": self.dtype_policy.name} if self.dtype_policy.name != "float32" else {}),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "EncoderDecoder":
        """Make the model that `get_config` described, with fresh weights."""
        config = {key: _from_saved(value, custom_objects) for key, value in config.items()}
        still = config.pop("frozen", [])
        model = cls(**config)
        frozen.freeze(model.parts, still)
        return model


class _Step(NamedTuple):
    """What a step works with."""

    x: Any
    condition: Any
    target: dict[str, Any]
    """The argument of `Objective.terms`, where there is a target."""
    weight: Any
    empty: Any
    """Whether the one example stands in for none; None where that cannot be."""


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
