"""What `build.json` says: the one place that knows its fields. Exports write it through `check`, everything else reads it so.

The file comes with a folder from anywhere, so each field has a type and a range, fields must agree with each other, and
`tensors` says what the `.tflite` files beside it must take and give.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._attributes import Attributes

MANIFEST = "build.json"
MAX_BYTES = 1_000_000
"""Of `build.json`."""
MAX_BUILD = 2 * 1024**3
"""Of a `.tflite` file, in bytes: a flatbuffer cannot be larger."""
PARTS = ("encoder", "decoder", "prior", "clusters", "classifier", "features")
"""What a folder of builds may hold."""
POSTERIORS = ("diagonal_gaussian", "full_covariance_gaussian", "top_down_posterior")
"""The posteriors whose standard deviations can be read from a build."""
NONE = "none"
"""The posterior of a deterministic code, and the prior of a model that cannot be sampled."""
_PLAIN_PRIORS = (NONE, "standard_normal")  # every other prior has a build of its own, which maps noise to latents

# softplus(x + SOFTPLUS_SHIFT) + STDDEV_FLOOR maps what an encoder puts out to the standard deviations of a Gaussian posterior.
# They belong to the names of the posteriors, as in keras_vae.distributions; a test compares the two.
SOFTPLUS_SHIFT = float(np.log(np.expm1(1.0)))
STDDEV_FLOOR = 1e-5

Shape = tuple[int, ...] | None
"""Of a tensor, without the batch axis; None where any will do."""


def read(content: bytes) -> dict[str, Any]:
    """Parse and check the bytes of a `build.json`.

    Raises:
        ValueError: if they are not what `export.tflite` writes.
    """
    try:
        manifest = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its tables and lists are nested too deeply") from None
    return check(manifest)


def check(manifest: Any) -> dict[str, Any]:
    """Return a manifest if every field is there, has its type and range, and agrees with the others.

    Raises:
        ValueError: if not, naming the field, its value and the rule.
    """
    _table("the file", manifest, _REQUIRED, _OPTIONAL)
    files, discrete = set(manifest["files"]), "num_codes" in manifest
    _agree({"encoder", "decoder"} <= files, f"'files' names {sorted(files)}: encoder and decoder must be there")
    plain = manifest["prior"] in _PLAIN_PRIORS
    _agree(
        plain or "prior" in files,
        f"'prior' is {_shown(manifest['prior'])} and 'files' has no prior: without one it must be {' or '.join(_PLAIN_PRIORS)}",
    )
    _agree("prior" not in files or manifest["prior"] != NONE, "'files' has a prior, and 'prior' is none")
    _agree(
        not discrete or (manifest["posterior"] == NONE and "prior" in files),
        "'num_codes' is for discrete codes, whose 'posterior' is none and whose prior is in 'files'",
    )
    of_images = "condition_shape" in manifest
    _agree(of_images == ("completes" in manifest), "'condition_shape' and 'completes' stand together or not at all")
    _agree(
        of_images == ("features" in files), "'condition_shape' and the file of features stand together or not at all"
    )
    _agree(
        not of_images or not (discrete or "num_classes" in manifest),
        "'condition_shape' is of conditions that are images, which have neither 'num_classes' nor 'num_codes'",
    )
    _agree(
        "attributes" not in manifest or not (of_images or discrete or "num_classes" in manifest),
        "'attributes' is of conditions that are attributes, which have none of 'condition_shape', 'num_classes' and 'num_codes'",
    )
    _agree(
        "classifier" not in files or "num_classes" in manifest,
        "'files' has a classifier, and no 'num_classes' is given",
    )
    return dict(manifest)


def check_field(name: str, value: Any) -> None:
    """Check one field by itself, so that a wrong one is found before the work of an export is done.

    Raises:
        ValueError: if it is not allowed.
    """
    {**_REQUIRED, **_OPTIONAL}[name](name, value)


def tensors(manifest: dict[str, Any], part: str) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """The inputs and the outputs that the build of a part must have, by name."""
    data, size = tuple(manifest["data_shape"]), manifest["latent_size"]
    if "condition_shape" in manifest:
        condition: dict[str, Shape] = {"condition": None}
    elif "attributes" in manifest:
        condition = {"condition": (Attributes(manifest["attributes"]).size,)}
    else:
        condition = {"condition": (manifest["num_classes"],)} if "num_classes" in manifest else {}
    if "num_codes" in manifest:
        of_codes: dict[str, tuple[dict[str, Shape], dict[str, Shape]]] = {
            "encoder": ({"data": data}, {"codes": (size,)}),
            "decoder": ({"codes": (size,)}, {"mean": data, "params": None}),
            "prior": ({"codes": (size,), **condition}, {"logits": (size, manifest["num_codes"])}),
        }
        if part in of_codes:
            return of_codes[part]
    # The encoder that all decoders of a deterministic autoencoder share is given no condition.
    given = {} if manifest["posterior"] == NONE else condition
    params = {"diagonal_gaussian": (2 * size,), "full_covariance_gaussian": (size + size * (size + 1) // 2,)}
    further: dict[str, Shape] = {"stddev": (size,)} if manifest["posterior"] == "top_down_posterior" else {}
    by_part: dict[str, tuple[dict[str, Shape], dict[str, Shape]]] = {
        "encoder": ({"data": data, **given}, {"mean": (size,), "params": params.get(manifest["posterior"]), **further}),
        "decoder": ({"latents": (size,), **condition}, {"mean": data, "params": None}),
        "prior": ({"noise": None, **condition}, {"latents": (size,)}),
        "clusters": ({"latents": (size,)}, {"log_probs": None}),
        "classifier": ({"data": data}, {"log_probs": (manifest.get("num_classes", 0),)}),
        "features": ({"picture": tuple(manifest.get("condition_shape", ()))}, {"condition": None}),
    }
    return by_part[part]


def score(manifest: dict[str, Any]) -> tuple[str, dict[str, float]]:
    """The value in nats that a proof compares, and its name: the ELBO, or an autoencoder's log-likelihood."""
    parity = manifest["parity"]
    name = "elbo" if "elbo" in parity else "log_likelihood"
    return name, parity[name]


