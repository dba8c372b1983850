"""The `export` command: builds of a preset for one target or for all, and the table of their proofs."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from keras_vae import _checks, data, export, zoo

SERVER = "server"
ALL = "all"
_CALIBRATED_ON = 5000


def run(preset: str, target: str, format: str | None, out: Path | None, overwrite: bool, console: Console) -> None:
    """Export a preset: `out/TARGET` for a device, `out/server/NAME/VERSION` for a server."""
    _checks.one_of("target", target, (*export.TARGETS, SERVER, ALL))
    model = zoo.load(preset)
    source = zoo.Preset.read(zoo.preset_folder(preset))
    out = out or Path("exports") / source.name
    train, test, words = _data(source)
    proofs = []
    for name in (*export.TARGETS, SERVER) if target == ALL else (target,):
        where = out / name
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
                    overwrite=overwrite,
                    say=lambda step, name=name: status.update(f"{name}: {step}"),  # type: ignore[misc]
                )
                proofs.append(proof)
                path = where
        console.print(f"Wrote {path.resolve()}", soft_wrap=True, highlight=False)
    if proofs:
        console.print(_table(proofs))


def _data(source: zoo.Preset) -> tuple[Any, Any, str]:
    """Examples to calibrate on and to prove on, from the preset's own data; none for a preset that names no data."""
    if source.recipe is None:
        return None, None, ""
    name, preprocessing = source.recipe.data.name, source.recipe.data.preprocessing
    x, y = data.arrays(name, "train", preprocessing, seed=0)
    return (x[:_CALIBRATED_ON], y[:_CALIBRATED_ON]), data.arrays(name, "test", preprocessing, seed=0), f"{name} test"


def _table(proofs: list[dict[str, Any]]) -> Table:
    table = Table("target", "format", "kB", "mean error", "ELBO", "change (nats)", "ms", box=None, header_style="bold")
    for proof in proofs:
        files, elbo, errors = proof["files"], proof["parity"]["elbo"], proof["parity"]["errors"]
        table.add_row(
            proof["target"],
            proof["format"],
            " + ".join(f"{entry['bytes'] / 1000:.0f}" for entry in files.values()),
            " + ".join(f"{outputs['mean']['mean']:.1e}" for outputs in errors.values()),
            f"{elbo['build']:.3f}",
            f"{elbo['change']:+.4f}",
            " + ".join(f"{entry['latency_ms']:.3f}" for entry in files.values()),
        )
    return table
