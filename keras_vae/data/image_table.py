"""A data set of your own: image files with several attributes each, in a CSV file."""

import csv
import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._attributes import Attributes, described_number
from keras_vae.data.folder_files import check_inside
from keras_vae.data.image_file_set import CACHE_BYTES, ImageFiles, divided
from keras_vae.data.image_files import SUFFIXES
from keras_vae.data.sources import Images

# More words than that are rather names of single images.
_MAX_WORDS = 1000


class ImageTable(ImageFiles):
    """Images that are listed in a CSV file with attributes, words as well as numbers: conditions of an `AttributeConditionalVAE`.

    The file has a header, commas between its cells, and is encoded in UTF-8. One column holds file names, relative to the folder of
    the CSV file; every other column is an attribute. A column of which every cell is a number is a number; every other is one of
    words. Each image becomes a float vector: words one-hot in the order of the alphabet, and a number less its mean, over its
    standard deviation, both over the rows to train on. Every tenth row, in an order that is sampled once, is for the test. Image
    files that the CSV file does not name are no part of the data set.

    >>> flowers = data.ImageTable("flowers.csv", (64, 64, 3))
    >>> model = AttributeConditionalVAE(flowers.shape, flowers.attributes, latent_size=16)
    >>> model.fit(data.load(flowers, "train"), epochs=10)
    >>> model.sample(labels={"colour": ["red", "white"], "height": [12.0, 30.0]})

    Args:
        path: of the CSV file.
        shape: `(height, width, channels)` to bring the images to: see `read_picture`.
        file_column: name of the column of file names; by default the first.
        attributes: names of the columns to take; by default all others.
        words: names of those whose cells are numbers, and are to be taken as words, such as the numbers of classes.
        progress, cache_bytes, corrupt: as in `ImageFolder`.
        follow_links: whether file names and links may lead outside of the folder of the CSV file.

    Raises:
        ValueError: if the file is no such table, a cell is empty, a file is named twice, is not there, outside, or no image file,
            or a column has one value alone, or different words in nearly every row; naming the row.
        FileNotFoundError: if there is no such CSV file.
    """

    def __init__(
        self,
        path: str | Path,
        shape: Any,
        *,
        file_column: str | None = None,
        attributes: Sequence[str] | None = None,
        words: Sequence[str] = (),
        progress: Callable[[int, int], None] | None = None,
        cache_bytes: int = CACHE_BYTES,
        corrupt: str = "raise",
        follow_links: bool = False,
    ):
        if not isinstance(path, str | os.PathLike):
            raise ValueError(f"path={path!r}: must be the path of a CSV file.")
        self.path = Path(path)
        super().__init__(self.path.parent, shape, progress, cache_bytes, corrupt)
        if not self.path.is_file():
            raise FileNotFoundError(f"{self.path} is no file: give the path of a CSV file.")
        header, rows = _read(self.path)
        names = header[0] if file_column is None else _checks.one_of("file_column", file_column, header)
        wanted = [name for name in header if name != names] if attributes is None else list(attributes)
        for name in (*wanted, *words):
            _checks.one_of("attributes", name, [column for column in header if column != names])
        if not wanted:
            raise ValueError(f"{self.path} has no column beside {names!r}: give attributes, or use data.ImageFolder.")
        files = self._checked_files(rows, header.index(names), _checks.flag("follow_links", follow_links))
        self._files = divided(self.path, [(file, i) for i, file in enumerate(files)])
        chosen = {name: [row[header.index(name)] for _, row in rows] for name in wanted}
        learned = [i for _, i in self._files["train"]]
        columns, described = {}, {}
        for name, cells in chosen.items():
            self._check_cells(name, cells, [line for line, _ in rows])
            columns[name], described[name] = self._described(name, cells, learned, name in words)
        self._attributes = Attributes(described)
        self._vectors = self._attributes.vectors(columns)
        self._facts = (json.dumps(self.attributes), json.dumps(self._vectors.tolist()))

    @property
    def name(self) -> str:
        """Name of the CSV file."""
        return self.path.resolve().name

    @property
    def attributes(self) -> dict[str, Any]:
        """By attribute its words, or the mean and the standard deviation of a number: what the model takes as `attributes`."""
        return self._attributes.described

    def __call__(self, split: str) -> Images:
        """The images of `"train"` or `"test"`: see `ImageFolder`. Their labels are numbers of rows, and `conditions` makes vectors
        float32 `(B, K)` of them."""
        from keras_vae._backend import tf

        vectors = tf.constant(self._vectors)
        return dataclasses.replace(
            super().__call__(split), conditions=lambda images, labels, seed: tf.gather(vectors, labels)
        )

    def _checked_files(self, rows: list[tuple[int, list[str]]], column: int, follow_links: bool) -> list[Path]:
        real = Path(os.path.realpath(self.folder))
        seen: dict[str, int] = {}
        files = []
        for line, row in rows:
            where, text = f"{self.path}, line {line}", row[column]
            path = self.folder / text
            if not text or Path(text).is_absolute():
                raise ValueError(f"{where}: {text!r} is no file name relative to the folder of the CSV file.")
            check_inside(path, real, follow_links)
            if not path.is_file():
                raise ValueError(f"{where}: {path} is no file. Names are relative to the folder of the CSV file.")
            if path.suffix.lower() not in SUFFIXES:
                raise ValueError(f"{where}: {text!r} is no image file: they end in {', '.join(SUFFIXES)}.")
            if (before := seen.setdefault(os.path.realpath(path), line)) != line:
                raise ValueError(f"{where}: {text!r} stands in line {before} already. Leave one of the two rows out.")
            files.append(path)
        return files

    def _check_cells(self, name: str, cells: list[str], lines: list[int]) -> None:
        for cell, line in zip(cells, lines, strict=True):
            if not cell or cell.lower() in ("nan", "na", "n/a", "null", "none"):
                raise ValueError(
                    f"{self.path}, line {line}: {name!r} is {cell!r}. Give every image a value, leave the row out, or the column "
                    "with attributes=[...]."
                )

    def _described(self, name: str, cells: list[str], learned: list[int], as_words: bool) -> tuple[list[Any], Any]:
        """The values of a column, and the description of the attribute."""
        numbers = None if as_words else _numbers(cells)
        values = cells if numbers is None else numbers
        if len({values[i] for i in learned}) < 2:
            raise ValueError(
                f"{self.path}: {name!r} is {values[learned[0]]!r} in every row to train on: it tells no images apart. Leave it "
                "out with attributes=[...]."
            )
        if numbers is not None:
            return numbers, described_number(np.array([numbers[i] for i in learned]))
        different = sorted(set(cells))
        if len(different) > _MAX_WORDS or (len(different) > 20 and len(different) > len(cells) // 2):
            raise ValueError(
                f"{self.path}: {name!r} has {len(different):,} different words in {len(cells):,} rows, such as {different[0]!r}: a "
                "word needs several images to be learned. Leave it out with attributes=[...]. If it is meant to be a number, "
                f"look for the cell that is none, such as {next(cell for cell in cells if _numbers([cell]) is None)!r}."
            )
        return cells, different


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and the rows with the numbers of their lines; spaces around cells are left out, and so are empty lines.

    Raises:
        ValueError: if it is no CSV file with a header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not encoded in UTF-8 ({error.reason}): save it as CSV UTF-8.") from error
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: is no CSV ({error}): save the table anew.") from error
    if len(rows) < 2:
        raise ValueError(f"{path} has no rows: it needs a header, such as file,colour,age, and a row per image.")
    header = rows[0][1]
    if len(header) == 1 and ";" in header[0]:
        raise ValueError(f"{path} has semicolons between its cells: save it with commas.")
    if "" in header or len(set(header)) < len(header):
        twice = next(name for name in header if not name or header.count(name) > 1)
        raise ValueError(f"{path}: the header names {twice!r} where each column needs a name of its own.")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise ValueError(f"{path}, line {line}: has {len(row)} cells, and the header has {len(header)}.")
    return header, rows[1:]


def _numbers(cells: list[str]) -> list[float] | None:
    """The cells as numbers; None if one is none."""
    try:
        found = [float(cell) for cell in cells]
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None
