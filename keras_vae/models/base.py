"""The one latent-variable model that all VAEs are: five parts, the methods, the training step."""

import abc
import contextlib
import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_vae import _checks, _named, _random, distributions
from keras_vae._backend import keras, tf
from keras_vae.distributions import Bernoulli, Likelihood, Posterior, Prior
from keras_vae.models import importance, validation
from keras_vae.models.logs import TermSums, logs
from keras_vae.networks import Architecture
from keras_vae.objectives import ELBO, Objective


class LatentVariableModel(keras.Model, abc.ABC):
    """A generative model p(z|c) p(x|z, c) with an approximate posterior q(z|x, c), trained by a bound on log p(x|c).

    Shapes are written `sample_shape + batch_shape + event_shape`. All densities are in nats an example, summed over
    pixels and latents. A subclass chooses the parts and says how labels become a condition; it overrides nothing else.
    The model is built when it is constructed: there is no state in which saving it would lose weights.

    Args:
        architecture: makes the encoder and the decoder.
        data_shape: shape of one example.
        latent_size: number of latents Z.
        condition_size: length of the condition vectors, 0 for a model without.
        posterior, prior, likelihood: a name, a dict of a name and arguments, or a layer.
        **kwargs: `name` and the like, as in every Keras model.
    """

    def __init__(
        self,
        *,
        architecture: Architecture,
        data_shape: Any,
        latent_size: int,
        condition_size: int = 0,
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.data_shape = _checks.data_shape("data_shape", data_shape)
        self.latent_size = _checks.positive_int("latent_size", latent_size)
        self.architecture = architecture
        self.condition_size = condition_size
        data = {"event_shape": self.data_shape}
        self.likelihood = _named.build("likelihood", distributions, Likelihood, likelihood, data)
        latent = {"event_shape": (self.latent_size,), "condition_size": condition_size}
        self.posterior = _named.build("posterior", distributions, Posterior, posterior, latent)
        self.prior = prior_named(prior, self.latent_size, self.likelihood, condition_size)
        self._check_event_shapes()
        with _policy(self.dtype_policy):
            self.encoder = architecture.encoder(self.data_shape, self.posterior.params_shape[0], condition_size)
            self.decoder = architecture.decoder(self.latent_size, self.likelihood.params_shape, condition_size)
        self.prior.connect(lambda x: self.posterior_given(x, None))
        self._terms = TermSums()
        self._logs = logs(self._terms)
        self.built = True

    # -- what a subclass says ------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """Turn labels into conditions `(B, condition_size)`, or into None for a model without a condition."""

    # -- the three distributions, given a condition vector (what objectives use) ---------------------------------------

    def posterior_given(self, x: Any, condition: Any, training: bool = False) -> Any:
        """q(z|x, c): batch shape `(B,)`, event shape `(Z,)`."""
        return self.posterior(self.encoder(x if condition is None else [x, condition], training=training))

    def prior_given(self, condition: Any, temperature: float = 1.0) -> Any:
        """p(z|c): batch shape `()` or `(B,)`, event shape `(Z,)`."""
        return self.prior(condition, temperature=temperature)

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

    # -- methods -------------------------------------------------------------------------------------------------------

    @property
    def conditional(self) -> bool:
        """Whether the methods need labels."""
        return self.condition_size > 0

    @property
    def parts(self) -> dict[str, Any]:
        """The five parts by name; their variables are all that the model has."""
        return {name: getattr(self, name) for name in ("encoder", "posterior", "prior", "decoder", "likelihood")}

    def encode(self, x: Any, labels: Any = None) -> Any:
        """Return the approximate posterior q(z|x): a tfp distribution, batch shape `(B,)`, event shape `(Z,)`.

        Args:
            x: data, `(B,) + data_shape`, in the range of the likelihood.
            labels: int labels `(B,)`, for a conditional model only.

        Raises:
            ValueError: if shape, dtype or range of an argument are wrong, or a value is not finite.
        """
        x, condition = self._inputs(x, labels)
        return self.posterior_given(x, condition)

    def decode(self, z: Any, labels: Any = None) -> Any:
        """Return the likelihood p(x|z): a tfp distribution, batch shape `(B,)`, event shape `data_shape`.

        Args:
            z: latents, `(B, Z)`, or `(S, B, Z)` for a batch shape of `(S, B)`.
            labels: int labels `(B,)`, for a conditional model only.

        Raises:
            ValueError: if shape, dtype or range of an argument are wrong, or a value is not finite.
        """
        z = validation.latents(z, self.latent_size)
        return self.likelihood_given(z, self._condition(labels, tf.shape(z)[-2]))

    def reconstruct(self, x: Any, labels: Any = None) -> Any:
        """Return the mean of p(x|z) at the posterior mean: `(B,) + data_shape`.

        Args and errors as in `encode`.
        """
        x, condition = self._inputs(x, labels)
        return self.likelihood_given(self.posterior_given(x, condition).mean(), condition).mean()

    def sample(self, n: int | None = None, labels: Any = None, seed: Any = None, temperature: float = 1.0) -> Any:
        """Draw z from the prior and return the mean of p(x|z): `(n,) + data_shape`.

        For draws of x itself: `model.decode(z).sample()`.

        Args:
            n: number of images, for a model without a condition.
            labels: int labels `(n,)`, one an image, for a conditional model.
            seed: an int; the same seed draws the same images. None draws fresh ones.
            temperature: factor on the prior's standard deviation, >= 0; below 1 more typical, less varied.

        Raises:
            ValueError: if `n` is given to a conditional model or `labels` to another, or a value is out of its range.
        """
        temperature = _checks.finite_float("temperature", temperature, minimum=0.0, maximum=100.0)
        if self.conditional:
            if labels is None or n is not None:
                raise ValueError(
                    f"sample(n={n!r}, labels={labels!r}): {type(self).__name__} is conditional. Pass one label an image, "
                    "for example sample(labels=[3, 1, 4])."
                )
            labels = labels if tf.is_tensor(labels) else np.asarray(labels)
            n = tf.size(labels)
        else:
            if labels is not None:
                raise ValueError(f"{type(self).__name__} has no condition: call sample(n) without labels.")
            n = 1 if n is None else _checks.positive_int("n", n, maximum=10**6)
        condition = self._condition(labels, n)
        prior = self.prior_given(condition, temperature=temperature)
        z = prior.sample(n if prior.batch_shape.rank == 0 else (), seed=_random.as_seed(seed))
        return self.likelihood_given(z, condition).mean()

    def elbo(self, x: Any, labels: Any = None, num_samples: int = 1, kl: str = "auto", seed: Any = None) -> Any:
        """Return the evidence lower bound of each example in nats: `(B,)`.

        Args:
            x, labels: as in `encode`.
            num_samples: draws of z an example.
            kl: as in `keras_vae.objectives.ELBO`; by default the closed form where there is one.
            seed: an int, or None for fresh noise.
        """
        x, condition = self._inputs(x, labels)
        self._warn_of_grey(x)
        terms = ELBO(num_samples=num_samples, kl=kl).terms(self, x, condition, 0, _random.as_seed(seed))
        return terms.log_likelihood - terms.kl

    def log_prob(self, x: Any, labels: Any = None, num_samples: int = 5000, seed: Any = None) -> Any:
        """Estimate log p(x), or log p(x|c), of each example in nats by importance sampling: `(B,)`.

        log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) with z_k ~ q(z|x): Burda et al. (2016), equation 8. A lower bound in
        expectation, tighter with more samples. Memory does not grow with `num_samples` or B.

        Args:
            x, labels: as in `encode`.
            num_samples: importance samples K an example.
            seed: an int, or None for fresh noise.
        """
        return self.importance_estimate(x, labels, num_samples, seed).log_prob

    def importance_estimate(
        self, x: Any, labels: Any = None, num_samples: int = 5000, seed: Any = None
    ) -> importance.Estimate:
        """Estimate log p(x) as `log_prob` does, with the standard error and the effective sample size of each example."""
        x, condition = self._inputs(x, labels)
        self._warn_of_grey(x)
        num_samples = _checks.positive_int("num_samples", num_samples, maximum=10**8)
        return importance.estimate(self, x, condition, num_samples, _random.as_seed(seed))

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
        objective: Objective | None = None,
        *,
        seed: int | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool = False,
    ) -> None:
        """Configure training.

        Args:
            optimizer: a Keras optimizer or its name.
            objective: what to maximise; the plain ELBO by default.
            seed: of the noise in training and evaluation; by default from Keras's global seed.
            run_eagerly, steps_per_execution, jit_compile: as in Keras. XLA is off by default: on CPUs it speeds dense networks
                up and slows convolutions down, and code compiled by it cannot check the values of a pipeline.
        """
        if objective is not None and not isinstance(objective, Objective):
            raise ValueError(
                f"objective={objective!r}: must be a keras_vae.objectives.Objective such as ELBO(beta=4.0). "
                "A VAE's loss is no function of y_true and y_pred, so there is no loss= argument."
            )
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )
        self.objective = ELBO() if objective is None else objective
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

    @property
    def metrics(self) -> list[Any]:
        """The logs of a step, in nats: `loss`, `elbo`, `log_likelihood`, `kl`."""
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
        """Return loss, elbo, log_likelihood and kl in nats. The same noise each time, so two calls agree."""
        self._check_arrays(x, y)
        return super().evaluate(x, y, *args, **kwargs)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient ascent on the objective; returns the logs."""
        x, condition, weight = self._unpack(data)
        step = self.optimizer.iterations
        seed = _random.fold_in(_random.fold_in(_random.as_seed(self.noise_seed), step), _random.replica_id())
        with tf.GradientTape() as tape:
            terms = self.objective.terms(self, x, condition, step, seed, training=True)
            losses = terms.kl - terms.log_likelihood + terms.regularizer  # (B,)
            loss = tf.reduce_mean(losses if weight is None else losses * weight)
            # Penalties that layers bring themselves, such as a kernel_regularizer; they are no part of the logged loss.
            loss += sum(self.losses)
            # The optimizer adds up the gradients of all replicas.
            scaled = self.optimizer.scale_loss(loss / tf.distribute.get_strategy().num_replicas_in_sync)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
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
        x, condition = self._inputs(x, labels if self.conditional else None)
        return x, condition, None if weight is None else tf.cast(weight, tf.float32)

    def _inputs(self, x: Any, labels: Any) -> tuple[Any, Any]:
        x = validation.data(x, self.data_shape, self.likelihood.support)
        return x, self._condition(labels, tf.shape(x)[0])

    def _condition(self, labels: Any, batch_size: Any) -> Any:
        if not self.conditional and labels is not None:
            raise ValueError(f"{type(self).__name__} has no condition: call it without labels.")
        return self.condition_of(labels, batch_size)

    def _check_arrays(self, x: Any, y: Any) -> None:
        if isinstance(x, tuple | list) and self.conditional and len(x) == 2:
            x, y = x
        if isinstance(x, np.ndarray):
            validation.data(x, self.data_shape, self.likelihood.support, convert=False)
            self._warn_of_grey(x)
            if self.conditional:
                self.condition_of(y, len(x))

    def _warn_of_grey(self, x: Any) -> None:
        if isinstance(self.likelihood, Bernoulli) and (isinstance(x, np.ndarray) or hasattr(x, "numpy")):
            values = np.asarray(x[:100])  # a few tell: grey images are grey all over
            if ((values != 0) & (values != 1)).any():
                warnings.warn(
                    "The images hold grey values, and the likelihood is a Bernoulli, which gives them no probability: the figures "
                    "are a cross-entropy, not nats of log p(x). Binarise the images (preprocessing='dynamic_binarization'), or "
                    "build the model with likelihood='continuous_bernoulli'.",
                    stacklevel=3,
                )

    def _check_event_shapes(self) -> None:
        for part, shape in (
            ("posterior", (self.latent_size,)),
            ("prior", (self.latent_size,)),
            ("likelihood", self.data_shape),
        ):
            if getattr(self, part).event_shape != shape:
                raise ValueError(
                    f"The {part} is over events of shape {getattr(self, part).event_shape}: this model needs {shape}."
                )

    def _common_config(self) -> dict[str, Any]:
        """The constructor arguments that all models share, as plain data where the parts are the library's own."""
        parts = {
            part: _named.described(getattr(self, part), *FROM_MODEL) for part in ("posterior", "prior", "likelihood")
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
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "LatentVariableModel":
        """Make the model that `get_config` described, with fresh weights."""
        config = {key: _from_saved(value, custom_objects) for key, value in config.items()}
        frozen = config.pop("frozen", [])
        model = cls(**config)
        for name in frozen:
            model.parts[name].trainable = False
        return model


FROM_MODEL = ("condition_size", "data_shape", "support")
"""Settings of a distribution that the model supplies, so that its plain-data form need not say them."""


def prior_named(spec: Any, size: int, likelihood: Likelihood, condition_size: int = 0) -> Prior:
    """Make the prior that `spec` names, over `size` latents of data that `likelihood` is over."""
    offered = {
        "event_shape": (size,),
        "condition_size": condition_size,
        "data_shape": likelihood.event_shape,
        "support": likelihood.support,
    }
    return _named.build("prior", distributions, Prior, spec, offered)


@contextlib.contextmanager
def _policy(policy: Any) -> Iterator[None]:
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
