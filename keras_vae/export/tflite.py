"""TFLite builds of a model for one kind of device, proven before they are written."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import __version__, _checks, _files, _named
from keras_vae._backend import keras, tf
from keras_vae._gathered import Gathered
from keras_vae.export import parity, strategies
from keras_vae.export.errors import ExportError
from keras_vae.export.examples import examples_for
from keras_vae.export.precision import in_float32
from keras_vae.export.targets import NETWORKS, TARGETS, Target
from keras_vae.lite import MANIFEST, Build, Manifest, manifest
from keras_vae.models import DiscreteCodes, Reconstructs

_FILES = {MANIFEST, *(f"{part}.tflite" for part in manifest.PARTS)}

# The bars, by format: the largest mean absolute error of a mean, and the largest change of the ELBO, in nats or as a share of it.
_ERROR_BAR = {"float32": 1e-5}
# Of codes that are whole numbers it is the share that differ: where two are equally near, rounding chooses, and a code of a small
# grid that tips over takes some of the large grid with it. What that costs, the ELBO says.
_CODES_BAR = {"float32": 1e-4}
# Of a picture of many pixels, whose ELBO is thousands of nats, a tenth of a nat is nothing: a ten-thousandth is let through then.
_ELBO_BAR = {"float32": (0.1, 1e-4), "float16": (0.1, 1e-4), "dynamic_range": (0.1, 1e-4), "int8": (0.0, 0.01)}


def tflite(
    model: Any,
    folder: str | Path,
    target: str = "cpu",
    *,
    format: str | None = None,
    examples: Any = None,
    test: Any = None,
    source: str = "given by the caller",
    origin: dict[str, str] | None = None,
    overwrite: bool = False,
    say: Callable[[str], None] | None = None,
) -> Manifest:
    """Write `encoder.tflite` and `decoder.tflite` for a kind of device, and `prior.tflite` where the prior is not N(0, I).

    A model that clusters has `clusters.tflite` too, `latents` -> `log_probs (1, K)`, and one with a classifier `classifier.tflite`,
    `data` -> `log_probs`; these two and the prior stay in float32.

    Each takes a batch of one. The encoder: `data` -> `mean (1, Z)` and `params`, the parameters of q(z|x) (of a
    deterministic autoencoder: the code, and what it is before its activation). The decoder:
    `latents (1, Z)` -> `mean (1,) + data_shape` and `params`, those of p(x|z). A conditional model's take `condition`,
    a one-hot label, beside; where conditions are pictures it is what `features.tflite` makes of one, `picture` -> `condition`. Of a
    `VQVAE` the encoder gives and the decoder takes `codes`, int32 `(1, N)`, and `prior.tflite` maps `codes` to
    `logits (1, N, K)`, those of each code given the ones before it. `build.json` describes them and holds the proof;
    `keras_vae.lite.load(folder)` runs them.

    Nothing is written unless the builds hold only operations that the target takes and meet their bars: float32 a mean
    absolute error of 1e-5; float16 and dynamic range a change of the ELBO (of a deterministic autoencoder, of the
    log-likelihood) of 0.1 nat, or of a ten-thousandth where that is more; int8 of 1 %. For the last two there are several ways,
    from the fastest to the most exact: the first that meets the bar is taken. A model of mixed precision is exported from its
    float32 weights, and compared with what these compute in float32.

    Args:
        model: an autoencoder of this library.
        folder: to write; made anew.
        target: `"cpu"`, `"gpu"`, `"edge"` (int8 with int8 inputs and outputs) or `"web"`.
        format: of the numbers: `"float32"` for cpu instead of `dynamic_range`; gpu and web take `float16`, edge `int8`.
        examples: data, or a pair of data and labels, like those the model was trained on: int8 is calibrated on them. By
            default drawn from the model; an autoencoder without a prior needs them.
        test: data that the proof is computed on; by default the examples.
        source: where `test` is from, for the report.
        origin: words on where the model is from, kept in `build.json`, such as its preset and the SHA-256 of the weights.
        overwrite: replace a folder of builds that is there.
        say: called with a line of words when a step begins.

    Returns:
        What `build.json` holds: what the builds are, their files, the proof and the bar that it met.

    Raises:
        TypeError: if `model` is no autoencoder of this library.
        ValueError: if target, format or examples are not allowed.
        ExportError: if an operation cannot be converted or the target does not take it, or no way meets the bar.
        FileExistsError: if the folder is there and `overwrite` is not given, or it holds other files.
        ImportError: if a package for exports is not installed.
        OSError: if it cannot be written; what was there stays as it was.
    """
    kind = TARGETS[_checks.one_of("target", target, tuple(TARGETS))]
    with _checks.extra("export", "Exporting for devices"):
        import ai_edge_litert  # noqa: F401 - said before minutes of work
    formats = formats_for(model, kind)
    format = formats[0] if format is None else _checks.one_of("format", format, formats)
    manifest.check_origin(origin or {})
    given = examples_for(model, examples)
    model = in_float32(model)
    tested = given if test is None else examples_for(model, test, source)
    if test is None and examples is not None:
        tested = tested._replace(source="the examples that it was calibrated on")
    _check_parts(model)
    folder = Path(folder)
    _check_folder(folder, overwrite)
    say = say or (lambda words: None)
    last: ExportError | None = None
    for way, contents in strategies.strategies(model, kind, format, given, say):
        operations = {part: kind.check(part, content) for part, content in contents.items()}
        say(f"comparing with the Keras model: {way}")
        builds = {part: Build(content) for part, content in contents.items()}
        if format == "int8":
            _check_int8(builds)
        proof = parity.measure(model, builds, tested)
        try:
            bar = _hold_to_bar(format, proof, isinstance(model, DiscreteCodes))
        except ExportError as error:
            last = error
            continue
        files = {
            part: manifest.File(
                bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                operations=tuple(operations[part]),
                latency_ms=round(parity.latency(builds[part]), 4),
            )
            for part, content in contents.items()
        }
        support = model.likelihood.support
        found = Manifest(
            model=model.name,
            class_name=type(model).__name__,
            target=kind.name,
            format=format,
            way=way,
            data_shape=model.data_shape,
            latent_size=model.latent_size,
            support=None if support is None else (_closed(support[0]), _closed(support[1])),
            versions={"keras_vae": __version__, "keras": keras.__version__, "tensorflow": tf.__version__},
            origin=origin or {},
            files=files,
            parity=proof,
            bar=bar,
            **model.condition_fields,
            **fields(model),
        )
        try:
            description = _files.as_json(found.to_dict())
            manifest.read(description.encode())
        except (TypeError, ValueError) as error:  # of a user's own model: too large, or described by what is no JSON
            raise ExportError(f"keras_vae.lite could not read this build: {error}. Nothing was written.") from error
        _write(folder, contents, description)
        return found
    assert last is not None  # every format has at least one way
    raise last


@functools.singledispatch
def formats_for(model: Any, target: Target) -> tuple[str, ...]:
    """The formats of a target that the model can be in.

    Raises:
        ExportError: if there is none.
    """
    return target.formats


@formats_for.register(DiscreteCodes)
def _float_formats(model: Any, target: Target) -> tuple[str, ...]:
    # Weights are rounded so that codes keep their values; which of two codes is nearer no rounding keeps.
    if not (found := tuple(name for name in target.formats if name.startswith("float"))):
        raise ExportError(
            f"The codes of a {type(model).__name__} are whole numbers, which int8 would change: the target {target.name!r} takes "
            f"{', '.join(target.formats)} alone. Export for the target 'cpu' or 'web'."
        )
    return found


def _hold_to_bar(format: str, proof: manifest.Parity, discrete: bool = False) -> manifest.Bar:
    """Return the bar that was met.

    Raises:
        ExportError: if it was not.
    """
    found = proof.score
    nats, share = _ELBO_BAR[format]
    allowed = max(nats, share * abs(found.keras))
    if not abs(found.change) <= allowed:  # a NaN is no smaller than anything
        raise ExportError(
            f"In {format} the {proof.score_words} changes by {found.change:+.3f} nats, from {found.keras:.3f} to "
            f"{found.build:.3f}: at most {allowed:.3f} is let through. Calibrate on more examples like those the model was "
            "trained on, or take a more exact format, such as float32 for the target 'cpu'."
        )
    change = {f"{proof.score_name}_change": round(allowed, 5)}
    if format not in _ERROR_BAR:
        return manifest.Bar(**change)
    errors = {part: error.mean for part, error in proof.errors.items()}
    if discrete and not (share := errors.pop("encoder")) <= _CODES_BAR[format]:
        raise ExportError(
            f"In {format} a share of {share:.2g} of the codes differ: at most {_CODES_BAR[format]:.0e} is let through."
        )
    worst = max(errors.values())
    if not worst <= _ERROR_BAR[format]:
        raise ExportError(
            f"In {format} the mean absolute error is {worst:.2g}: at most {_ERROR_BAR[format]:.0e} is let through."
        )
    codes = _CODES_BAR[format] if discrete else None
    return manifest.Bar(**change, mean_error=_ERROR_BAR[format], codes_that_differ=codes)


def _check_int8(builds: dict[str, Build]) -> None:
    for part in NETWORKS:
        for name, detail in {**builds[part].inputs, **builds[part].outputs}.items():
            if detail["dtype"] != np.int8:
                raise ExportError(
                    f"{name} of the {part} is {np.dtype(detail['dtype']).name} and not int8: the quantizer left it."
                )


fields = Gathered("fields", "What a `lite.Manifest` says of the kind of model, by its arguments.")


@fields.register(Reconstructs)
def _of_parts(model: Any) -> dict[str, Any]:
    def named(part: str) -> str:
        return _named.snake_case(type(model.parts[part]).__name__) if part in model.parts else manifest.NONE

    # A deterministic code has no posterior, and a model that does not sample no prior.
    return {"posterior": named("posterior"), "prior": named("prior")}


@fields.register(DiscreteCodes)
def _of_codes(model: Any) -> dict[str, Any]:
    return {"num_codes": model.num_codes}


def _closed(end: float) -> float | None:
    """An end of a range; None where it is open, since JSON has no infinity."""
    return float(end) if np.isfinite(end) else None


def _check_parts(model: Any) -> None:
    """Refuse what `keras_vae.lite` could not make sense of."""
    posterior = fields(model)["posterior"]
    if posterior not in (manifest.NONE, *manifest.POSTERIORS):
        raise ExportError(
            f"The posterior is a {type(model.parts['posterior']).__name__}: builds hold one of {', '.join(manifest.POSTERIORS)}. "
            "Export such a model with export.saved_model."
        )
    if model.condition_fields is None:
        raise ExportError(
            f"The condition of {type(model).__name__} is neither a one-hot label, attributes nor an image: builds take these "
            "alone. Export such a model with export.saved_model."
        )


def _check_folder(folder: Path, overwrite: bool) -> None:
    _files.check_writable(folder.parent)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: choose another name for the folder of builds.")
    if not overwrite:
        raise FileExistsError(
            f"{folder} is there already: choose another folder, or pass overwrite=True to replace it."
        )
    if strangers := sorted({path.name for path in folder.iterdir()} - _FILES):
        raise FileExistsError(
            f"{folder} holds {strangers[0]!r}, which is no file of a build: overwriting would delete it. Choose another folder."
        )


def _write(folder: Path, contents: dict[str, bytes], description: str) -> None:
    with _files.replacing_folder(folder, overwrite=True) as aside:
        for part, content in contents.items():
            (aside / f"{part}.tflite").write_bytes(content)
        _files.write_text(aside / MANIFEST, description)
