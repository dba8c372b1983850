"""The `reproduce` command: a published table, and the zoo's figures beside it."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from keras_vae import zoo


def show_tables(console: Console) -> None:
    """Print the tables there are."""
    table = Table("table", "what", "presets", box=None, header_style="bold")
    table.columns[0].no_wrap = True
    for name, entry in zoo.published_tables().items():
        table.add_row(name, entry.title, ", ".join(entry.presets))
    console.print(table)
    console.print("keras-vae reproduce TABLE", highlight=False)


def trained(preset: str) -> Path:
    """The folder of a preset that `keras-vae train` trained anew."""
    return Path("runs") / preset / zoo.IN_A_RUN


def run(entry: zoo.PublishedTable, check: bool, anew: bool, console: Console, errors: Console) -> bool:
    """Print the table; returns whether every figure that was computed again agrees with the recorded one.

    Args:
        entry: the table.
        check: score the first test images again.
        anew: print what was trained anew, and not what the zoo has.
        console: what it is printed on.
        errors: where progress is shown.
    """
    rows = []
    for preset in entry.presets:
        with errors.status(f"scoring {preset}"):
            rows.append(zoo.reproduce(entry, preset, folder=trained(preset) if anew else None, check=check))
    console.print(f"[bold]{entry.title}[/]\n{entry.protocol}.\n")
    table = Table("", "published", "obtained", "source, and what was done", box=None, header_style="bold")
    table.columns[0].no_wrap = True
    lines = [(row["value"], row["row"], f"{row['value']:.2f}", "", row["source"]) for row in entry.published]
    lines += [_line(row) for row in rows]
    for _, *cells in sorted(lines, key=lambda line: -line[0]):
        table.add_row(*cells)
    console.print(table)
    return all(row.agrees is not False for row in rows)


def plan(entry: zoo.PublishedTable, train: bool, console: Console) -> None:
    """Print the commands that compute every figure of the table from its beginning, and run none."""
    for preset in entry.presets:
        if train:
            console.print(f"keras-vae train {preset}", highlight=False)
        place = f"{trained(preset)} --write" if train else preset
        console.print(f"keras-vae evaluate {place}", highlight=False)


def _line(row: Any) -> tuple[float, str, str, str, str]:
    published = "" if row.published is None else f"{row.published:.2f}"
    if row.obtained is None:
        return (row.published or 0.0, row.preset, published, "no weights yet", row.source)
    obtained = f"[bold]{row.obtained:.2f}[/]" + (f" ± {row.standard_error:.2f}" if row.standard_error else "")
    words = row.source
    if row.again is not None:
        verdict = "as recorded" if row.agrees else "NOT as recorded"
        words += f"; first 100 images now {row.again:.2f}, recorded {row.recorded:.2f}: {verdict}"
    return (row.obtained, row.preset, published, obtained, words)
