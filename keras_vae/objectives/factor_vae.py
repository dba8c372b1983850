"""The objective of FactorVAE: a discriminator tells how dependent the latents are."""

from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, _random, _replicas
from keras_vae._backend import keras, serializable, tf
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective, Parts, Terms
from keras_vae.objectives.elbo import drawn, kl_divergence
from keras_vae.objectives.schedules import Schedule


@serializable
class FactorVAE(Objective):
    """The ELBO, less gamma times the total correlation of the latents as a discriminator sees it: Kim & Mnih (2018), equation 2.

    The discriminator learns to tell draws of q(z) from draws whose latents were each shuffled over the batch, which are those of
    the product of the marginals; its logit is the estimate of log q(z) - sum_d log q(z_d). It is trained by one step of Adam after
    each step of the model, in the same `fit`, and is saved with the model.

    Args:
        gamma: weight of the total correlation, a number >= 0 or a `Schedule`; 0 is the ELBO.
        hidden_units: layers of the discriminator (leaky ReLU). The paper has six of 1,000.
        learning_rate: of the discriminator, a number or a `Schedule`.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(
        self,
        gamma: float | Schedule = 10.0,
        hidden_units: Sequence[int] = (1000,) * 6,
        learning_rate: float | Schedule = 1e-4,
    ):
        self.gamma = schedules.number("gamma", gamma, minimum=0.0)
        self.hidden_units = _checks.sizes("hidden_units", hidden_units, minimum_length=1)
        self.learning_rate = schedules.number("learning_rate", learning_rate, minimum=0.0, maximum=1.0)
        self._discriminator: Any = None
        self._optimizer: Any = None

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        return f"-ELBO + {formulas.amount('λ', self.gamma)} TC, TC = KL(q(z), Π q(z_d)) as a discriminator sees it"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "gamma": schedules.plain(self.gamma),
            "hidden_units": list(self.hidden_units),
            "learning_rate": schedules.plain(self.learning_rate),
        }

    def prepare(self, model: Any) -> None:
        """Make the discriminator, unless there is one for as many latents: training may go on with that."""
        if self._discriminator is not None and self._discriminator.input_shape[-1] == model.latent_size:
            return
        layers: list[Any] = [keras.Input((model.latent_size,))]
        for units in self.hidden_units:
            layers += [keras.layers.Dense(units, dtype="float32"), keras.layers.LeakyReLU(0.2, dtype="float32")]
        self._discriminator = keras.Sequential([*layers, keras.layers.Dense(1, dtype="float32")], name="discriminator")
        self._optimizer = keras.optimizers.Adam(_rate(self.learning_rate), beta_1=0.5, beta_2=0.9)
        self._optimizer.build(self._discriminator.trainable_variables)

    @property
    def variables(self) -> list[Any]:
        """The discriminator's weights and the state of its optimizer."""
        return [] if self._discriminator is None else [*self._discriminator.variables, *self._optimizer.variables]

    def terms(
        self, model: Parts, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`.

        Raises:
            ValueError: if no model was compiled with this objective, so that there is no discriminator.
        """
        if self._discriminator is None:
            raise ValueError("There is no discriminator yet: compile a model with this objective.")
        posterior, prior, z, log_likelihood = drawn(model, x, condition, 1, seed, training, target)
        correlation = self._discriminator(z[0], training=training)[:, 0]
        return Terms(log_likelihood, kl_divergence(posterior, prior, z), schedules.at(self.gamma, step) * correlation)

    def learn(self, model: Any, x: Any, condition: Any, step: Any, seed: Any) -> None:
        """One step of the discriminator, on fresh draws of the batch's posteriors."""
        z = model.posterior_given(x, condition, training=True).sample(seed=_random.fold_in(seed, 0))
        # Each latent in an order of its own: that of as many random numbers.
        order = tf.argsort(_random.uniform(tf.shape(z), _random.fold_in(seed, 1)), axis=0)
        shuffled = tf.transpose(tf.gather(tf.transpose(z), tf.transpose(order), batch_dims=1))
        with tf.GradientTape() as tape:
            true, false = self._discriminator(z, training=True), self._discriminator(shuffled, training=True)
            # The optimizer adds up the gradients of all replicas.
            each = _replicas.real(tf.nn.softplus(-true) + tf.nn.softplus(false))
            loss = tf.reduce_sum(each) / (2.0 * _replicas.count(true))
        variables = self._discriminator.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)


class _Rate(keras.optimizers.schedules.LearningRateSchedule):
    """A `Schedule` as Keras's optimizers take one; the discriminator takes a step for each of the model's."""

    def __init__(self, schedule: Schedule):
        self.schedule = schedule

    def __call__(self, step: Any) -> Any:
        return self.schedule(step)

    def get_config(self) -> dict[str, Any]:
        return {"schedule": schedules.plain(self.schedule)}


def _rate(value: float | Schedule) -> Any:
    return _Rate(value) if isinstance(value, Schedule) else value
