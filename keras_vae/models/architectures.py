"""The architecture of a model that has one of its own, and takes any other."""

from typing import Any

from keras_vae import _checks, _named, networks
from keras_vae.networks import Architecture


def architecture(own: type[Architecture], network: Any, arguments: dict[str, Any]) -> Architecture:
    """The architecture that `network` names, or where that is None the model's `own`, made of the arguments that are not None.

    Raises:
        ValueError: if both are given, or either is wrong.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    if network is None:
        return own(**given)
    if given:
        inside = ", ".join(f"{name!r}: ..." for name in given)
        raise ValueError(
            f"network={_checks.shown(network)} and {', '.join(given)}: those are arguments of the network, so give them as its "
            f"own, network={{'name': ..., {inside}}}, or leave network out for {_named.snake_case(own.__name__)!r}."
        )
    return _named.build("network", networks, Architecture, network)


def settings(own: type[Architecture], made: Architecture) -> dict[str, Any]:
    """The arguments from which `architecture` makes `made` again."""
    return made.settings() if type(made) is own else {"network": _named.described(made)}
