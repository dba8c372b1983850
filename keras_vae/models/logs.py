"""The logged quantities: running sums of an objective's terms, and the identities that give the rest."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from keras_vae._backend import keras, tf
from keras_vae.models.graph_checks import Rule

# Data, labels, targets and weights, and room for a class of a user's own.
_MAX_RULES = 8


class TermSums(keras.metrics.Metric):
    """Sums of the terms over the batches seen, weighted by the sample weights. Logs nothing itself."""

    def __init__(self, terms_type: Any) -> None:
        super().__init__(name="terms")
        self.terms_type = terms_type
        for name in ("weight", *terms_type._fields):
            setattr(self, name, self.add_variable((), initializer="zeros", name=name))
        self.batches = self.add_variable((), initializer="zeros", name="batches", dtype="int64")
        self.non_binary = self.add_variable((), initializer="zeros", name="non_binary")
        self.broken = self.add_variable((_MAX_RULES,), initializer="zeros", name="broken")
        self.rules: list[str] = []

    def update_state(
        self, terms: Any, sample_weight: Any = None, found_non_binary: Any = None, rules: Sequence[Rule] = ()
    ) -> None:
        """Take in a batch.

        Args:
            terms: of the objective, each `(B,)`.
            sample_weight: of the examples, `(B,)`.
            found_non_binary: whether the batch holds other values than 0 and 1, where that matters.
            rules: those that a graph could not stop at.
        """
        weight = tf.ones_like(terms[0]) if sample_weight is None else sample_weight
        self.weight.assign_add(tf.reduce_sum(weight))
        for name, term in terms._asdict().items():
            getattr(self, name).assign_add(tf.reduce_sum(term * weight))
        self.batches.assign_add(1)
        if found_non_binary is not None:
            self.non_binary.assign_add(tf.cast(found_non_binary, tf.float32))
        if rules:
            self.rules = [rule.message for rule in rules]
            broken = tf.stack([tf.logical_not(rule.good) for rule in rules])
            self.broken.assign_add(tf.pad(tf.cast(broken, tf.float32), [[0, _MAX_RULES - len(rules)]]))

    def save_own_variables(self, store: Any) -> None:
        """Keep nothing: sums are of one evaluation, and a model that is loaded may count the terms of another objective."""

    def load_own_variables(self, store: Any) -> None:
        """Take nothing, not even what older files hold."""

    def means(self) -> Any:
        """The terms, averaged over the examples seen."""
        weight = tf.convert_to_tensor(self.weight)
        sums = (tf.convert_to_tensor(getattr(self, name)) for name in self.terms_type._fields)
        return self.terms_type(*(tf.math.divide_no_nan(total, weight) for total in sums))

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
    """A metric for each quantity that the terms log, and the sums that all are computed from.

    What is not a term itself is computed from the means of the terms and not averaged beside them, so `elbo == log_likelihood - kl`
    and, where the regularizer is zero, `loss == -elbo` hold to the last bit in every line of the logs.
    """

    def quantity(name: str) -> _Derived:
        return _Derived(name, lambda: getattr(sums.means(), name))

    return [*map(quantity, sums.terms_type.logged()), sums]


def non_binary(x: Any) -> Any:
    """Whether x holds other values than 0 and 1."""
    return tf.reduce_any((x != 0) & (x != 1))


def warn_of_non_binary() -> None:
    """Say what is lost where a Bernoulli is given values between 0 and 1."""
    warnings.warn(
        "The images hold grey values, and the likelihood is a Bernoulli, which gives them no probability: the figures "
        "are a cross-entropy, not nats of log p(x). Binarise the images (preprocessing='dynamic_binarization'), or "
        "build the model with likelihood='continuous_bernoulli'.",
        stacklevel=4,
    )


class WarnOfNonBinary(keras.callbacks.Callback):
    """Warns after the first batch of a pipeline where `TermSums` found other values than 0 and 1 in it."""

    def __init__(self, sums: TermSums) -> None:
        super().__init__()
        self._sums: TermSums | None = sums

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look once."""
        sums, self._sums = self._sums, None
        if sums is not None and float(sums.non_binary) > 0:
            warn_of_non_binary()

    on_test_batch_end = on_train_batch_end


class StopAtBrokenRule(keras.callbacks.Callback):
    """Raises after a batch in which code compiled by XLA met a value that breaks a rule; it cannot stop by itself."""

    def __init__(self, sums: TermSums) -> None:
        super().__init__()
        self._sums = sums

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look, and say that the weights may be spoiled."""
        self._look(" The weights have learned from that batch already: load them or make the model anew.")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look."""
        self._look("")

    def _look(self, more: str) -> None:
        for message, count in zip(self._sums.rules, keras.ops.convert_to_numpy(self._sums.broken), strict=False):
            if count:
                raise ValueError(message + more)
