"""What a VQ-VAE and the prior over its codes are trained for."""

from typing import Any, NamedTuple

from keras_vae._backend import serializable, tf
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Objective
from keras_vae.objectives.schedules import Schedule


class QuantizationTerms(NamedTuple):
    """The terms of one batch, each of shape `(B,)`; `elbo = log_likelihood - kl` and `loss = -elbo + regularizer`."""

    log_likelihood: Any
    """log p(x|k) in nats, of the nearest codes k."""
    kl: Any
    """-log p(k|c) in nats: what it takes to name the codes, and the KL of a posterior that is sure of them."""
    regularizer: Any
    """Commitment and codebook terms."""
    perplexity: Any
    """exp of the entropy of the codes' shares in the batch, averaged over the levels: how many codes are in use."""
    squared_error: Any
    """Mean over the elements of the squared difference between x and its reconstruction."""

    @property
    def elbo(self) -> Any:
        """A bound: log p(x|c) >= log p(x|k) + log p(k|c) for any k where x is discrete."""
        return self.log_likelihood - self.kl

    @property
    def loss(self) -> Any:
        """What is minimised."""
        return self.regularizer - self.elbo

    @classmethod
    def logged(cls) -> tuple[str, ...]:
        """What the logs show."""
        return ("loss", "elbo", "log_likelihood", "kl", "perplexity", "squared_error")


@serializable
class VectorQuantization(Objective):
    """-log p(x|k) + commitment * ||z - sg[e]||^2 + ||sg[z] - e||^2 - log p(k|c): van den Oord et al. (2017), equation 3.

    The third term is there for codes that the optimizer moves, not for moving averages. The last one trains the prior, and only
    that: whole numbers have no gradient. So codes and prior learn side by side in one `fit`; to go on with the prior alone, freeze
    the others: `model.encoder.trainable = model.quantizer.trainable = model.decoder.trainable = False`.

    Args:
        commitment: weight of the term that keeps features near their codes, beta in the paper; a number or a `Schedule`.

    Raises:
        ValueError: if it is out of its range.
    """

    terms_type = QuantizationTerms

    def __init__(self, commitment: float | Schedule = 0.25):
        self.commitment = schedules.number("commitment", commitment, minimum=0.0)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        commitment = f"{formulas.factor('β', self.commitment)}|encoder(x) - e_k|²"
        return f"-log p(x | k) + {commitment} - log p({formulas.under('k', given)}), the last for the prior alone"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"commitment": schedules.plain(self.commitment)}

    def terms(
        self, model: Any, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> QuantizationTerms:
        """Compute the terms of a batch: see `Objective.terms`."""
        found = model.quantized_given(x, seed, training)
        p = model.likelihood_given_maps(found.maps, training)
        target = x if target is None else target
        error = tf.reduce_mean(tf.square(target - p.mean()), axis=range(1, len(target.shape)))
        return QuantizationTerms(
            p.log_prob(target),
            -model.prior_given(condition).log_prob(found.indices),
            schedules.at(self.commitment, step) * found.distance + found.codebook_loss,
            tf.fill(tf.shape(error), found.perplexity),
            error,
        )
