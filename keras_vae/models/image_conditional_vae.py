"""The conditional variational autoencoder whose conditions are pictures."""

from typing import Any, NamedTuple

from keras_vae import _checks, _named, networks
from keras_vae._backend import keras, serializable, tf
from keras_vae.distributions import MaskedLikelihood
from keras_vae.models import validation
from keras_vae.models.base import policy
from keras_vae.models.capabilities import ImageConditions
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.models.symbols import Symbol
from keras_vae.networks import Architecture


class _Prepared(NamedTuple):
    """A condition beside its features, which are then computed once for all distributions."""

    image: Any
    features: Any


@serializable
class ImageConditionalVAE(ImageConditions, LatentVariableModel):
    """Variational autoencoder conditioned on a picture: q(z|x, c), p(x|z, c) and a learned p(z|c), of features of c.

    Sohn et al. (2015). A network of its own makes features of the condition, which the other networks and the prior are given.

    >>> model = ImageConditionalVAE((28, 28, 1), condition_shape=(28, 28, 2), latent_size=50, completes=True)
    >>> model.compile("adam")
    >>> model.fit(images, data.quadrants(images, 1), epochs=10)
    >>> model.sample(labels=data.quadrants(images[:5], 1), seed=0)

    Wherever a model takes labels, this one takes pictures: floats from 0 to 1 or uint8, `(B,) + condition_shape`.

    Args:
        data_shape: shape of one example.
        condition_shape: shape of one condition.
        latent_size: number of latents Z.
        num_features: number of features of the condition.
        network: as in `ConditionalVAE`.
        condition_network: makes the features; by default like the encoder.
        completes: whether the condition is the data of which some elements are hidden, with one more channel that is 1 (of uint8
            255) where an element is given. Then the likelihood is of the hidden elements alone, and the others come out as they
            are.
        posterior, likelihood, **kwargs: as in `VAE`.
        prior: `"conditional_gaussian"`, p(z|c), or as in `VAE`.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        condition_shape: Any,
        latent_size: int,
        num_features: int = 64,
        network: Any = "mlp",
        condition_network: Any = None,
        completes: bool = False,
        posterior: Any = "diagonal_gaussian",
        prior: Any = "conditional_gaussian",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        data_shape = _checks.data_shape("data_shape", data_shape)
        condition_shape = _checks.data_shape("condition_shape", condition_shape)
        wanted = (*data_shape[:-1], data_shape[-1] + 1)
        self.completes = _checks.flag("completes", completes)
        if self.completes and condition_shape != wanted:
            raise ValueError(
                f"condition_shape={condition_shape}: to complete data of shape {data_shape} the condition has one channel more, "
                f"{wanted}."
            )
        architecture = _named.build("network", networks, Architecture, network)
        super().__init__(
            architecture=architecture,
            data_shape=data_shape,
            latent_size=latent_size,
            condition_size=_checks.positive_int("num_features", num_features),
            posterior=posterior,
            prior=prior,
            likelihood=likelihood,
            **kwargs,
        )
        self.condition_shape = condition_shape
        self.condition_architecture = (
            architecture
            if condition_network is None
            else _named.build("condition_network", networks, Architecture, condition_network)
        )
        with policy(self.dtype_policy):
            self.condition_encoder = self.condition_architecture.encoder(condition_shape, self.condition_size)
            self.condition_encoder.name = "condition_encoder"
        self.built = True

    @property
    def parts(self) -> dict[str, Any]:
        """The six parts by name; their variables are all that the model has."""
        return {**super().parts, "condition_encoder": self.condition_encoder}

    @property
    def condition_spec(self) -> Any:
        """The shape and the dtype of a condition."""
        return keras.InputSpec(shape=(None, *self.condition_shape), dtype="float32")

    @property
    def condition_fields(self) -> dict[str, Any]:
        """What a build's `lite.Manifest` says of the condition, by its arguments."""
        return {"condition_shape": self.condition_shape, "completes": self.completes}

    def example_labels(self, count: int, seed: int = 0) -> Any:
        """Nothing: images to condition on are the user's.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"The conditions of {type(self).__name__} are images: give examples of data and of conditions."
        )

    @property
    def condition_symbol(self) -> Symbol:
        """The features of a condition."""
        shape = " x ".join(map(str, self.condition_shape))
        return Symbol("c", f"features of a picture of shape {shape}", "labels")

    def _likelihood_formula(self, given: str) -> str:
        hidden = ", of the hidden elements alone" if self.completes else ""
        return f"{super()._likelihood_formula(given)}{hidden}"

    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """The conditions as float32 `(B,) + condition_shape`."""
        return validation.pictures(labels, self.condition_shape, batch_size)

    def encoder_outputs(self, x: Any, condition: Any, training: bool = False) -> Any:
        """The parameters of q(z|x, c), as the encoder puts them out."""
        return self.encoder([x, self.features(condition, training)], training=training)

    def prior_given(self, condition: Any, temperature: float = 1.0, training: bool = False) -> Any:
        """p(z|c): batch shape `(B,)`, event shape `(Z,)`."""
        return super().prior_given(self.features(condition, training), temperature, training)

    def likelihood_given(self, z: Any, condition: Any, training: bool = False) -> Any:
        """p(x|z, c): batch shape `(B,)` for latents `(B, Z)`, `(S, B)` for latents `(S, B, Z)`."""
        return self._completed(super().likelihood_given(z, self.features(condition, training), training), condition)

    def likelihood_of(self, params: Any, condition: Any) -> Any:
        """p(x|z, c) of what a decoder put out, batch shape `(B,)`."""
        return self._completed(super().likelihood_of(params, condition), condition)

    def prepared(self, condition: Any, training: bool = False) -> Any:
        """The condition beside its features: see `EncoderDecoder.prepared`."""
        return _Prepared(condition, self.features(condition, training))

    def _completed(self, likelihood: Any, condition: Any) -> Any:
        """The likelihood of the elements that the condition does not give, if it gives any."""
        if not self.completes:
            return likelihood
        image = condition.image if isinstance(condition, _Prepared) else condition
        values = image[..., :-1]
        return MaskedLikelihood(likelihood, values, tf.broadcast_to(image[..., -1:] > 0.5, tf.shape(values)))

    def latents_from_noise(self, noise: Any, condition: Any) -> Any:
        """Draws `(B, Z)` of p(z|c) from standard normal noise `(B, N)`."""
        return self.prior.from_noise(noise, self.features(condition))

    def features(self, condition: Any, training: bool = False) -> Any:
        """What the other networks see of conditions `(B,) + condition_shape`: `(B, num_features)`."""
        if isinstance(condition, _Prepared):
            return condition.features
        return tf.nn.silu(self.condition_encoder(condition, training=training))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **self._common_config(),
            "condition_shape": list(self.condition_shape),
            "num_features": self.condition_size,
            "network": _named.described(self.architecture),
            "condition_network": _named.described(self.condition_architecture),
            "completes": self.completes,
        }
