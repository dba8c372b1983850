"""What `build.json` says: the one place that knows its fields, which everything else writes and reads as a `Manifest`.

The file comes with a folder from anywhere, so each field has a type and a range, fields must agree with each other, and
`tensors` says what the `.tflite` files beside it must take and give. A device has NumPy and LiteRT alone, so the checks are here.
"""

import dataclasses
import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._attributes import Attributes

MANIFEST = "build.json"
_WEIGHTS_SHA256 = "weights_sha256"
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
# They belong to the names of the posteriors, and keras_vae.distributions has them from here.
SOFTPLUS_SHIFT = float(np.log(np.expm1(1.0)))
STDDEV_FLOOR = 1e-5

Shape = tuple[int, ...] | None
"""Of a tensor, without the batch axis; None where any will do."""


@dataclasses.dataclass(frozen=True)
class Operation:
    """A kind of operation in a `.tflite` file."""

    name: str
    """As LiteRT's schema names it, such as FULLY_CONNECTED."""
    version: int
    times: int
    """How often it stands in the graph."""


@dataclasses.dataclass(frozen=True)
class File:
    """A `.tflite` file."""

    bytes: int
    sha256: str
    operations: tuple[Operation, ...]
    latency_ms: float
    """Median time of a call for one example, on one thread."""


@dataclasses.dataclass(frozen=True)
class Error:
    """Absolute error of a build's output beside the Keras model's."""

    maximum: float
    mean: float


@dataclasses.dataclass(frozen=True)
class Nats:
    """A value in nats per example, of the Keras model, of the build, and the difference."""

    keras: float
    build: float
    change: float


@dataclasses.dataclass(frozen=True)
class Parity:
    """The proof: how a build differs from the Keras model on examples."""

    errors: dict[str, Error]
    """By part: of the means, of a prior's latents, and of probabilities of clusters or classes."""
    examples: int
    source: str
    """Where the examples are from."""
    elbo: Nats | None = None
    log_likelihood: Nats | None = None
    """In place of the ELBO for an autoencoder without a posterior: what is left of it."""

    @property
    def score_name(self) -> str:
        """Which value in nats is compared: `"elbo"` or `"log_likelihood"`."""
        return "elbo" if self.elbo is not None else "log_likelihood"

    @property
    def score_words(self) -> str:
        """The same in words."""
        return "ELBO" if self.elbo is not None else "log-likelihood"

    @property
    def score(self) -> Nats:
        """The value in nats that is compared.

        Raises:
            ValueError: if there is none.
        """
        found = self.elbo if self.elbo is not None else self.log_likelihood
        if found is None:
            raise ValueError("The parity has neither an elbo nor a log_likelihood.")
        return found


@dataclasses.dataclass(frozen=True)
class Bar:
    """What the build was held to: the largest change in nats, mean absolute error, and share of codes that differ."""

    change: float
    mean_error: float | None = None
    codes_that_differ: float | None = None


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A folder of builds: what they are, what they take, and the proof that they compute what the Keras model does."""

    model: str
    """Name of the model."""
    class_name: str
    target: str
    format: str
    """Of the numbers."""
    way: str
    """How the weights were quantised, in words."""
    data_shape: tuple[int, ...]
    latent_size: int
    posterior: str
    """One of `POSTERIORS`, or `NONE`."""
    prior: str
    versions: dict[str, str]
    origin: dict[str, str]
    """Words on where the model is from."""
    files: dict[str, File]
    """By part."""
    parity: Parity
    bar: Bar
    attributes: dict[str, Any] | None = None
    """Of a model that is conditioned on attributes: see `Attributes`."""
    num_classes: int | None = None
    num_codes: int | None = None
    """Of a model with discrete codes."""
    support: tuple[float | None, float | None] | None = None
    """Range of the data; None at an end that is open."""
    condition_shape: tuple[int, ...] | None = None
    """Of a model that is conditioned on images."""
    completes: bool | None = None
    """Of the same: whether it returns what its condition shows in place of what it computes."""

    def __post_init__(self) -> None:
        for name in ("data_shape", "support", "condition_shape"):  # lists, as JSON has them, are taken too
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else tuple(value))

    @property
    def weights_sha256(self) -> str | None:
        """SHA-256 of the weights of the preset that was exported; None where the origin names none."""
        return self.origin.get(_WEIGHTS_SHA256)

    @classmethod
    def of(cls, manifest: Any) -> "Manifest":
        """Make it of what `to_dict` gave.

        Raises:
            ValueError: if a field is missing or unknown, or is out of its range, naming it, its value and the rule.
        """
        known = dict(check(manifest))
        parity = dict(known.pop("parity"))
        name = "elbo" if "elbo" in parity else "log_likelihood"
        bar = dict(known.pop("bar"))
        return cls(
            class_name=known.pop("class"),
            files={
                part: File(**{**file, "operations": tuple(Operation(**entry) for entry in file["operations"])})
                for part, file in known.pop("files").items()
            },
            parity=Parity(
                errors={part: Error(**error) for part, error in parity.pop("errors").items()},
                elbo=_nats(parity.pop("elbo", None)),
                log_likelihood=_nats(parity.pop("log_likelihood", None)),
                **parity,
            ),
            bar=Bar(change=bar.pop(f"{name}_change"), **bar),
            **known,
        )

    def to_dict(self) -> dict[str, Any]:
        """The content of `build.json`, as plain data; what a model does not have is left out."""
        tables = _plain(dataclasses.asdict(self))
        tables["class"] = tables.pop("class_name")
        tables["bar"] = {f"{self.parity.score_name}_change": tables["bar"].pop("change"), **tables["bar"]}
        ordered = {name: tables.pop(name) for name in _REQUIRED}
        return {**ordered, **tables}


def _nats(value: dict[str, float] | None) -> Nats | None:
    return None if value is None else Nats(**value)


def origin_of(preset: str, weights_sha256: str) -> dict[str, str]:
    """The `origin` of builds of a preset."""
    return {"preset": preset, _WEIGHTS_SHA256: weights_sha256}


def _plain(value: Any) -> Any:
    """Lists for tuples, and no field that is None."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def read(content: bytes) -> Manifest:
    """Parse and check the bytes of a `build.json`.

    Raises:
        ValueError: if they are not what `export.tflite` writes.
    """
    try:
        manifest = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its tables and lists are nested too deeply") from None
    return Manifest.of(manifest)


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
    change = f"{'elbo' if 'elbo' in manifest['parity'] else 'log_likelihood'}_change"
    _agree(change in manifest["bar"], f"'bar' is {_shown(manifest['bar'])}: it must name {change}, as 'parity' does")
    changes = [name for name in manifest["bar"] if name.endswith("_change")]
    _agree(len(changes) == 1, f"'bar' is {_shown(manifest['bar'])}: it must name {change} alone")
    return dict(manifest)


