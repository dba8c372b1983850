"""What a model says of itself on its card: the symbols of its generative process, what is inferred, and the loss."""

from typing import Any, NamedTuple


class Symbol(NamedTuple):
    """A symbol of a model."""

    name: str
    """As papers write it."""
    meaning: str
    """What it is, as a formula or in words."""
    code: str
    """Where it is in code."""


def generative_process(model: Any, objective: Any = None) -> list[Symbol]:
    """The symbols of a model: those from which data come, then what is inferred, and the loss.

    Args:
        model: any model; one with a method `generative_process(objective)` says its own.
        objective: what it was trained with; by default its default objective.
    """
    if hasattr(model, "generative_process"):
        return model.generative_process(objective)
    return [Symbol("y", f"what a {type(model).__name__} gives for x", "model(x)")]


def loss(objective: Any, condition: str = "") -> Symbol:
    """The row of the loss.

    Args:
        objective: what says its `formula`; of any other object the row is its `repr`.
        condition: letter of the condition of the densities, "" for none.
    """
    formula = objective.formula(condition) if hasattr(objective, "formula") else repr(objective)
    return Symbol("the loss", formula, "model.compile(objective=...)")


def bound(given: str, over: str) -> str:
    """The evidence lower bound as a formula.

    Args:
        given: what stands beside z and x, `", c"`, or "" for nothing.
        over: what the prior is conditioned on, `" | c"`, or "" for nothing.
    """
    return f"E_q[log p(x | z{given})] - KL(q(z | x{given}), p(z{over}))"


def of_classes(num_classes: int) -> Symbol:
    """The row of a condition that is a class."""
    return Symbol("c", f"the class, one of {num_classes}", "labels")
