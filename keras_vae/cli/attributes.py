"""The attributes that `--attribute` names, for models that are conditioned on attributes."""

from collections.abc import Sequence
from typing import Any

from keras_vae import _checks, zoo
from keras_vae._attributes import Attributes, in_words


def described_in(preset: "zoo.Preset") -> dict[str, Any] | None:
    """The attributes of a preset's model, as `Attributes.described`; None if it has none."""
    given = preset.model.get("attributes")
    return None if given is None else Attributes(given).described


def asked_for(preset: "zoo.Preset", texts: Sequence[str] | None, labels: str | None) -> dict[str, list[Any]] | None:
    """The attributes that are to be sampled, as columns; None for a model without attributes.

    Args:
        preset: as it was found.
        texts: what `--attribute` gives.
        labels: what `--labels` gives, which only models with classes have.

    Raises:
        ValueError: as `attributes_of`, or if a model with attributes is given none, or labels.
    """
    described = described_in(preset)
    if texts and labels is not None:
        raise ValueError(f"--labels {labels} and --attribute {texts[0]}: give one of the two.")
    if texts:
        return attributes_of(texts, described, str(preset))
    if described:
        instead = f" in place of --labels {labels}" if labels is not None else ""
        raise ValueError(
            f"{preset} is conditioned on attributes, so its conditions are not classes: add {options_for(described)}{instead}. The "
            f"attributes are {in_words(described)}."
        )
    return None


def attributes_of(texts: Sequence[str], described: dict[str, Any] | None, called: str) -> dict[str, list[Any]]:
    """A column of values for each attribute, all of one length.

    Args:
        texts: what was given, `NAME=VALUE` or `NAME=VALUE,VALUE`.
        described: the attributes of the preset: see `described_in`.
        called: the preset's name, for errors.

    Raises:
        ValueError: if the model has no attributes, one is missing, unknown, named twice or given a value that it cannot have, or
            their numbers of values differ.
    """
    if described is None:
        raise ValueError(f"--attribute {texts[0]}: {called} is not conditioned on attributes. Leave --attribute out.")
    columns: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(
                f"--attribute {text}: must be NAME=VALUE. The attributes of {called} are {in_words(described)}."
            )
        if name not in described:
            near = _checks.did_you_mean(name, tuple(described))
            raise ValueError(
                f"--attribute {text}: {called} has no attribute {name!r}; it has {in_words(described)}.{near}"
            )
        if name in columns:
            raise ValueError(f"--attribute {text}: {name!r} is given already. Write several values as {name}=A,B.")
        columns[name] = _values(text, name, value.strip(), described[name])
    missing = {name: value for name, value in described.items() if name not in columns}
    if missing:
        raise ValueError(
            f"{called} is conditioned on {len(described)} attributes: add {options_for(missing)}. They are {in_words(missing)}."
        )
    return _of_one_length(columns)


def options_for(described: dict[str, Any]) -> str:
    """Options that give each attribute a value, for errors."""
    examples = {
        name: value[0] if isinstance(value, list) else f"{value['mean']:.4g}" for name, value in described.items()
    }
    return " ".join(
        f"--attribute '{name}={value}'" if " " in f"{name}{value}" else f"--attribute {name}={value}"
        for name, value in examples.items()
    )


def rows_in_words(columns: dict[str, list[Any]]) -> list[str]:
    """Each row in words, such as `age=40, hat=yes`."""
    rows = zip(*columns.values(), strict=True)
    return [", ".join(f"{name}={_shown(value)}" for name, value in zip(columns, row, strict=True)) for row in rows]


def _values(text: str, name: str, value: str, described: Any) -> list[Any]:
    if isinstance(described, list):
        parts = [value] if value in described else [part.strip() for part in value.split(",")]
        for part in parts:
            if part not in described:
                raise ValueError(
                    f"--attribute {text}: {part!r} is not a value of {name!r}, which is one of {', '.join(described)}."
                    + _checks.did_you_mean(part, tuple(described))
                )
        return parts
    try:
        return [_checks.finite_float(name, float(part), -1e30, 1e30) for part in value.split(",")]
    except ValueError as error:
        raise ValueError(
            f"--attribute {text}: {in_words({name: described})} needs a number, such as {described['mean']:.4g}."
        ) from error


def _of_one_length(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    count = max(map(len, columns.values()))
    for name, values in columns.items():
        if len(values) not in (1, count):
            most = next(other for other, found in columns.items() if len(found) == count)
            raise ValueError(
                f"--attribute: {name!r} has {len(values)} values and {most!r} has {count}. Give each one value, or as many."
            )
    return {name: values * count if len(values) == 1 else values for name, values in columns.items()}


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"
