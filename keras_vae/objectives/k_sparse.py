"""Training of k-sparse codes, of which k falls."""

from typing import Any, Protocol, runtime_checkable

from keras_vae import _checks
from keras_vae._backend import serializable, tf
from keras_vae.objectives.reconstruction import Reconstruction


@runtime_checkable
class SparseCoder(Protocol):
    """What the objective asks of a model, beside what `Reconstruction` does."""

    num_active: int | None

    def code_of_largest(self, x: Any, k: Any, most: int, training: bool = False) -> Any:
        """The codes `(B, Z)` of data with another k than `num_active`; k is from 1 to `most`."""


@serializable
class KSparse(Reconstruction):
    """`Reconstruction` for a k-sparse code, with a k that falls from `start` to the model's `num_active`, so that units do not die.

    A unit that is never among the k largest gets no gradient. With many active at first each of them learns something; k then falls
    in a straight line (Makhzani & Frey, 2014, section 2.1).

    For a `models.SparseAutoencoder` with `num_active`.

    Args:
        start: k at step 0; no less than the model's `num_active`.
        steps: optimizer steps after which k is `num_active`. A recipe says `epochs`.
        corruption, penalty: as in `Reconstruction`.

    Raises:
        ValueError: if an argument is unknown or out of its range.
    """

    def __init__(self, start: int = 100, steps: int = 10_000, corruption: Any = None, penalty: Any = None):
        super().__init__(corruption, penalty)
        self.start = _checks.positive_int("start", start)
        self.steps = _checks.positive_int("steps", steps, maximum=10**9)

    def formula(self, given: str = "") -> str:
        """The loss as a formula: see `Objective.formula`."""
        return f"{super().formula(given)}, the k largest of h kept, k falling from {self.start}"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "start": self.start, "steps": self.steps}

    def code(self, model: Any, x: Any, condition: Any, step: Any, training: bool) -> Any:
        """The codes `(B, Z)` of data: in training with the k of the step, otherwise with the model's.

        Raises:
            ValueError: if the model's code is not k-sparse, or k would have to rise.
        """
        end = model.num_active if isinstance(model, SparseCoder) else None
        if end is None:
            raise ValueError(
                f"{type(model).__name__} does not keep its k largest units: take a SparseAutoencoder with num_active."
            )
        if not end <= self.start <= model.latent_size:
            raise ValueError(
                f"start={self.start}: k falls from it to num_active={end}: it must be from {end} to the {model.latent_size} units."
            )
        if not training:
            return super().code(model, x, condition, step, training)
        done = tf.minimum(tf.cast(step, tf.float32) / self.steps, 1.0)
        k = tf.cast(tf.round(self.start + (end - self.start) * done), tf.int32)
        return model.code_of_largest(x, k, self.start, training)
