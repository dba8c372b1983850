"""Greedy training of a deep autoencoder, layer by layer."""

from collections.abc import Sequence
from typing import Any, Protocol, cast, runtime_checkable

from keras_vae import _checks, _random
from keras_vae._backend import serializable, tf
from keras_vae.augment.corruptions import Corruption
from keras_vae.objectives.base import Objective
from keras_vae.objectives.reconstruction import (
    Coder,
    Reconstruction,
    ReconstructionTerms,
    part,
    part_config,
    part_from_config,
    terms_of,
)


@runtime_checkable
class Layers(Protocol):
    """What the objective asks of a model."""

    layer_units: Sequence[int]

    def encode_layer(self, layer: int, h: Any) -> Any:
        """The codes of one layer from those of the layer below, or from data for layer 0."""

    def decode_layer(self, layer: int, h: Any) -> Any:
        """The distribution of the codes of the layer below, or of data, that codes of one layer give."""


@serializable
class LayerWise(Objective):
    """Trains the first layer to give back the data, the second to give back the first one's codes, and so on; then all together.

    Bengio et al. (2007); with a corruption, which is then done to the input of each layer, Vincent et al. (2010), section 4. A
    layer learns with the codes of those below it as they are: only it and its decoder get a gradient. Codes of a sigmoid are given
    back under a Bernoulli, those of another activation under a Gaussian of scale 1. The logs are those of the layer that is
    learning.

    For a `models.StackedAutoencoder`. The optimizer is one for all layers; steps of its momentum that are left when a layer is
    done move that layer on a little.

    Args:
        steps_per_layer: optimizer steps that each layer gets. A recipe says `epochs_per_layer`.
        corruption: as in `Reconstruction`.

    Raises:
        ValueError: if an argument is unknown or out of its range.
    """

    terms_type = ReconstructionTerms

    def __init__(self, steps_per_layer: int = 5000, corruption: Any = None):
        self.steps_per_layer = _checks.positive_int("steps_per_layer", steps_per_layer, maximum=10**9)
        self.corruption = part("corruption", Corruption, corruption)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        corrupted = "" if self.corruption is None else "h_l₊₁ of a corrupted h_l, "
        return f"each layer in turn: -log p(h_l | h_l₊₁), h₀ = x, {corrupted}then all as one"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"steps_per_layer": self.steps_per_layer, "corruption": part_config(self.corruption)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LayerWise":
        """Make the objective that `get_config` described."""
        return cls(**{**config, "corruption": part_from_config(config["corruption"])})

    def terms(  # type: ignore[override]  # there is no target: layers give back what they are given
        self, model: Any, x: Any, condition: Any, step: Any, seed: Any, training: bool = False
    ) -> ReconstructionTerms:
        """Compute the terms of a batch: see `Objective.terms`.

        Raises:
            ValueError: if the model is not made of layers that can be trained one by one.
        """
        if not isinstance(model, Layers):
            raise ValueError(
                f"{type(model).__name__} is not made of layers that train one by one: take a StackedAutoencoder."
            )
        layers, whole_model = len(model.layer_units), cast("Coder", model)

        def one(layer: int) -> ReconstructionTerms:
            h = x
            for below in range(layer):
                h = model.encode_layer(below, h)
            h = tf.stop_gradient(h)
            given = h if self.corruption is None else self.corruption(h, _random.fold_in(seed, 0))
            found = model.decode_layer(layer, model.encode_layer(layer, given))
            return terms_of(found, h)

        def whole() -> ReconstructionTerms:
            return Reconstruction(self.corruption).terms(whole_model, x, condition, step, seed, training)

        stage = tf.minimum(tf.cast(step, tf.int64) // self.steps_per_layer, layers)
        branches = [lambda layer=layer: one(layer) for layer in range(layers)]
        return ReconstructionTerms(*tf.switch_case(tf.cast(stage, tf.int32), [*branches, whole]))
