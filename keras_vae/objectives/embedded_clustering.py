"""Clusters that sharpen themselves."""

from typing import Any, Protocol, runtime_checkable

from keras_vae import _random
from keras_vae._backend import serializable, tf
from keras_vae.augment.corruptions import Corruption
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective
from keras_vae.objectives.reconstruction import (
    Coder,
    ReconstructionTerms,
    part,
    part_config,
    part_from_config,
    terms_of,
)
from keras_vae.objectives.schedules import Schedule


@runtime_checkable
class Assigner(Coder, Protocol):
    """What the objective asks of a model."""

    def cluster_log_probs_of(self, code: Any) -> Any:
        """The log-probabilities of the clusters, `(B, K)`, of codes `(B, Z)`."""


@serializable
class EmbeddedClustering(Objective):
    """log p(x | code) - weight * KL(p || q), with q the soft assignment of the code to clusters and p a sharper one.

    p_ij = (q_ij^2 / f_j) / sum_k (q_ik^2 / f_k), f_j = sum_i q_ij: Xie et al. (2016), equations 2 and 3, and with the
    reconstruction kept, so that codes do not lose what tells examples of one cluster apart, Guo et al. (2017), equation 8. p is
    held fixed in the gradient, and f is that of the batch: batches should hold many examples of each cluster.

    With a corruption, q is that of the corrupted example and p that of the clean one, so that both go to one cluster: Guo et al.
    (2018). The reconstruction is of the clean example.

    For a `models.DEC`, after `start_clusters`.

    Args:
        weight: of the divergence, which is in nats; a number or a `Schedule`.
        corruption: as in `Reconstruction`; for images `"random_affine"`.

    Raises:
        ValueError: if an argument is unknown or out of its range.
    """

    terms_type = ReconstructionTerms

    def __init__(self, weight: float | Schedule = 10.0, corruption: Any = None):
        self.weight = schedules.number("weight", weight, minimum=0.0)
        self.corruption = part("corruption", Corruption, corruption)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        return f"-log p(x | h) + {formulas.amount('λ', self.weight)} KL(p, q(c | h)), p the sharpened q of the batch"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"weight": schedules.plain(self.weight), "corruption": part_config(self.corruption)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "EmbeddedClustering":
        """Make the objective that `get_config` described."""
        return cls(**{**config, "corruption": part_from_config(config["corruption"])})

    def terms(
        self, model: Assigner, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> ReconstructionTerms:
        """Compute the terms of a batch: see `Objective.terms`.

        Raises:
            ValueError: if the model has no clusters.
        """
        if not isinstance(model, Assigner):
            raise ValueError(f"{type(model).__name__} has no clusters in its code: take a DEC.")
        given = x if self.corruption is None else self.corruption(x, _random.fold_in(seed, 0))
        code = model.code_given(given, condition, training)
        log_q = clean = model.cluster_log_probs_of(code)
        if self.corruption is not None:
            clean = model.cluster_log_probs_of(model.code_given(x, condition))
        p = tf.stop_gradient(sharpened(clean))
        divergence = tf.reduce_sum(tf.math.xlogy(p, p) - p * log_q, axis=-1)
        found = model.likelihood_given(code, condition, training)
        return terms_of(found, x if target is None else target, schedules.at(self.weight, step) * divergence)


def sharpened(log_probs: Any) -> Any:
    """The target p `(B, K)` for soft assignments of a batch: squared, over the clusters' frequencies, normalised."""
    return tf.nn.softmax(2.0 * log_probs - tf.reduce_logsumexp(log_probs, axis=0), axis=-1)
