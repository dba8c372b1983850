"""The evidence lower bound of a model with a vector and a map, with training that keeps the vector informative."""

from typing import Any

from keras_vae import _random
from keras_vae._backend import keras, serializable, tf, tfd
from keras_vae.distributions.base import independent_normal
from keras_vae.objectives import formulas, schedules
from keras_vae.objectives.base import Terms
from keras_vae.objectives.elbo import ELBO
from keras_vae.objectives.schedules import Schedule


@serializable
class MapDropoutELBO(ELBO):
    """The ELBO of a model with a `SpatialPrior`, where the map of some training examples is sampled from the prior.

    A map alone can reconstruct an image; the vector then stays empty, and samples are noise. For a random share of the examples of
    a training batch q(m|v, x) is p(m|v): the image must be reconstructed from its vector v by the same path that samples take.
    Both cases are lower bounds on log p(x), in nats:

    with the map: E_q(v|x) q(m|x) [log p(x|v, m)] - KL(q(v|x) || p(v)) - E_q(v|x) [KL(q(m|x) || p(m|v))]
    without: E_q(v|x) p(m|v) [log p(x|v, m)] - KL(q(v|x) || p(v))

    The logs of training are averages over both cases. Evaluation always uses the first, which is the plain `ELBO`.

    Args:
        share: share of the examples without a map, from 0 to 1.
        beta: weight of the KL, as in `ELBO`.

    Raises:
        ValueError: if an argument is out of its range; from `compile` if the model's prior has no map.
    """

    def __init__(self, share: float | Schedule = 0.5, beta: float | Schedule = 1.0):
        super().__init__(beta)
        self.share = schedules.number("share", share, minimum=0.0, maximum=1.0)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        return f"{super().formula(given)}; for {self._share_in_words()} of the examples of a batch q(m | x) is p(m | v)"

    def _share_in_words(self) -> str:
        return formulas.amount("s", self.share) if isinstance(self.share, Schedule) else f"{self.share:.0%}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"share": schedules.plain(self.share), "beta": keras.saving.serialize_keras_object(self.beta)}

    def prepare(self, model: Any) -> None:
        """Check that the model has what this objective needs; `compile` calls this."""
        if not hasattr(model.prior, "map_given"):
            raise ValueError(
                f"MapDropoutELBO needs a prior with a map, such as distributions.SpatialPrior; this model has a "
                f"{type(model.prior).__name__}. Use objectives.ELBO."
            )

    def terms(
        self, model: Any, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Terms:
        """Compute the terms of a batch: see `Objective.terms`.

        Raises:
            NotImplementedError: if the posterior is not a diagonal Gaussian.
        """
        if not training:
            return super().terms(model, x, condition, step, seed, training, target)
        posterior = model.posterior_given(x, condition, training)
        if not isinstance(posterior, tfd.Independent):
            raise NotImplementedError(f"MapDropoutELBO needs a diagonal Gaussian posterior, not {posterior.name}.")
        size = model.prior.vector_size
        z = posterior.sample(seed=seed)
        loc, scale = posterior.mean(), posterior.stddev()
        vector, own = z[:, :size], z[:, size:]
        of_map = model.prior.map_given(vector, model.features(condition, training))
        keeps = _random.uniform(tf.shape(x)[:1], _random.fold_in(seed, 1)) >= schedules.at(self.share, step)
        noise = _random.normal(tf.shape(own), _random.fold_in(seed, 2))
        code = tf.where(keeps[:, None], own, of_map.mean() + of_map.stddev() * noise)
        kl_map = independent_normal(loc[:, size:], scale[:, size:], 1).kl_divergence(of_map)
        kl_vector = independent_normal(loc[:, :size], scale[:, :size], 1).kl_divergence(
            independent_normal(tf.zeros(size), 1.0, 1)
        )
        kl = kl_vector + tf.where(keeps, kl_map, tf.zeros_like(kl_map))
        likelihood = model.likelihood_given(tf.concat([vector, code], axis=-1), condition, training)
        log_likelihood = likelihood.log_prob(x if target is None else target)
        return Terms(log_likelihood, kl, (self.beta(step) - 1.0) * kl)
