"""The conditional variational autoencoder whose conditions are attributes, words and numbers."""

from typing import Any

import numpy as np

from keras_vae import _named, networks
from keras_vae._attributes import Attributes
from keras_vae._backend import keras, serializable
from keras_vae.models import validation
from keras_vae.models.latent_variable import LatentVariableModel
from keras_vae.models.symbols import Symbol
from keras_vae.networks import Architecture


@serializable
class AttributeConditionalVAE(LatentVariableModel):
    """Variational autoencoder conditioned on attributes: q(z|x, c), p(x|z, c), and p(z) or a learned p(z|c).

    As `ConditionalVAE` (Sohn et al., 2015), with several attributes in the place of one class: the condition is a float vector, in
    which words are one-hot and numbers standardised. It stands beside the input of the dense layers of both networks.

    >>> model = AttributeConditionalVAE((64, 64, 3), {"colour": ["red", "green"], "age": {"mean": 40.0, "std": 12.5}}, 16)
    >>> model.compile("adam")
    >>> model.fit(images, {"colour": colours, "age": ages}, epochs=10)
    >>> model.sample(labels={"colour": ["red", "green"], "age": [20, 60]}, seed=0)

    Wherever a model takes labels, this one takes attributes: vectors float32 `(B, K)`, or a dict (or a data frame) with a column
    `(B,)` for each attribute in its own units. Pipelines and `predict` take vectors: `vectors` makes them of columns, and
    `data.ImageTable` gives them.

    Args:
        data_shape: shape of one example.
        attributes: by name, the list of words of an attribute, `{"mean": m, "std": s}` of a number, or `"number"` for one that is
            standardised already; what `data.ImageTable(...).attributes` is. The parts of a vector have
            the order of the names' alphabet, and words that of their list.
        latent_size: number of latents Z.
        network, prior: as in `ConditionalVAE`.
        posterior, likelihood, **kwargs: as in `VAE`.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    def __init__(
        self,
        data_shape: Any,
        attributes: Any,
        latent_size: int,
        network: Any = "mlp",
        posterior: Any = "diagonal_gaussian",
        prior: Any = "standard_normal",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        table = Attributes(attributes)
        super().__init__(
            architecture=_named.build("network", networks, Architecture, network),
            data_shape=data_shape,
            latent_size=latent_size,
            condition_size=table.size,
            posterior=posterior,
            prior=prior,
            likelihood=likelihood,
            **kwargs,
        )
        self._attributes = table

    @property
    def attributes(self) -> dict[str, Any]:
        """By attribute its words, or the mean and the standard deviation of a number."""
        return self._attributes.described

    @property
    def condition_symbol(self) -> Symbol:
        """The vector of the attributes."""
        names = ", ".join(self.attributes)
        return Symbol("c", f"a vector of {self.condition_size} numbers, of the attributes {names}", "labels")

    @property
    def condition_spec(self) -> Any:
        """The shape and the dtype of a condition."""
        return keras.InputSpec(shape=(None, self.condition_size), dtype="float32")

    @property
    def condition_fields(self) -> dict[str, Any]:
        """What a build's `lite.Manifest` says of the condition, by its arguments."""
        return {"attributes": self.attributes}

    def example_labels(self, count: int, seed: int = 0) -> np.ndarray:
        """As `random_vectors`."""
        return self.random_vectors(count, seed)

    def vectors(self, columns: Any) -> np.ndarray:
        """Vectors float32 `(B, K)` of a column `(B,)` for each attribute.

        Raises:
            ValueError: if a column is missing or unknown, they have different lengths, a word is none of the attribute's, or a
                number is not finite.
        """
        return self._attributes.vectors(columns)

    def random_vectors(self, count: int, seed: int = 0) -> np.ndarray:
        """Vectors float32 `(count, K)`, of words with equal chances and of numbers from a normal distribution."""
        return self._attributes.random(count, seed)

    def as_labels(self, labels: Any) -> Any:
        """Vectors of columns; vectors stay."""
        return self.vectors(labels) if hasattr(labels, "keys") else labels

    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """Vectors, float32 `(B, K)`."""
        return validation.vectors(self.as_labels(labels), self._attributes.element_names, batch_size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **self._common_config(),
            "attributes": self.attributes,
            "network": _named.described(self.architecture),
        }