def check_field(name: str, value: Any) -> None:
    """Check one field by itself, so that a wrong one is found before the work of an export is done.

    Raises:
        ValueError: if it is not allowed.
    """
    {**_REQUIRED, **_OPTIONAL}[name](name, value)


def tensors(manifest: Manifest, part: str) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """The inputs and the outputs that the build of a part must have, by name."""
    data, size = manifest.data_shape, manifest.latent_size
    condition: dict[str, Shape] = {}
    if manifest.condition_shape is not None:
        condition = {"condition": None}
    elif manifest.attributes is not None:
        condition = {"condition": (Attributes(manifest.attributes).size,)}
    elif manifest.num_classes is not None:
        condition = {"condition": (manifest.num_classes,)}
    if manifest.num_codes is not None:
        of_codes: dict[str, tuple[dict[str, Shape], dict[str, Shape]]] = {
            "encoder": ({"data": data}, {"codes": (size,)}),
            "decoder": ({"codes": (size,)}, {"mean": data, "params": None}),
            "prior": ({"codes": (size,), **condition}, {"logits": (size, manifest.num_codes)}),
        }
        if part in of_codes:
            return of_codes[part]
    # The encoder that all decoders of a deterministic autoencoder share is given no condition.
    given = {} if manifest.posterior == NONE else condition
    params = {"diagonal_gaussian": (2 * size,), "full_covariance_gaussian": (size + size * (size + 1) // 2,)}
    further: dict[str, Shape] = {"stddev": (size,)} if manifest.posterior == "top_down_posterior" else {}
    by_part: dict[str, tuple[dict[str, Shape], dict[str, Shape]]] = {
        "encoder": ({"data": data, **given}, {"mean": (size,), "params": params.get(manifest.posterior), **further}),
        "decoder": ({"latents": (size,), **condition}, {"mean": data, "params": None}),
        "prior": ({"noise": None, **condition}, {"latents": (size,)}),
        "clusters": ({"latents": (size,)}, {"log_probs": None}),
        "classifier": ({"data": data}, {"log_probs": (manifest.num_classes or 0,)}),
        "features": ({"picture": manifest.condition_shape or ()}, {"condition": None}),
    }
    return by_part[part]


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
    nats: Rule = _record(Nats, _number)
    errors = _each(_record(Error, _number))
    required: dict[str, Rule] = {"errors": errors, "examples": _whole(1, 2**53), "source": _text}
    _table(name, value, required, {"elbo": nats, "log_likelihood": nats})
    if ("elbo" in value) == ("log_likelihood" in value):
        raise ValueError(f"{name} must have either 'elbo' or 'log_likelihood'")


def _record(cls: Any, rule: Rule) -> Rule:
    """A table with the fields of a class, all of which follow one rule."""
    return lambda name, value: _table(name, value, {field.name: rule for field in dataclasses.fields(cls)})


def _bar(name: str, value: Any) -> None:
    changes = [f"{score}_change" for score in ("elbo", "log_likelihood")]
    optional = [field.name for field in dataclasses.fields(Bar) if field.name != "change"]
    _table(name, value, {}, dict.fromkeys([*changes, *optional], _number))


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
    "bar": _bar,
}
_OPTIONAL: dict[str, Rule] = {
    "attributes": _attributes,
    "num_classes": _whole(1, _checks.MAX_SIZE),
    "num_codes": _whole(1, _checks.MAX_SIZE),
    "support": _support,
    "condition_shape": _shape,
    "completes": _flag,
}
