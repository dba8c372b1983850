"""The logged quantities: running sums of an objective's terms, and the identities that give the rest."""

from collections.abc import Callable
from typing import Any

from keras_vae._backend import keras, tf
from keras_vae.objectives import Terms


class TermSums(keras.metrics.Metric):
    """Sums of the terms over the batches seen, weighted by the sample weights. Logs nothing itself."""

    def __init__(self) -> None:
        super().__init__(name="terms")
        for name in ("weight", *Terms._fields):
            setattr(self, name, self.add_variable((), initializer="zeros", name=name))
        self.batches = self.add_variable((), initializer="zeros", name="batches", dtype="int64")

    def update_state(self, terms: Terms, sample_weight: Any = None) -> None:
        """Take in the terms of a batch, each `(B,)`."""
        weight = tf.ones_like(terms.kl) if sample_weight is None else sample_weight
        self.weight.assign_add(tf.reduce_sum(weight))
        for name, term in terms._asdict().items():
            getattr(self, name).assign_add(tf.reduce_sum(term * weight))
        self.batches.assign_add(1)

    def mean(self, name: str) -> Any:
        """Mean of the term `name` over the examples seen."""
        return tf.math.divide_no_nan(tf.convert_to_tensor(getattr(self, name)), tf.convert_to_tensor(self.weight))

    def result(self) -> dict[str, Any]:
        """Nothing: see `logs`."""
        return {}


class _Derived(keras.metrics.Metric):
    """A metric without a state of its own."""

    def __init__(self, name: str, compute: Callable[[], Any]):
        super().__init__(name=name)
        self._compute = compute

    def result(self) -> Any:
        return self._compute()

    def reset_state(self) -> None:
        """Do nothing: the sums are reset by themselves."""


def logs(sums: TermSums) -> list[keras.metrics.Metric]:
    """The metrics `loss`, `elbo`, `log_likelihood`, `kl`, in nats, and the sums that they are computed from.

    `elbo` and `loss` are computed from the means of the terms and not averaged beside them, so `elbo == log_likelihood - kl`
    and, where the regularizer is zero, `loss == -elbo` hold to the last bit in every line of the logs.
    """

    def elbo() -> Any:
        return sums.mean("log_likelihood") - sums.mean("kl")

    return [
        _Derived("loss", lambda: sums.mean("regularizer") - elbo()),
        _Derived("elbo", elbo),
        _Derived("log_likelihood", lambda: sums.mean("log_likelihood")),
        _Derived("kl", lambda: sums.mean("kl")),
        sums,
    ]
