"""What `build.json` says: the one place that knows its fields, which everything else writes and reads as a `Manifest`.

The file comes with a folder from anywhere, so each field has a type and a rule, fields must agree with each other, and `tensors`
says what the `.tflite` files beside it must take and give. A device has NumPy and LiteRT alone, so the checks are here.
"""

import dataclasses
import json
from typing import Annotated, Any

import numpy as np

from keras_vae import _checks
from keras_vae._attributes import Attributes
from keras_vae.lite import rules

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
# They belong to the names of the posteriors, and keras_vae.distributions has them from here.
SOFTPLUS_SHIFT = float(np.log(np.expm1(1.0)))
STDDEV_FLOOR = 1e-5

Shape = tuple[int, ...] | None
"""Of a tensor, without the batch axis; None where any will do."""

_SIZE = rules.whole(1, _checks.MAX_ELEMENTS)
_COUNT = rules.whole(1, _checks.MAX_SIZE)
_NAME = rules.matching(r"\w{1,200}", "a name of letters, digits and underscores")
_SHA256 = rules.matching("[0-9a-f]{64}", "a SHA-256 in 64 hexadecimal digits")
_ORIGIN = rules.each(rules.text)
_WEIGHTS_SHA256 = "weights_sha256"


@dataclasses.dataclass(frozen=True)
class Operation:
    """A kind of operation in a `.tflite` file."""

    name: Annotated[str, rules.text]
    """As LiteRT's schema names it, such as FULLY_CONNECTED."""
    version: Annotated[int, rules.whole(0, 2**31)]
    times: Annotated[int, rules.whole(1, 2**31)]
    """How often it stands in the graph."""


@dataclasses.dataclass(frozen=True)
class File:
    """A `.tflite` file."""

    bytes: Annotated[int, rules.whole(0, MAX_BUILD)]
    sha256: Annotated[str, _SHA256]
    operations: Annotated[tuple[Operation, ...], rules.listed(rules.record(Operation))]
    latency_ms: Annotated[float, rules.number]
    """Median time of a call for one example, on one thread."""


@dataclasses.dataclass(frozen=True)
class Error:
    """Absolute error of a build's output, compared with the Keras model's."""

    maximum: Annotated[float, rules.number]
    mean: Annotated[float, rules.number]


@dataclasses.dataclass(frozen=True)
class Nats:
    """A value in nats per example, of the Keras model, of the build, and the difference."""

    keras: Annotated[float, rules.number]
    build: Annotated[float, rules.number]
    change: Annotated[float, rules.number]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parity:
    """The proof: how a build differs from the Keras model on examples."""

    errors: Annotated[dict[str, Error], rules.each(rules.record(Error))]
    """By part: of the means, of a prior's latents, and of probabilities of clusters or classes."""
    elbo: Annotated[Nats | None, rules.record(Nats)] = None
    log_likelihood: Annotated[Nats | None, rules.record(Nats)] = None
    """In place of the ELBO, for an autoencoder without a posterior."""
    examples: Annotated[int, rules.whole(1, 2**53)]
    source: Annotated[str, rules.text]
    """Where the examples are from."""

    @property
    def score_name(self) -> str:
        """Which value in nats is compared: `"elbo"` or `"log_likelihood"`."""
        return "log_likelihood" if self.elbo is None else "elbo"

    @property
    def score_words(self) -> str:
        """The same in words."""
        return "log-likelihood" if self.elbo is None else "ELBO"

    @property
    def score(self) -> Nats:
        """The value in nats that is compared.

        Raises:
            ValueError: if there is none.
        """
        found = self.log_likelihood if self.elbo is None else self.elbo
        if found is None:
            raise ValueError("'parity' must have either 'elbo' or 'log_likelihood'")
        return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bar:
    """What the build was held to: the largest change in nats, mean absolute error, and share of codes that differ."""

    elbo_change: Annotated[float | None, rules.number] = None
    log_likelihood_change: Annotated[float | None, rules.number] = None
    mean_error: Annotated[float | None, rules.number] = None
    codes_that_differ: Annotated[float | None, rules.number] = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """A folder of builds: what they are, what they take, and the proof that they compute what the Keras model does."""

    model: Annotated[str, rules.text]
    """Name of the model."""
    class_name: Annotated[str, rules.text] = dataclasses.field(metadata={"key": "class"})
    target: Annotated[str, _NAME]
    format: Annotated[str, _NAME]
    """Of the numbers."""
    way: Annotated[str, rules.text]
    """How the weights were quantised, in words."""
    data_shape: Annotated[tuple[int, ...], rules.shape]
    latent_size: Annotated[int, _SIZE]
    num_classes: Annotated[int | None, _COUNT] = None
    attributes: Annotated[dict[str, Any] | None, rules.attributes] = None
    """Of a model that is conditioned on attributes: see `Attributes`."""
    condition_shape: Annotated[tuple[int, ...] | None, rules.shape] = None
    """Of a model that is conditioned on images."""
    completes: Annotated[bool | None, rules.flag] = None
    """Of the same: whether it returns what its condition shows in place of what it computes."""
    support: Annotated[tuple[float | None, float | None] | None, rules.interval] = None
    """Range of the data; None at an end that is open."""
    posterior: Annotated[str, rules.one_of(NONE, *POSTERIORS)]
    num_codes: Annotated[int | None, _COUNT] = None
    """Of a model with discrete codes."""
    prior: Annotated[str, _NAME]
    versions: Annotated[dict[str, str], rules.each(rules.text)]
    origin: Annotated[dict[str, str], _ORIGIN]
    """Words on where the model is from."""
    # The names of parts become names of files, so there are no others.
    files: Annotated[dict[str, File], rules.table(dict.fromkeys(PARTS, rules.record(File)))]
    """By part."""
    parity: Annotated[Parity, rules.record(Parity)]
    bar: Annotated[Bar, rules.record(Bar)]

    @property
    def weights_sha256(self) -> str | None:
        """SHA-256 of the weights of the preset that was exported; None where the origin names none."""
        return self.origin.get(_WEIGHTS_SHA256)

    @classmethod
    def of(cls, tables: Any) -> "Manifest":
        """Make it of what `to_dict` gave.

        Raises:
            ValueError: if a field is missing or unknown, breaks its rule, or does not agree with another, naming it, its value and
                the rule.
        """
        found = rules.record(cls)("the file", tables)
        _check_agreement(found)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The content of `build.json`, as plain data; what a model does not have is left out."""
        return rules.plain(self)


def read(content: bytes) -> Manifest:
    """Parse and check the bytes of a `build.json`.

    Raises:
        ValueError: if they are not what `export.tflite` writes.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has {len(content)} bytes, at most {MAX_BYTES} are read")
    try:
        tables = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its tables and lists are nested too deeply") from None
    return Manifest.of(tables)


