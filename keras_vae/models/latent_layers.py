"""Layers that turn data into latents, for use in functional and sequential models."""

from typing import Any

from keras_vae import _checks, _random, _replicas
from keras_vae._backend import keras, serializable, tf
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.base import EncoderDecoder
from keras_vae.models.latent_variable import LatentVariableModel


@serializable
class LatentMean(keras.layers.Layer):
    """Data `(B,) + data_shape` to latents `(B, Z)`: the mean of q(z|x), or the code of a deterministic autoencoder.

    `model.encoder` itself gives the parameters of q(z|x), of which there are 2Z or more.

    >>> features = keras.Sequential([models.LatentMean(model)])
    >>> features.predict(images)
    >>> pipeline = make_pipeline(FunctionTransformer(features.predict), LogisticRegression())  # scikit-learn

    A conditional model's layer is called with `[x, labels]`.

    Args:
        model: a model with latents. Its weights are those of the layer, and train with it unless they are frozen.
        **kwargs: `name` and the like, as in every Keras layer.

    Raises:
        ValueError: if the model's codes are not vectors of numbers, as those of a `VQVAE` are not.
    """

    def __init__(self, model: EncoderDecoder, **kwargs: Any):
        if not isinstance(model, LatentVariableModel | Autoencoder):
            raise ValueError(
                f"model={_checks.shown(model)}: {type(self).__name__} takes a VAE or an Autoencoder. A VQVAE's codes are "
                "whole numbers: see its encode."
            )
        super().__init__(**kwargs)
        self.model = model
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the latents."""
        found = self._encoded(inputs, training)
        return found if isinstance(self.model, Autoencoder) else found.mean()

    def _encoded(self, inputs: Any, training: bool) -> Any:
        """q(z|x), or the codes."""
        paired = isinstance(inputs, tuple | list)
        x, labels = inputs if paired else (inputs, None)
        x = keras.ops.cast(x, "float32")
        if isinstance(self.model, Autoencoder):
            return self.model.code_given(x, None, training)
        condition = self.model.condition_of(labels, tf.shape(x)[0])
        return self.model.posterior_given(x, condition, training)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """`(B, Z)`."""
        first = input_shape[0]
        return (first[0] if isinstance(first, tuple | list) else first, self.model.latent_size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "model": keras.saving.serialize_keras_object(self.model)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LatentMean":
        """Make the layer that `get_config` described, with fresh weights."""
        return cls(**{**config, "model": keras.saving.deserialize_keras_object(config["model"])})


@serializable
class LatentSample(LatentMean):
    """Data `(B,) + data_shape` to one sample of q(z|x) each, `(B, Z)`; in all else as `LatentMean`.

    Args:
        model: a model with a posterior.
        seed: of the first call; each call takes fresh noise, and a layer of the same seed takes the same again.
        **kwargs: as in `LatentMean`.

    Raises:
        ValueError: if the model has no posterior to sample from, as an `Autoencoder` has not, or the seed is out of its range.
    """

    def __init__(self, model: EncoderDecoder, seed: int | None = None, **kwargs: Any):
        if not isinstance(model, LatentVariableModel):
            raise ValueError(
                f"model={_checks.shown(model)}: there is no q(z|x) to sample from. LatentSample takes a VAE."
            )
        super().__init__(model, **kwargs)
        self.seed = None if seed is None else _checks.positive_int("seed", seed, maximum=2**31 - 1, minimum=0)
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the samples."""
        seed = _random.as_seed(self.seed_generator.next())
        return self._encoded(inputs, training).sample(seed=_random.fold_in(seed, _replicas.replica_id()))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}
