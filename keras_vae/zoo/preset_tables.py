"""The tables of `preset.toml` beside those of the recipe: what a preset may say, and within which bounds."""

import dataclasses
from typing import Annotated, Any, Required

from pydantic import AfterValidator, BeforeValidator, Field
from typing_extensions import TypedDict  # of Python 3.12, as pydantic needs it

from keras_vae import _checks, _tables
from keras_vae._tables import Real, Text
from keras_vae.models import hierarchy
from keras_vae.zoo import figures

_BOUNDS = ("at_most", "at_least")


def _one_bound(target: Any) -> Any:
    if not isinstance(target, dict) or set(target) not in ({"figure", "source", bound} for bound in _BOUNDS):
        raise ValueError(
            f"[card] has the target {_checks.shown(target)}: it takes figure, source, and at_most or at_least."
        )
    return target


def _of_a_metric(target: dict[str, Any]) -> dict[str, Any]:
    """The one place where a preset's metrics are checked."""
    try:
        figures.check_target(target)
    except ValueError as error:
        raise ValueError(f"[card] has the target {_checks.shown(target)}: {error}") from error
    return target


_Bound = Annotated[Real, Field(ge=-_checks.MAX_FLOAT, le=_checks.MAX_FLOAT)]


class Target(TypedDict, total=False):
    """A published figure: `at_most` or `at_least` so much."""

    figure: Required[Any]
    source: Required[Text]
    at_most: _Bound
    at_least: _Bound


@_tables.closed
class Card(TypedDict, total=False):
    """The table `[card]`: words for the model card, and the figures that the preset's are compared with."""

    title: Text
    description: Text
    task: Text
    not_for: Text
    paper: Text
    targets: Annotated[
        list[Annotated[Target, BeforeValidator(_one_bound), AfterValidator(_of_a_metric)]], Field(max_length=100)
    ]


def _known_class(model: dict[str, Any]) -> dict[str, Any]:
    _checks.one_of("model class", model.get("class"), hierarchy.names())
    return model


@_tables.table("", called="a preset")
class PresetTables:
    """A whole file; the tables of the recipe are those of `Recipe`, which checks what is in them.

    Args:
        model: the class of the model and its settings, which the class checks.
        card: words.
        codes: what is done with the codes of an autoencoder when it is evaluated: see `evaluation.CodesRecipe`, which checks it.
        data, training, optimizer, objective, pretraining: see `Recipe`.
    """

    model: Annotated[dict[str, Any], AfterValidator(_known_class)]
    card: Card = dataclasses.field(default_factory=Card)
    codes: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    optimizer: dict[str, Any] | None = None
    objective: dict[str, Any] | None = None
    pretraining: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("data", "optimizer", "objective", "pretraining"):
            if getattr(self, name) is not None and self.training is None:
                raise ValueError(
                    f"[{name}] is of a recipe, which needs a table [training] too: add one, or leave it out."
                )
