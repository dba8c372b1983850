"""Names that have changed. Code that uses an old one gets an error with the new one; files that were saved with it still load."""

import importlib
from typing import Any

NOW = {
    "DroppedPixels": "MaskingNoise",
    "LargestOnly": "TopK",
    "NoisyCode": "UnitGaussianCode",
    "PartlyGiven": "MaskedLikelihood",
    "SwapAutoencoder": "MultiDomainAutoencoder",
    "draws_with_log_prob": "sample_and_log_prob",
}
"""The name of a class or a function by its old one, which stays here as long as files may hold it."""
_WENT_TO = {"data": "augment", "objectives": "augment"}
"""The package that has names which another had."""
METHODS_OF_OBJECTIVES = {"learn": "auxiliary_step", "prepare": "build", "trains": "trainable_variables"}


def now(name: Any) -> Any:
    """The name that a class has now; anything else as it is."""
    return NOW.get(name, name) if isinstance(name, str) else name


def refusal(package: str, name: str, names: list[str]) -> str | None:
    """Where a name is that a package with `names` does not have; None if it is no name of before.

    Args:
        package: such as `"keras_vae.objectives"`.
    """
    root, _, own = package.rpartition(".")
    if now(name) in names:
        return f"{package}.{name} is called {now(name)} now."
    if own in _WENT_TO and now(name) in importlib.import_module(f"{root}.{_WENT_TO[own]}").__all__:
        return f"{package}.{name} is {root}.{_WENT_TO[own]}.{now(name)} now."
    return None
