"""What all augmentations have in common."""

import abc
import inspect
from typing import Any

from keras_vae._written import Fixed


class Augmentation(Fixed):
    """A map of a batch of data to a batch of the same shape, as a function of a seed: the same seed gives the same result.

    A class of your own keeps each argument of its constructor in an attribute of that name.
    """

    @abc.abstractmethod
    def __call__(self, x: Any, seed: Any) -> Any:
        """Compute the batch.

        Args:
            x: data, `(B,) + data_shape`.
            seed: stateless seed, int32 of shape `(2,)`.
        """

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def get_config(self) -> dict[str, Any]:
        """The configuration from which `from_config` makes the same augmentation."""
        return self.settings()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Augmentation":
        """Make the augmentation that `get_config` described."""
        return cls(**config)