def _no_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, which is no number of JSON")


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a number of more than 30 digits"
    return text if len(text) <= 100 else f"{text[:97]}..."


def _agree(holds: bool, words: str) -> None:
    if not holds:
        raise ValueError(words)


Rule = Callable[[str, Any], None]


def _table(name: str, value: Any, required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {_shown(value)}: it must be a table")
    if missing := sorted(set(required) - set(value)):
        raise ValueError(f"{name} has no {missing[0]!r}")
    rules = {**required, **(optional or {})}
    for key, entry in value.items():
        if key not in rules:
            raise ValueError(f"{name} has the field {_shown(key)}, which no build has: it has {', '.join(rules)}")
        rules[key](repr(key), entry)


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= 10_000:
        raise ValueError(f"{name} is {_shown(value)}: it must be text")


def _matching(pattern: str, words: str) -> Rule:
    def rule(name: str, value: Any) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"{name} is {_shown(value)}: it must be {words}")

    return rule


def _one_of(*choices: str) -> Rule:
    return _matching("|".join(choices), f"one of {', '.join(choices)}")


def _whole(minimum: int, maximum: int) -> Rule:
    def rule(name: str, value: Any) -> None:
        if type(value) is not int or not minimum <= value <= maximum:
            raise ValueError(f"{name} is {_shown(value)}: it must be a whole number from {minimum} to {maximum}")

    return rule


def _number(name: str, value: Any) -> None:
    if type(value) not in (int, float) or not abs(value) <= np.finfo("float64").max:
        raise ValueError(f"{name} is {_shown(value)}: it must be a finite number")


