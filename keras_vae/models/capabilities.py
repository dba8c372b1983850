"""What a model can do. Other packages ask for these classes and for no class of models, so that a user's own model counts too.

A capability is an abstract class: its methods and attributes are what other packages use of a model that has it. A model has
several. Functions that differ by what a model can do are registered for capabilities (`functools.singledispatch`, or
`_gathered.Gathered` where several answers are put together), and a user registers an own class, or an own capability, with them:

>>> class MyModel(models.LatentPrior, models.Autoencoder):
...     ...
>>> plots.portrait_of.register(MyModel, lambda model, images, labels, class_names=(): my_figure(model, images))

The order of the bases says what a model is above all: of two capabilities with a function each, the first one's is called.
"""

import abc
from typing import Any

import numpy as np


class LabelFacts:
    """What every model says of the labels that its methods take; by default there are none."""

    name: Any
    """Name of the model, as in every Keras model."""
    conditional: Any = False
    """Whether the methods need labels."""
    num_classes: Any = None
    """Number of classes, where labels are classes."""
    attributes: Any = None
    """What labels say, by name, where they are attributes."""

    @property
    def num_labels(self) -> int | None:
        """How many different labels there are; None where labels are not numbers from 0."""
        return self.num_classes


class HasObjective(abc.ABC):
    """A model that an objective trains, where Keras has a loss: `compile(optimizer, objective, seed=...)`."""

    objective: Any
    """What is maximised, as `compile` was told; None before."""

    @abc.abstractmethod
    def default_objective(self) -> Any:
        """What `compile` takes where it is given no objective."""


class Reconstructs(LabelFacts, abc.ABC):
    """A model with a code of the data, and a distribution of the data given the code.

    In all methods `labels` are what the model is conditioned on, `(B,)` or as the model says; a model without a condition refuses
    them with a `ValueError`, and so does a conditional one if they are missing where the condition has a part in the answer.
    """

    data_shape: tuple[int, ...]
    """Shape of one example."""
    latent_size: int
    """Length Z of a code."""
    likelihood: Any
    """The layer that makes p(x|code) of the decoder's outputs."""
    corruption: Any = None
    """What `fit` does to the data before the encoder sees them; None for nothing."""
    condition_size: int
    """Length C of the vectors that the networks are given for a condition; 0 for a model without."""
    condition_reaches: tuple[str, ...]
    """Which of `"encoder"`, `"decoder"` and `"prior"` are given it."""
    condition_spec: Any
    """A `keras.InputSpec` of labels: how a condition enters an exported graph."""
    condition_fields: Any
    """What a build's `lite.Manifest` says of the condition, by its arguments; None where builds have no words for it."""

    @abc.abstractmethod
    def as_labels(self, labels: Any) -> Any:
        """Labels as arrays, of what the model takes beside those."""

    @abc.abstractmethod
    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """Labels, checked, as the other methods here take a `condition`; None for a model without."""

    @abc.abstractmethod
    def example_labels(self, count: int, seed: int = 0) -> Any:
        """Labels to try the model with, `count` of them; None for a model without a condition."""

    @abc.abstractmethod
    def encode(self, x: Any, labels: Any = None) -> Any:
        """What the model knows of the code of x: a distribution, or the code itself."""

    @abc.abstractmethod
    def code(self, x: Any, labels: Any = None) -> Any:
        """The code of x as a tensor `(B, Z)`, whatever `encode` returns: the mean of a posterior, a vector, or whole numbers."""

    @abc.abstractmethod
    def decode(self, codes: Any, labels: Any = None) -> Any:
        """p(x|code): a tfp distribution, batch shape `(B,)`, event shape `data_shape`."""

    @abc.abstractmethod
    def reconstruct(self, x: Any, labels: Any = None) -> Any:
        """The mean of p(x|code) at the code of x: `(B,) + data_shape`."""


class HasPosterior(Reconstructs):
    """A model whose `encode` returns q(z|x), a distribution with a density: there is an ELBO, and an estimate of log p(x)."""

    @property
    def level_sizes(self) -> tuple[int, ...]:
        """Number of latents of each level of a hierarchy, the top one first; one level by default."""
        return (self.latent_size,)

    @abc.abstractmethod
    def posterior_given(self, x: Any, condition: Any, training: bool = False) -> Any:
        """q(z|x, c): batch shape `(B,)`, event shape `(Z,)`, for a condition as `condition_of` makes it."""

    @abc.abstractmethod
    def elbo(self, x: Any, labels: Any = None) -> Any:
        """The evidence lower bound of each example in nats: `(B,)`."""

    @abc.abstractmethod
    def log_prob(self, x: Any, labels: Any = None, num_samples: int = 5000, seed: Any = None) -> Any:
        """An estimate of log p(x) of each example in nats: `(B,)`."""


