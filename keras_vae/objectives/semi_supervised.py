"""The bound of a generative model with a label that is often not known."""

import math
from typing import Any, NamedTuple, Protocol

from keras_vae import _random
from keras_vae._backend import keras, serializable, tf
from keras_vae.augment.corruptions import Corruption
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective, Parts
from keras_vae.objectives.elbo import ELBO
from keras_vae.objectives.reconstruction import part, part_config, part_from_config
from keras_vae.objectives.schedules import Schedule


class SemiSupervisedTerms(NamedTuple):
    """The terms of one batch, each of shape `(B,)`, in nats where they are densities; `loss = regularizer - elbo`."""

    log_likelihood: Any
    """log p(x|y, z), averaged over q where something is not known."""
    kl: Any
    """What z and the label cost: KL(q(z|x, y) || p(z)) - log p(y), or with q(y|x) KL(q(y, z|x) || p(y) p(z))."""
    regularizer: Any
    """The weighted cross-entropy of the known labels, 0 where there is none, and (beta - 1) times the KL of z."""
    known: Any
    """1 where the label is known, else 0."""
    correct: Any
    """1 where it is known and the classifier gives it, else 0."""

    @property
    def elbo(self) -> Any:
        """The bound on log p(x, y) where the label is known, on log p(x) where it is not."""
        return self.log_likelihood - self.kl

    @property
    def loss(self) -> Any:
        """What is minimised."""
        return self.regularizer - self.elbo

    @property
    def accuracy(self) -> Any:
        """Share of the known labels that the classifier gives."""
        return tf.math.divide_no_nan(self.correct, self.known)

    @classmethod
    def logged(cls) -> tuple[str, ...]:
        """What the logs show."""
        return ("loss", "elbo", "log_likelihood", "kl", "accuracy")


class Labeller(Parts, Protocol):
    """What the objective asks of a model."""

    num_classes: int

    def class_log_probs_given(self, x: Any, training: bool = False) -> Any:
        """log q(y|x), `(B, K)`."""


@serializable
class SemiSupervisedELBO(Objective):
    """The bound of Kingma et al. (2014), model M2: equations 6 to 9.

    With a label, log p(x, y) >= E_q(z|x,y)[log p(x|y, z)] + log p(y) - KL(q(z|x, y) || p(z)) = -L(x, y); without one,
    log p(x) >= sum_y q(y|x) (-L(x, y)) + H(q(y|x)), by summing over all classes; p(y) is uniform. Known labels also train q(y|x) by
    their cross-entropy, times `classification_weight`.

    A label that is not known is -1. For a `models.SemiSupervisedVAE`. Each example is taken once for each class, so a step costs as
    much as one of K times the batch.

    Args:
        classification_weight: alpha in the paper, a number or a `Schedule`, times the nats of the cross-entropy of an example
            with a label.
        corruption: as in `Reconstruction`, done to what q(y|x) is given; for images `"random_affine"`.
        beta: as in `ELBO`, for the KL of z. Above 1 a code costs more, and an image is left to its class for more of what it shows.
        num_samples, kl: as in `ELBO`.

    Raises:
        ValueError: if an argument is unknown or out of its range.
    """

    terms_type = SemiSupervisedTerms

    def __init__(
        self,
        classification_weight: float | Schedule = 50.0,
        corruption: Any = None,
        beta: float | Schedule = 1.0,
        num_samples: int = 1,
        kl: str = "auto",
    ):
        self.classification_weight = schedules.number("classification_weight", classification_weight, minimum=0.0)
        self.corruption = part("corruption", Corruption, corruption)
        self.bound = ELBO(beta, num_samples, kl)
        self.beta, self.num_samples, self.kl = self.bound.beta, self.bound.num_samples, self.bound.kl

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        more = formulas.beyond_one("β", self.beta, "KL(q(z | x, y), p(z))")
        seen, what = (
            ("x", "") if self.corruption is None else ("x̃", f", x̃ being x with {formulas.in_words(self.corruption)}")
        )
        label = f"{formulas.amount('λ', self.classification_weight)} log q(y | {seen})"
        return f"-ELBO{more}, and where y is known - {label} beside it{what}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "classification_weight": schedules.plain(self.classification_weight),
            "corruption": part_config(self.corruption),
            **{name: value for name, value in self.bound.get_config().items() if name != "free_bits"},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SemiSupervisedELBO":
        """Make the objective that `get_config` described."""
        beta = keras.saving.deserialize_keras_object(config["beta"])
        return cls(**{**config, "corruption": part_from_config(config["corruption"]), "beta": beta})

    def terms(
        self, model: Labeller, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> SemiSupervisedTerms:
        """Compute the terms of a batch: see `Objective.terms`. A row of zeros in `condition` is a label that is not known."""
        given = x if self.corruption is None or not training else self.corruption(x, _random.fold_in(seed, 0))
        log_q = model.class_log_probs_given(given, training)  # (B, K)
        classes = model.num_classes
        each = tf.tile(tf.eye(classes), (tf.shape(x)[0], 1))
        seen = tf.repeat(x, classes, axis=0)
        target = None if target is None else tf.repeat(target, classes, axis=0)
        terms = self.bound.terms(model, seen, each, step, _random.fold_in(seed, 1), training, target)
        known = tf.reduce_sum(condition, axis=-1)
        weight = condition + (1.0 - known)[:, None] * tf.exp(log_q)

        def mean(term: Any) -> Any:
            return tf.reduce_sum(weight * tf.reshape(term, (-1, classes)), axis=-1)

        negative_entropy = tf.reduce_sum(tf.exp(log_q) * log_q, axis=-1)
        right = tf.reduce_sum(condition * tf.one_hot(tf.argmax(log_q, axis=-1), classes), axis=-1)
        return SemiSupervisedTerms(
            mean(terms.log_likelihood),
            mean(terms.kl) + math.log(classes) + (1.0 - known) * negative_entropy,
            mean(terms.regularizer)
            - schedules.at(self.classification_weight, step) * tf.reduce_sum(condition * log_q, axis=-1),
            known,
            right,
        )
