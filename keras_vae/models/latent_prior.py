"""What models have in common that sample vectors of latents from a prior."""

from typing import Any

from keras_vae import _checks, _named, _random, distributions
from keras_vae.distributions import Likelihood, Prior
from keras_vae.models.capabilities import Samples


class LatentPrior(Samples):
    """A prior p(z|c) over the vectors that the decoder takes. Stands before an `EncoderDecoder` among the bases of a model.

    The model has a `prior`, a `distributions.Prior` of `latent_size` latents, and names it among its `parts`.
    """

    prior: Prior
    latent_size: int

    def prior_named(self, spec: Any) -> Prior:
        """Make the prior that a constructor is given: a name, a dict of a name and arguments, or a layer.

        Raises:
            ValueError: if a name or an argument is unknown or out of its range, or the layer is over another number of latents.
        """
        model: Any = self  # with the sizes of an EncoderDecoder
        prior = prior_named(spec, model.latent_size, model.likelihood, model.condition_size)
        if prior.event_shape != (model.latent_size,):
            raise ValueError(
                f"The prior is over events of shape {prior.event_shape}: this model needs {(model.latent_size,)}."
            )
        return prior

    @property
    def noise_size(self) -> int:
        """Number of standard normal values that one sample is made of."""
        return self.prior.noise_size

    def prior_given(self, condition: Any, temperature: float = 1.0, training: bool = False) -> Any:
        """p(z|c): batch shape `()` or `(B,)`, event shape `(Z,)`."""
        return self.prior(condition, temperature=temperature, training=training)

    def latents_from_noise(self, noise: Any, condition: Any) -> Any:
        """Draws `(B, Z)` of p(z|c) from standard normal noise `(B, N)`."""
        return self.prior.from_noise(noise, condition)

    def sample_from_noise(self, noise: Any, condition: Any) -> Any:
        """The means of p(x|z) at draws of p(z|c) from standard normal noise `(B, N)`: `(B,) + data_shape`."""
        model: Any = self  # with the methods of an EncoderDecoder
        condition = model.prepared(condition)
        return model.likelihood_given(self.latents_from_noise(noise, condition), condition).mean()

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
        model: Any = self
        temperature = _checks.finite_float("temperature", temperature, minimum=0.0, maximum=100.0)
        n, condition = model._how_many(n, labels)
        condition = model.prepared(condition)
        prior = self.prior_given(condition, temperature=temperature)
        z = prior.sample(n if prior.batch_shape.rank == 0 else (), seed=_random.as_seed(seed))
        return model.likelihood_given(z, condition).mean()

    @property
    def starts_from_data(self) -> bool:
        """Whether `adapt` has something to do before training."""
        return self.prior.starts_from_data

    def adapt(self, x: Any) -> None:
        """Start the prior from training data `(N,) + data_shape`, where it starts from data."""
        self.prior.adapt(x)


def prior_named(spec: Any, size: int, likelihood: Likelihood, condition_size: int = 0) -> Prior:
    """Make the prior that `spec` names, over `size` latents of data that `likelihood` is over."""
    offered = {
        "event_shape": (size,),
        "condition_size": condition_size,
        "data_shape": likelihood.event_shape,
        "support": likelihood.support,
    }
    return _named.build("prior", distributions, Prior, spec, offered)
