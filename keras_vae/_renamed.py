"""Names that have changed. Code that uses an old one gets an error with the new one; files that were saved with it still load."""

from typing import Any

# Classes and functions of the public packages. An old name stays here as long as files may hold it.
_NOW = {
    "DroppedPixels": "MaskingNoise",
    "LargestOnly": "TopK",
    "NoisyCode": "UnitGaussianCode",
    "PartlyGiven": "MaskedLikelihood",
    "SwapAutoencoder": "MultiDomainAutoencoder",
    "draws_with_log_prob": "sample_and_log_prob",
}
# As plain data name their objects: see `_named`.
_IN_PLAIN_DATA = {
    "dropped_pixels": "masking_noise",
    "noisy_code": "unit_gaussian_code",
}
# What left a package, and where it is.
_MOVED: dict[str, dict[str, tuple[str, ...]]] = {
    "data": {
        "augment": (
            "Dequantization",
            "DynamicBinarization",
            "FixedBinarization",
            "Preprocessing",
            "RandomResizedCrop",
            "RandomShift",
            "Scaling",
            "preprocessing_named",
        )
    },
    "objectives": {
        "augment": ("Corruption", "GaussianNoise", "MaskingNoise", "RandomAffine", "RandomElastic", "SaltAndPepper")
    },
}
METHODS_OF_OBJECTIVES = {"learn": "auxiliary_step", "prepare": "build", "trains": "trainable_variables"}


def now(name: Any) -> Any:
    """The name that a class has now; anything else as it is."""
    return _NOW.get(name, name) if isinstance(name, str) else name


def now_in_plain_data(name: str) -> str:
    """The same of a name in snake case."""
    return _IN_PLAIN_DATA.get(name, name)


def refusal(package: str, name: str, names: list[str]) -> str | None:
    """Why a package that has `names` does not have `name` any more; None where it never had.

    Args:
        package: such as `"keras_vae.objectives"`.
    """
    root, _, room = package.rpartition(".")
    if now(name) in names:
        return f"{package}.{name} is called {now(name)} now."
    for other, moved in _MOVED.get(room, {}).items():
        if now(name) in moved:
            return f"{package}.{name} is {root}.{other}.{now(name)} now."
    return None


def old_names() -> dict[str, str]:
    """The new name by the old one."""
    return dict(_NOW)
