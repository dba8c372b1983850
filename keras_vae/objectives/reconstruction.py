"""What a deterministic autoencoder is trained for: to give back its input, with a penalty on the code or without."""

import sys
from typing import Any, NamedTuple, Protocol

from keras_vae import _named, _random
from keras_vae._backend import keras, serializable, tf
from keras_vae.augment.corruptions import Corruption
from keras_vae.objectives import formulas
from keras_vae.objectives.base import Objective
from keras_vae.objectives.penalties import Penalty


class ReconstructionTerms(NamedTuple):
    """The terms of one batch, each of shape `(B,)`; `loss = penalty - log_likelihood`."""

    log_likelihood: Any
    """log p(x|code) in nats, summed over the elements; of a Bernoulli and grey pixels, minus the cross-entropy."""
    penalty: Any
    squared_error: Any
    """Mean over the elements of the squared difference between x and its reconstruction."""

    @property
    def loss(self) -> Any:
        """What is minimised."""
        return self.penalty - self.log_likelihood

    @classmethod
    def logged(cls) -> tuple[str, ...]:
        """What the logs show."""
        return ("loss", "log_likelihood", "penalty", "squared_error")


class Coder(Protocol):
    """What an objective may ask of an autoencoder, given a condition `(B, C)` or None."""

    def code_given(self, x: Any, condition: Any, training: bool = False) -> Any:
        """The codes `(B, Z)` of data `(B,) + data_shape`."""

    def likelihood_given(self, z: Any, condition: Any, training: bool = False) -> Any:
        """p(x|code, c): batch shape `(B,)`."""

    @property
    def cluster_weights(self) -> list[Any]:
        """The weights of clusters in the code, if there are any."""


@serializable
class Reconstruction(Objective):
    """log p(x | code(x~)) - penalty, with x~ the input x or a corrupted copy of it.

    Without a corruption and a penalty the plain autoencoder; with a corruption the denoising one (Vincent et al., 2010), which is
    corrupted in validation too, with the same noise each time.

    Args:
        corruption: `"masking_noise"`, `"salt_and_pepper"`, `"gaussian_noise"`, a dict with such a name and arguments, a
            `Corruption`, or None.
        penalty: `"l1"`, `"activation_rate"`, `"contraction"`, a dict with such a name and arguments, a `Penalty`, or None.

    Raises:
        ValueError: if a name or an argument is unknown or out of its range.
    """

    terms_type = ReconstructionTerms

    def __init__(self, corruption: Any = None, penalty: Any = None):
        self.corruption = part("corruption", Corruption, corruption)
        self.penalty = part("penalty", Penalty, penalty)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        return f"-log p(x | h){formulas.penalised(self.penalty)}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"corruption": part_config(self.corruption), "penalty": part_config(self.penalty)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Reconstruction":
        """Make the objective that `get_config` described."""
        return cls(**{name: part_from_config(value) for name, value in config.items()})

    def terms(
        self, model: Coder, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> ReconstructionTerms:
        """Compute the terms of a batch: see `Objective.terms`."""
        given = self.given(x, seed)
        code = self.code(model, given, condition, step, training)
        found = model.likelihood_given(code, condition, training)
        target = x if target is None else target
        if self.penalty is None:
            return terms_of(found, target)
        penalty = self.penalty(model, given, code, condition, _random.fold_in(seed, 1), training, step)
        return terms_of(found, target, penalty)

    def given(self, x: Any, seed: Any) -> Any:
        """What the encoder is given for a batch `x`."""
        return x if self.corruption is None else self.corruption(x, _random.fold_in(seed, 0))

    def trainable_variables(self, model: Any) -> list[Any]:
        """All but clusters: see `Objective.trainable_variables`."""
        return without_clusters(model)

    def code(self, model: Any, x: Any, condition: Any, step: Any, training: bool) -> Any:
        """The codes `(B, Z)` of data at an optimizer step."""
        return model.code_given(x, condition, training)


def terms_of(found: Any, x: Any, penalty: Any = None) -> ReconstructionTerms:
    """The terms of data `x`, given p(x|code) and the penalties `(B,)`, None for zeros."""
    error = tf.reduce_mean(tf.square(x - found.mean()), axis=range(1, len(x.shape)))
    return ReconstructionTerms(found.log_prob(x), tf.zeros_like(error) if penalty is None else penalty, error)


def without_clusters(model: Any) -> list[Any]:
    """The trainable weights of a model but for its clusters, of which nothing is said while codes are learned for them."""
    clusters = {id(weight) for weight in model.cluster_weights}
    return [weight for weight in model.trainable_variables if id(weight) not in clusters]


def part(what: str, base: type, spec: Any) -> Any:
    """The corruption or the penalty that `spec` names, or None. The package of `base` lists the choices."""
    package = sys.modules[base.__module__.rpartition(".")[0]]
    return None if spec is None else _named.build(what, package, base, spec)


def part_from_config(saved: Any) -> Any:
    """The part that `part_config` described, or None."""
    return saved and keras.saving.deserialize_keras_object(saved)


def part_config(made: Any) -> Any:
    """The form in which Keras saves a part of an objective, or None."""
    return None if made is None else keras.saving.serialize_keras_object(made)
