"""The `export` command: builds of a preset for one target or for all, and the table of their proofs."""

import logging
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from keras_vae import _checks, data, export, lite, models, zoo
from keras_vae.cli import inputs, targets
from keras_vae.cli.targets import ALL, SERVER

_CALIBRATED_ON = 5000


def run(
    model: Any,
    preset: str | zoo.Preset,
    target: str,
    format: str | None,
    out: Path | None,
    overwrite: bool,
    console: Console,
    given: str | None = None,
    files: inputs.Reading = inputs.AS_IT_IS,
) -> None:
    """Export `model`, the preset's: `out/TARGET` for a device, `out/server/NAME/VERSION` for a server.

    Calibrated and proved on the data set or folder `given`, whose files are read as `files` says; by default on the preset's own.
    The same arguments have passed `check` before.
    """
    source = zoo.find_preset(preset)
    out, wanted = out or _folder(source), targets.wanted(target)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of each new signature that is traced
    train, test, words = _data(source, model, given, console, files)
    origin = lite.manifest.origin_of(source.name, source.manifest["sha256"])
    proofs, refused = [], []
    for name in wanted:
        where = out / name
        if not console.is_terminal:
            console.print(f"{name} ...")  # where the line below that moves does not show
        try:
            with console.status(name) as status:
                if name == SERVER:
                    path = export.saved_model(model, where / source.name, examples=test)
                else:
                    proof = export.tflite(
                        model,
                        where,
                        name,
                        format=format,
                        examples=train,
                        test=test,
                        source=words,
                        origin=origin,
                        overwrite=overwrite,
                        say=lambda step, name=name: status.update(f"{name}: {step}"),  # type: ignore[misc]
                    )
                    proofs.append(proof)
                    path = where
            console.print(f"Wrote {path.resolve()}", soft_wrap=True, highlight=False)
        except export.ExportError as error:  # one target's refusal is no reason to leave out the others
            refused.append(f"{name}: {error}")
    if proofs:
        console.print(_table(proofs))
        console.print(
            "Errors of the means, beside the Keras model; nats: the ELBO, or an autoencoder's log-likelihood, through "
            "both builds."
        )
    if refused and (target != ALL or len(refused) == len(wanted)):
        raise export.ExportError("\n".join(refused))
    for reason in refused:
        console.print(f"Not for {reason}", soft_wrap=True, highlight=False, markup=False)


def check(
    preset: str | zoo.Preset,
    target: str,
    format: str | None,
    out: Path | None,
    overwrite: bool,
    given: str | None = None,
) -> None:
    """Check what `run` is given as far as it can be told without the model.

    Raises:
        ValueError: if there is no such target, a format is given for several, or `given` is neither a data set nor a folder.
        FileExistsError: if a build is there already and `overwrite` is not given.
    """
    _checks.one_of("target", target, targets.names())
    if format is not None and target not in export.TARGETS:
        raise ValueError(f"--format {format} is of one device: name it, for example --target cpu.")
    out = out or _folder(zoo.find_preset(preset))
    there = [str(out / name) for name in targets.wanted(target) if name != SERVER and (out / name).exists()]
    if there and not overwrite:
        raise FileExistsError(
            f"{', '.join(there)}: there already. Choose another folder with --out, or pass --overwrite."
        )
    inputs.check_source(given)


def _folder(preset: zoo.Preset) -> Path:
    return Path("exports") / preset.name


def _data(
    source: zoo.Preset, model: Any, given: str | None, console: Console, files: inputs.Reading
) -> tuple[Any, Any, str]:
    """Examples to calibrate on and to prove on; none, and a word on it, where none are named or the preset's are not to be had."""
    chosen = inputs.choice_of(source, given, model, files)
    try:
        if chosen in (None, data.FOLDER):
            raise data.DataUnavailableError(f"{source.name} names no data set: choose one, or a folder, with --data.")
        x, y = data.arrays(chosen, data.split_for_arrays(chosen, "train"), source.preprocessing, seed=0)
    except data.DataUnavailableError as error:
        if given is not None or not isinstance(model, models.Samples):
            raise
        words = f"The builds are compared on images that the model draws. {error}"
        console.print(words, soft_wrap=True, highlight=False, markup=False)
        return None, None, ""
    name = chosen if isinstance(chosen, str) else chosen.name
    return (
        (x[:_CALIBRATED_ON], y[:_CALIBRATED_ON]),
        data.arrays(chosen, data.split_for_arrays(chosen, "test"), source.preprocessing, seed=0),
        f"{name} test",
    )


def _table(proofs: list[lite.Manifest]) -> Table:
    table = Table(
        "target", "build", "kB", "max error", "mean error", "ms", "nats", "change", box=None, header_style="bold"
    )
    for proof in proofs:
        score = proof.parity.score
        for part, file in proof.files.items():
            error = proof.parity.errors[part]
            table.add_row(
                proof.target,
                part,
                f"{file.bytes / 1000:.0f}",
                f"{error.maximum:.1e}",
                f"{error.mean:.1e}",
                f"{file.latency_ms:.3f}",
                *((f"{score.build:.2f}", f"{score.change:+.4f}") if part == "decoder" else ("", "")),
            )
    return table
