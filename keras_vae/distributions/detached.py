"""Distributions whose parameters take no gradient."""

from typing import Any

from keras_vae import _checks
from keras_vae._backend import tf, tfd


def detached(distribution: Any) -> Any:
    """The same distribution, through whose parameters no gradient flows: its density still has one with respect to z.

    Args:
        distribution: a tfp distribution whose parameters are tensors or distributions of such, as the posteriors of this
            library are; or one that has a method `detached()` of its own.

    Raises:
        ValueError: if it is no distribution.
        NotImplementedError: if a parameter is an object whose own parameters cannot be reached, such as a bijector.
    """
    if hasattr(distribution, "detached"):
        return distribution.detached()
    if not isinstance(distribution, tfd.Distribution):
        raise ValueError(
            f"distribution={_checks.shown(distribution)}: must be a distribution of TensorFlow Probability."
        )
    changed = {}
    for name, value in distribution.parameters.items():
        if isinstance(value, tfd.Distribution):
            changed[name] = detached(value)
        elif tf.is_tensor(value):
            changed[name] = tf.stop_gradient(value)
        elif value is not None and not isinstance(value, bool | int | float | str | tuple):
            raise NotImplementedError(
                f"The parameter {name!r} of {type(distribution).__name__} is a {type(value).__name__}, which may hold parameters "
                "of its own: give the distribution a method detached(), or use a gradient that needs none, 'standard'."
            )
    return distribution.copy(**changed)