def origin_of(preset: str, weights_sha256: str) -> dict[str, str]:
    """The `origin` of builds of a preset."""
    return {"preset": preset, _WEIGHTS_SHA256: weights_sha256}


def check_origin(origin: Any) -> None:
    """Check an `origin` by itself, so that a wrong one is found before the work of an export is done.

    Raises:
        ValueError: if it is no table of texts.
    """
    _ORIGIN("origin", origin)


def tensors(manifest: Manifest, part: str) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """The inputs and the outputs that the build of a part must have, by name."""
    data, size = manifest.data_shape, manifest.latent_size
    classes = None if manifest.num_classes is None else (manifest.num_classes,)
    condition: dict[str, Shape] = {}
    if manifest.condition_shape is not None:
        condition = {"condition": None}
    elif manifest.attributes is not None:
        condition = {"condition": (Attributes(manifest.attributes).size,)}
    elif classes is not None:
        condition = {"condition": classes}
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
        "classifier": ({"data": data}, {"log_probs": classes}),
        "features": ({"picture": manifest.condition_shape}, {"condition": None}),
    }
    return by_part[part]


def _no_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, which is no number of JSON")


def _check_agreement(found: Manifest) -> None:
    files, discrete = set(found.files), found.num_codes is not None
    _agree({"encoder", "decoder"} <= files, f"'files' names {sorted(files)}: encoder and decoder must be there")
    _agree(
        found.prior in _PLAIN_PRIORS or "prior" in files,
        f"'prior' is {rules.shown(found.prior)} and 'files' has no prior: without one it must be {' or '.join(_PLAIN_PRIORS)}",
    )
    _agree("prior" not in files or found.prior != NONE, "'files' has a prior, and 'prior' is none")
    _agree(
        not discrete or (found.posterior == NONE and "prior" in files),
        "'num_codes' is for discrete codes, whose 'posterior' is none and whose prior is in 'files'",
    )
    of_images = found.condition_shape is not None
    _agree(of_images == (found.completes is not None), "'condition_shape' and 'completes' stand together or not at all")
    _agree(
        of_images == ("features" in files), "'condition_shape' and the file of features stand together or not at all"
    )
    _agree(
        not of_images or not (discrete or found.num_classes is not None),
        "'condition_shape' is of conditions that are images, which have neither 'num_classes' nor 'num_codes'",
    )
    _agree(
        found.attributes is None or not (of_images or discrete or found.num_classes is not None),
        "'attributes' is of conditions that are attributes, which have none of 'condition_shape', 'num_classes' and 'num_codes'",
    )
    _agree(
        "classifier" not in files or found.num_classes is not None,
        "'files' has a classifier, and no 'num_classes' is given",
    )
    _agree(
        (found.parity.elbo is None) != (found.parity.log_likelihood is None),
        "'parity' must have either 'elbo' or 'log_likelihood'",
    )
    changes = [name for name in rules.plain(found.bar) if name.endswith("_change")]
    _agree(
        changes == [f"{found.parity.score_name}_change"],
        f"'bar' is {rules.shown(rules.plain(found.bar))}: it must name {found.parity.score_name}_change alone, as 'parity' does",
    )


def _agree(holds: bool, words: str) -> None:
    if not holds:
        raise ValueError(words)
