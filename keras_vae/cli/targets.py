"""What the `export` command can be asked for: the devices, a server, or all."""

from keras_vae import export

SERVER = "server"
ALL = "all"


def names() -> tuple[str, ...]:
    """The words that `--target` takes."""
    return (*export.TARGETS, SERVER, ALL)


def wanted(target: str) -> tuple[str, ...]:
    """The targets that a word stands for."""
    return (*export.TARGETS, SERVER) if target == ALL else (target,)