def _flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {_shown(value)}: it must be true or false")


def _shape(name: str, value: Any) -> None:
    axis = _whole(1, _checks.MAX_ELEMENTS)
    if not isinstance(value, list) or not 1 <= len(value) <= 8:
        raise ValueError(f"{name} is {_shown(value)}: it must be a list of 1 to 8 whole numbers")
    for i, size in enumerate(value):
        axis(f"{name}[{i}]", size)
    if math.prod(value) > _checks.MAX_ELEMENTS:
        raise ValueError(f"{name} is {_shown(value)}: it must have at most {_checks.MAX_ELEMENTS} elements")


def _support(name: str, value: Any) -> None:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{name} is {_shown(value)}: it must be a list of two numbers")
    for i, end in enumerate(value):
        if end is not None:  # open on this side: JSON has no infinity
            _number(f"{name}[{i}]", end)
    if None not in value and not value[0] < value[1]:
        raise ValueError(f"{name} is {_shown(value)}: the first number must be less than the second")


def _attributes(name: str, value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(entry, list | dict) for entry in value.values()):
        raise ValueError(
            f"{name} is {_shown(value)}: it must be a table of lists of words and of numbers' mean and std"
        )
    Attributes(value)


def _each(rule: Rule) -> Rule:
    """A table of any names whose values follow a rule."""

    def of_all(name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {_shown(value)}: it must be a table")
        for key, entry in value.items():
            rule(f"{name}[{_shown(key)}]", entry)

    return of_all


def _operations(name: str, value: Any) -> None:
    if not isinstance(value, list):
        raise ValueError(f"{name} is {_shown(value)}: it must be a list")
    for i, entry in enumerate(value):
        _table(f"{name}[{i}]", entry, {"name": _text, "version": _whole(0, 2**31), "times": _whole(1, 2**31)})


def _file(name: str, value: Any) -> None:
    rules: dict[str, Rule] = {
        "bytes": _whole(0, MAX_BUILD),
        "sha256": _matching("[0-9a-f]{64}", "a SHA-256 in 64 hexadecimal digits"),
        "operations": _operations,
        "latency_ms": _number,
    }
    _table(name, value, rules)


def _files(name: str, value: Any) -> None:
    # The names become names of files: none but those of parts.
    _table(name, value, {}, dict.fromkeys(PARTS, _file))


def _parity(name: str, value: Any) -> None:
    compared: Rule = _each(_number)
    required: dict[str, Rule] = {"errors": _each(_each(_number)), "examples": _whole(1, 2**53), "source": _text}
    _table(name, value, required, {"elbo": compared, "log_likelihood": compared})
    if ("elbo" in value) == ("log_likelihood" in value):
        raise ValueError(f"{name} must have either 'elbo' or 'log_likelihood'")
    nats = score({"parity": value})[1]
    if missing := {"keras", "build", "change"} - set(nats):
        raise ValueError(f"{name} has no {sorted(missing)[0]!r}")


_SIZE = _whole(1, _checks.MAX_ELEMENTS)
_NAME = _matching(r"\w{1,200}", "a name of letters, digits and underscores")
_REQUIRED: dict[str, Rule] = {
    "model": _text,
    "class": _text,
    "target": _NAME,
    "format": _NAME,
    "way": _text,
    "data_shape": _shape,
    "latent_size": _SIZE,
    "posterior": _one_of(NONE, *POSTERIORS),
    "prior": _NAME,
    "versions": _each(_text),
    "origin": _each(_text),
    "files": _files,
    "parity": _parity,
    "bar": _each(_number),
}
_OPTIONAL: dict[str, Rule] = {
    "attributes": _attributes,
    "num_classes": _whole(1, _checks.MAX_SIZE),
    "num_codes": _whole(1, _checks.MAX_SIZE),
    "support": _support,
    "condition_shape": _shape,
    "completes": _flag,
}