class DeterministicCode(Reconstructs):
    """A model whose `encode` returns the code itself: a vector of real numbers `(B, Z)` per example."""

    @abc.abstractmethod
    def code_given(self, x: Any, condition: Any, training: bool = False) -> Any:
        """The codes `(B, Z)` of data that need no check, for a condition as `condition_of` makes it."""


class DiscreteCodes(Reconstructs):
    """A model whose `encode` returns whole numbers from 0 to K - 1, int32 `(B, N)`, on one or more grids."""

    num_codes: int
    """K."""
    prior: Any
    """The layer that makes p(k|c): a `distributions.CodePrior`, which knows the `grids` and the `logits` of codes."""

    @abc.abstractmethod
    def grids(self, codes: Any) -> list[Any]:
        """The codes `(B, N)` as a grid `(B, H, W)` for each level, the smallest first."""

    @abc.abstractmethod
    def prior_given(self, condition: Any, temperature: float = 1.0) -> Any:
        """p(k|c): batch shape `()` or `(B,)`, event shape `(N,)`, for a condition as `condition_of` makes it."""

    @abc.abstractmethod
    def params_of(self, codes: Any) -> Any:
        """The parameters of p(x|k), as the decoder puts them out, of numbers `(B, N)` that need no check."""


class Samples(LabelFacts, abc.ABC):
    """A model that makes new data of nothing, or of labels."""

    data_shape: tuple[int, ...]
    """Shape of one example."""

    @abc.abstractmethod
    def sample(self, n: int | None = None, labels: Any = None, seed: Any = None, temperature: float = 1.0) -> Any:
        """New data `(n,) + data_shape`: of a model without a condition n of them, of a conditional one as many as labels."""

    @property
    @abc.abstractmethod
    def noise_size(self) -> int:
        """Number of standard normal values that one sample is made of."""

    @abc.abstractmethod
    def sample_from_noise(self, noise: Any, condition: Any) -> Any:
        """New data `(B,) + data_shape` of standard normal noise `(B, noise_size)`, for a condition as `condition_of` makes it."""


class Classifies(abc.ABC):
    """A model that knows the class of data."""

    num_classes: Any

    @abc.abstractmethod
    def class_log_probs(self, x: Any) -> Any:
        """log q(y|x) in nats, `(B, num_classes)`."""

    @abc.abstractmethod
    def class_log_probs_given(self, x: Any, training: bool = False) -> Any:
        """The same of data that need no check."""

    @abc.abstractmethod
    def classify(self, x: np.ndarray) -> np.ndarray:
        """The most probable class of each example, int64 `(N,)`, of data of any length."""


class ImageConditions(abc.ABC):
    """A model whose conditions are images, of which a network makes the vectors that the other networks see."""

    condition_shape: tuple[int, ...]
    """Shape of one condition."""
    completes: bool
    """Whether the condition is the data with some elements hidden, and one more channel that is 1 where an element is given."""

    @abc.abstractmethod
    def features(self, condition: Any, training: bool = False) -> Any:
        """What the other networks see of conditions `(B,) + condition_shape`: `(B, condition_size)`."""


class TranslatesDomains(Reconstructs):
    """A model that moves data from one domain to another."""

    num_domains: int

    @abc.abstractmethod
    def swap(self, x: Any, domains: Any) -> Any:
        """Data `(B,) + data_shape` of any domain as the domains of these numbers, `(B,)` or one for all, would show them."""


class Denoises(abc.ABC):
    """A model that learned to give back clean data of corrupted ones."""

    corruption: Any
    """The corruption that it learned from."""


class SparseCode(abc.ABC):
    """A model of whose code units few are active at a time, so that each stands for something of its own."""

    num_active: int | None
    """How many units keep their activation; None where a penalty alone makes the code sparse."""

    @abc.abstractmethod
    def code_of_largest(self, x: Any, k: Any, most: int, training: bool = False) -> Any:
        """The codes `(B, Z)` of data that need no check, with another k than `num_active`; k is from 1 to `most`."""


def require(function: str, model: Any, capability: type, remedy: str) -> None:
    """Raise `ValueError` if a model does not have the capability that a function needs.

    Args:
        function: its name.
        model: the model.
        capability: a class of this module.
        remedy: what to give instead, such as "a VAE".
    """
    if not isinstance(model, capability):
        raise ValueError(f"{function} takes {remedy}, and the model is a {type(model).__name__}.")
