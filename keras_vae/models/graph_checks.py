"""Checks of values inside a traced function, and their errors as a user should see them.

Keras reports what fails in a graph as an `InvalidArgumentError` with the path through the graph and twenty lines of its own, where
the rule and the remedy are hard to find. `plain_errors` raises them as the `ValueError` that the same fault gets outside a graph.
"""

import contextlib
import contextvars
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from keras_vae._backend import tf

_MARK = "keras_vae: "
_FAILED = re.compile(r"assertion failed: \[" + _MARK + r"(.*?)\](.*?)(?:\n|\s*\[\[|$)", re.DOTALL)
_RAISED = re.compile(r"ValueError: " + _MARK + r"(.*?)\s*\nTraceback", re.DOTALL)
_OTHER_SHAPE = re.compile(r"Shape of tensor \S+ \[([\d,]*)\] is not compatible with expected shape \[([\d,?]*)\]")


class Rule(NamedTuple):
    """What a graph found of one rule, where it cannot stop."""

    good: Any
    message: str


_rules: contextvars.ContextVar[list[Rule] | None] = contextvars.ContextVar("rules", default=None)


@contextlib.contextmanager
def gathered() -> Iterator[list[Rule]]:
    """Gather the checks of a graph in the list given instead of asserting them: XLA leaves assertions out without a word."""
    rules: list[Rule] = []
    token = _rules.set(rules)
    try:
        yield rules
    finally:
        _rules.reset(token)


def require(good: Any, message: str, what: str, *values: Any) -> Any:
    """An assertion of the graph: a context in which what is computed needs `good`.

    Args:
        good: whether all is well.
        message: the rule and the remedy, as whole sentences.
        what: what the values are, such as "Given".
        *values: what to show after the message.
    """
    rules = _rules.get()
    if rules is not None:
        rules.append(Rule(good, message))
        return contextlib.nullcontext()
    return tf.control_dependencies([tf.debugging.Assert(good, [f"{_MARK}{message} {what}:", *values])])


class PredictsUncompiled:
    """Beside `keras.Model`: `predict` is never compiled by XLA, which would leave the checks of a pipeline out without a word."""

    jit_compile: Any

    def make_predict_function(self, force: bool = False) -> Any:
        """As in Keras, but without XLA."""
        compiled, self.jit_compile = self.jit_compile, False
        try:
            return super().make_predict_function(force)  # type: ignore[misc]
        finally:
            self.jit_compile = compiled


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Raise what a check of the graph found as a `ValueError` that says only that."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        message = _message_of(str(error))
        if message is None:
            raise
        raise ValueError(message) from None


def _message_of(text: str) -> str | None:
    if found := _FAILED.search(text):
        return " ".join([found[1], *re.findall(r"\[(.*?)\]", found[2])])
    if found := _RAISED.search(text):  # by a function of ours inside a pipeline
        return found[1]
    if found := _OTHER_SHAPE.search(text):
        batch, shape = found[1].replace(",", ", "), found[2].replace("?", "batch", 1).replace(",", ", ")
        return f"A batch of the pipeline has shape ({batch}): this model takes ({shape})."
    return None
