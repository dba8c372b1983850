"""The one latent-variable model that all VAEs are: five parts, and the methods."""

from typing import Any

import numpy as np

from keras_vae import _checks, _named, _random, distributions
from keras_vae._backend import tf
from keras_vae.distributions import Posterior
from keras_vae.models import importance, symbols, validation
from keras_vae.models.base import EncoderDecoder
from keras_vae.models.capabilities import HasPosterior
from keras_vae.models.latent_prior import LatentPrior
from keras_vae.models.logs import warn_of_non_binary
from keras_vae.models.symbols import Symbol
from keras_vae.networks import Architecture
from keras_vae.objectives import ELBO, Objective, Terms


class LatentVariableModel(LatentPrior, HasPosterior, EncoderDecoder):
    """A generative model p(z|c) p(x|z, c) with an approximate posterior q(z|x, c), trained by a bound on log p(x|c).

    Shapes are written `sample_shape + batch_shape + event_shape`. All densities are in nats an example, summed over
    pixels and latents. A subclass chooses the parts and says how labels become a condition; it overrides nothing else.

    Args:
        architecture: makes the encoder and the decoder.
        data_shape: shape of one example.
        latent_size: number of latents Z.
        condition_size: length of the condition vectors, 0 for a model without.
        posterior, prior, likelihood: a name, a dict of a name and arguments, or a layer.
        **kwargs: `name` and the like, as in every Keras model.
    """

    terms_type: Any = Terms
    states_log_prob = True

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
        super().__init__(
            architecture=architecture,
            data_shape=data_shape,
            latent_size=latent_size,
            condition_size=condition_size,
            likelihood=likelihood,
            **kwargs,
        )
        latent = {"event_shape": (self.latent_size,), "condition_size": condition_size}
        self.posterior = _named.build("posterior", distributions, Posterior, posterior, latent)
        self.prior = self.prior_named(prior)
        self._check_event_shape("posterior", (self.latent_size,))
        self._build_networks(self.posterior.params_shape[0])
        # Pseudo-inputs are given no training flag: as a part of the prior they take that of the prior's call.
        self.prior.connect(lambda x: self.posterior(self.encoder(x)))

    def default_objective(self) -> Objective:
        """The plain ELBO."""
        return ELBO()

    # -- what the model card shows -------------------------------------------------------------------------------------

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """Prior, likelihood and posterior, and the bound: see `EncoderDecoder.symbols`."""
        given, labels, over = (f", {condition}", ", labels", f" | {condition}") if condition else ("", "", "")
        bound = symbols.bound(given, over)
        return [
            *self._distribution_symbols(condition, over),
            Symbol(f"log p(x{over})", f"≥ {bound}, the ELBO", f"model.elbo(x{labels}), model.log_prob(x{labels})"),
        ]

    def _distribution_symbols(self, condition: str, over: str) -> list[Symbol]:
        """The three distributions; `over` is what the prior is conditioned on, `" | c"`, or "" for nothing."""
        given, labels = (f", {condition}", ", labels") if condition else ("", "")
        return [
            Symbol(f"p(z{over})", f"{self.prior.formula(condition)}; {self.latent_size} latents", "model.prior"),
            Symbol(f"p(x | z{given})", self._likelihood_formula(f"z{given}"), f"model.decode(z{labels})"),
            Symbol(f"q(z | x{given})", self.posterior.formula(f"x{given}"), f"model.encode(x{labels})"),
        ]

    def _likelihood_formula(self, given: str) -> str:
        return self.likelihood.formula(given)

    # -- the distributions, given a condition vector (what objectives use) ---------------------------------------------

    def posterior_given(self, x: Any, condition: Any, training: bool = False) -> Any:
        """q(z|x, c): batch shape `(B,)`, event shape `(Z,)`."""
        return self.posterior(self.encoder_outputs(x, condition, training))

    def encoder_outputs(self, x: Any, condition: Any, training: bool = False) -> Any:
        """The parameters of q(z|x, c), as the encoder puts them out."""
        return self.encoder(x if condition is None else [x, condition], training=training)

    def code_of(self, outputs: Any) -> Any:
        """The posterior means `(B, Z)` of what the encoder puts out."""
        return self.posterior(outputs).mean()

    # -- methods -------------------------------------------------------------------------------------------------------

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

    def decode(self, codes: Any, labels: Any = None) -> Any:
        """Return the likelihood p(x|z): a tfp distribution, batch shape `(B,)`, event shape `data_shape`.

        Args:
            codes: latents z, `(B, Z)`, or `(S, B, Z)` for a batch shape of `(S, B)`.
            labels: int labels `(B,)`, for a conditional model only.

        Raises:
            ValueError: if shape, dtype or range of an argument are wrong, or a value is not finite.
        """
        z = validation.latents(codes, self.latent_size)
        return self.likelihood_given(z, self._condition(labels, tf.shape(z)[-2]))

    def reconstruct(self, x: Any, labels: Any = None) -> Any:
        """Return the mean of p(x|z) at the posterior mean: `(B,) + data_shape`.

        Args and errors as in `encode`.
        """
        x, condition = self._inputs(x, labels)
        condition = self.prepared(condition)
        return self.likelihood_given(self.posterior_given(x, condition).mean(), condition).mean()

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
        objective = ELBO(num_samples=num_samples, kl=kl)
        terms = objective.terms(self, x, self.prepared(condition), 0, _random.as_seed(seed))
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

    def _warn_of_grey(self, x: Any) -> None:
        if (isinstance(x, np.ndarray) or hasattr(x, "numpy")) and self.weighs_grey(x):
            warn_of_non_binary()
