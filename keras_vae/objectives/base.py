"""What every objective has in common."""

import abc
import collections
from typing import Any, NamedTuple, Protocol

from keras_vae import _checks
from keras_vae._written import Fixed


class Terms(NamedTuple):
    """The terms of one batch in nats, each of shape `(B,)`; from them everything that is logged follows.

    `elbo = log_likelihood - kl` and `loss = -elbo + regularizer`, so the plain ELBO has a regularizer of exactly zero.
    """

    log_likelihood: Any
    kl: Any
    regularizer: Any

    @property
    def elbo(self) -> Any:
        """The bound."""
        return self.log_likelihood - self.kl

    @property
    def loss(self) -> Any:
        """What is minimised."""
        return self.regularizer - self.elbo

    @classmethod
    def logged(cls) -> tuple[str, ...]:
        """What the logs show."""
        return ("loss", "elbo", "log_likelihood", "kl")


def terms_with(base: Any, *names: str) -> Any:
    """Terms of an objective of one's own: those of `base`, and more that are averaged over the examples and logged by their names.

    >>> class WithMMD(Objective):
    ...     terms_type = terms_with(Terms, "mmd")
    ...
    ...     def terms(self, model, x, condition, step, seed, training=False):
    ...         return self.terms_type(log_likelihood, kl, regularizer, mmd=mmd)

    Args:
        base: the terms that the models take: `Terms` for those with latents, `ReconstructionTerms`, `SemiSupervisedTerms` or
            `QuantizationTerms`.
        *names: of the further terms, each of shape `(B,)`.

    Returns:
        A named tuple, whose last fields are the further terms. What follows from the others, such as the loss, is as of `base`.

    Raises:
        ValueError: if a name is no identifier, or is taken.
    """
    if not hasattr(base, "_fields") or not hasattr(base, "logged"):
        raise ValueError(f"base={_checks.shown(base)}: must be terms of the library, such as objectives.Terms.")
    taken = {*base._fields, *base.logged(), *(name for name in dir(base) if not name.startswith("__"))}
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_") or name in {*taken, *names[:i]}:
            raise ValueError(
                f"terms_with(..., {name!r}): must be a new name in snake case, such as 'mmd'; taken are {', '.join(base.logged())} "
                "and the other attributes of the terms."
            )
    fields: Any = collections.namedtuple(base.__name__, (*base._fields, *names))  # type: ignore[misc]
    follows = {
        name: value for name, value in vars(base).items() if not name.startswith("_") and name not in base._fields
    }
    logged = (*base.logged(), *names)
    return type(
        base.__name__,
        (fields,),
        {**follows, "__slots__": (), "logged": classmethod(lambda cls: logged), "_root": root_of(base)},
    )


def root_of(terms_type: Any) -> Any:
    """The library's terms that terms extend; themselves where they extend none."""
    return getattr(terms_type, "_root", terms_type)


class Parts(Protocol):
    """What an objective may ask of a model: its three distributions, given a condition `(B, C)` or None.

    `training` reaches the layers of the networks, as in Keras.
    """

    def posterior_given(self, x: Any, condition: Any, training: bool = False) -> Any:
        """q(z|x, c): batch shape `(B,)`."""

    def prior_given(self, condition: Any, *, training: bool = False) -> Any:
        """p(z|c): batch shape `()` or `(B,)`."""

    def likelihood_given(self, z: Any, condition: Any, training: bool = False) -> Any:
        """p(x|z, c): batch shape `(S, B)` for latents `(S, B, Z)`."""


class Objective(Fixed):
    """An objective: the terms of one batch, as a function of a model's distributions.

    Its settings stay as it was made: see `Fixed`. State that it makes for itself, as in `prepare`, is in attributes that begin with
    "_".
    """

    terms_type: Any = Terms
    """The named tuple that `terms` gives: its `loss` is minimised, and what it says is `logged`. See `terms_with`."""

    @abc.abstractmethod
    def terms(
        self, model: Any, x: Any, condition: Any, step: Any, seed: Any, training: bool = False, target: Any = None
    ) -> Any:
        """Compute the terms of a batch.

        Args:
            model: gives the distributions: see `Parts`.
            x: data, `(B,) + data_shape`.
            condition: `(B, C)`, or what the model makes of its conditions for its own methods, or None: pass it on to those.
            step: number of optimizer steps taken, for schedules; scalar int64.
            seed: stateless seed, int32 of shape `(2,)`.
            training: whether this is a training step, for the layers that behave differently in one.
            target: what is to be given back, `(B,) + data_shape`, where it is not x itself, such as the clean images of noisy
                ones. The encoder sees x and the likelihood is that of the target, so the bound is one on its log-density. An
                objective without this argument takes no target, and a model that is compiled with it refuses one.
        """

    def trains(self, model: Any) -> list[Any]:
        """The weights of the model that it moves, of those that are trainable."""
        return list(model.trainable_variables)

    # Most objectives train nothing but the model.
    def prepare(self, model: Any) -> None:
        """Make what the objective trains beside the model, such as a discriminator, if it has any; `compile` calls this."""

    def learn(self, model: Any, x: Any, condition: Any, step: Any, seed: Any) -> None:
        """Train that by one step, after the model's own. Arguments as in `terms`."""

    @property
    def variables(self) -> list[Any]:
        """The state of what it trains, which a checkpoint keeps with the model's."""
        return []

    def formula(self, given: str = "") -> str:
        """The loss as a formula with the objective's settings, for the model card; by default the call that makes the objective.

        Args:
            given: letter of the condition of the densities, "" for none.
        """
        return repr(self)

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The configuration from which `from_config` makes the same objective."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        """Make the objective that `get_config` described."""
        return cls(**config)
