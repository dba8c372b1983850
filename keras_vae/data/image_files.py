"""Pictures from files of any size and colour, in the form that a model takes."""

import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae import _checks

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
"""How the names of image files end."""

# Pillow would try each format it knows on any name, among them PostScript, a program that it hands to Ghostscript.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
# The ways of storing pixels that say what is white.
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "I;16", "I;16B", "I;16L", "I;16N")
_WORDS = {"I": "whole numbers of more than 16 bits or with a sign", "F": "floats", "LAB": "L*a*b* colours"}
_SIXTEEN_BITS = "I;16"

_MAX_PIXELS, _MAX_BYTES = 100_000_000, 10**9
# Of larger images blocks of pixels are averaged first, down to some times the wanted size, and so many pixels at a time.
_LARGE, _LEFT_FOR_SCALING, _BAND = 4_000_000, 3, 1_000_000

# EXIF's tag for which way is up, and the least of its values for an image that lies on its side; TIFF's tags for the bits per
# channel and for what a zero means.
_ORIENTATION, _LYING = 0x0112, 5
_TIFF_BITS, _TIFF_MEANING, _TIFF_ZERO_IS_WHITE = 258, 262, 0

# Of 255: less contrast than this is no writing. And the share of the contrast that shadows and the grain of paper may take.
_LEAST_INK, _UNEVEN = 40, 0.2


class Picture(NamedTuple):
    """A picture, and what was done to the file's."""

    image: np.ndarray
    """uint8, `(H, W, C)`."""
    changes: str
    """In words, such as "640x480 in colour: made grey, cut to its middle, scaled to 28x28"."""


def read_picture(path: str | Path, shape: Any, invert: bool = False) -> Picture:
    """Read a picture file, and bring it to a shape: turned as its camera says, its middle cut out, scaled, made grey or coloured.

    Args:
        path: of a PNG, JPEG, GIF (its first frame), BMP, WebP or TIFF file.
        shape: `(height, width, channels)`, with 1 channel for grey or 3 for colour.
        invert: turn dark into light: a digit that is written on paper into one like MNIST's. A grey picture is stretched too, so
            that paper is black and ink white, if more than half of it is paper.

    Returns:
        The picture, and what was done to it.

    Raises:
        ValueError: if the shape is none of a picture, or the file is none, damaged, or too large, or stores its pixels as floats or
            as 32-bit numbers, of which nothing says what is white.
        OSError: if the file cannot be read.
    """
    picture, _ = read_with_digest(path, shape, invert)
    return picture  # type: ignore[return-value]


def read_with_digest(
    path: str | Path, shape: Any, invert: bool = False, *, large: bool = True
) -> tuple[Picture | None, str]:
    """The same, and the SHA-256 of the bytes that were decoded; without `large`, None for an image of many pixels."""
    with _checks.extra("data", "Reading images"):
        from PIL import Image, ImageOps

    path, (height, width, channels) = checked_path(path), picture_shape(shape)
    if not isinstance(invert, bool | np.bool_):
        raise ValueError(f"invert={invert!r}: must be True or False.")
    # An open file, not a path: Pillow would map the file into memory, where one that is cut off meanwhile ends Python.
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        found = _decoded(path, file, width, height, "L" if channels == 1 else "RGB", large)
    if found is None:
        return None, digest
    image, size, mode, clear = found
    grey = mode in ("1", "L", "LA") or mode.startswith(_SIXTEEN_BITS)
    words = [f"{size[0]}x{size[1]} {'grey' if grey else 'in colour'}:"]
    if clear:
        words.append("laid on white")
    if channels == 1 and (clear or mode not in ("1", "L")) and not mode.startswith(_SIXTEEN_BITS):
        words.append("made grey")
    if size[0] * height != size[1] * width:
        words.append("cut to its middle")
    if size != (width, height):
        words.append(f"scaled to {width}x{height}")
    image = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    if invert:
        image = ImageOps.invert(image)
        words.append("dark and light exchanged")
    array = np.asarray(image, dtype="uint8").reshape(height, width, channels)
    if invert and channels == 1:
        array, spread = _without_paper(array)
        words += ["paper made black and ink white"] if spread else []
    return Picture(array, f"{words[0]} {', '.join(words[1:]) or 'taken as it is'}"), digest


def header_of(path: Path) -> tuple[int, bool] | None:
    """The shorter side of an image in pixels and whether it has transparency, without decoding it; None for a damaged file."""
    with _checks.extra("data", "Reading images"):
        from PIL import Image

    with path.open("rb") as file:
        try:
            image = Image.open(file, formats=_FORMATS)
        except Exception:  # each format's decoder fails in its own ways on a damaged file
            return None
        return min(image.size), "A" in image.getbands() or "transparency" in image.info


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_path(path: str | Path) -> Path:
    """The path of a file of at most 1 GB, which may be an image.

    Raises:
        ValueError, OSError: if it is no path, there is no such file, or it is larger.
    """
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path={path!r}: must be the path of an image file.")
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder: give the path of a picture, or in the shell the folder with --data."
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file: give the path of a picture.")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(
            f"{path} has {path.stat().st_size:,} bytes: at most {_MAX_BYTES:,} are read. Make it smaller first."
        )
    return path


def _decoded(
    path: Path, file: Any, width: int, height: int, mode: str, large_too: bool
) -> tuple[Any, tuple[int, int], str, bool] | None:
    """The image in an open file: upright, on white, in 8 bits as `mode`; its upright size and its mode in the file; whether any
    of it is clear. None if it is large, and such are not wanted."""
    with _checks.extra("data", "Reading images"):
        from PIL import Image, ImageOps, UnidentifiedImageError

    largest = max(width, height)
    try:
        opened = Image.open(file, formats=_FORMATS)
        size, stored = opened.size, opened.mode
        readable = stored in _MODES and size[0] * size[1] <= _MAX_PIXELS
        if readable:
            # A large photo is decoded at a half, a quarter or an eighth, where that is enough.
            if opened.format in ("JPEG", "MPO"):
                opened.draft(None, (2 * largest, 2 * largest))
            large = opened.width * opened.height > _LARGE
            if large and not large_too:
                return None
            opened.load()
            clear = opened.mode in ("LA", "PA", "RGBA") or "transparency" in opened.info
            factor = min(opened.size) // (_LEFT_FOR_SCALING * largest) if large else 1
            image = _eight_bits(opened, mode, max(1, factor))
            image.info = opened.info  # says which way is up
            if image.getexif().get(_ORIENTATION, 1) >= _LYING:
                size = size[::-1]
            return ImageOps.exif_transpose(image), size, opened.mode, clear
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no image that can be read: give a {', '.join(SUFFIXES)} file.") from error
    except Exception as error:  # each format's decoder fails in its own ways on a damaged file
        raise ValueError(
            f"{path} is damaged ({str(error) or type(error).__name__}): save the picture anew, or leave it out."
        ) from error
    if stored not in _MODES:
        raise ValueError(
            f"{path} stores its pixels as {_WORDS.get(stored, stored)}, of which nothing says what is black and what is white. "
            "Save it in grayscale or RGB with 8 or 16 bits per channel."
        )
    raise ValueError(f"{path} has {size[0]}x{size[1]} pixels: at most {_MAX_PIXELS:,} are read. Make it smaller first.")


def _eight_bits(opened: Any, mode: str, factor: int) -> Any:
    """An image on white, in 8 bits as `mode`, of which each pixel is the mean of `factor` x `factor`.

    It is made band by band, so that a large image is not held in memory in several forms.
    """
    with _checks.extra("data", "Reading images"):
        from PIL import Image

    width, height = opened.width // factor, opened.height // factor
    left, top = (opened.width - factor * width) // 2, (opened.height - factor * height) // 2
    result = Image.new(mode, (width, height))
    rows = max(1, _BAND // (opened.width * factor))
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        box = (left, top + factor * start, left + factor * width, top + factor * stop)
        band = _on_white(opened, opened.crop(box)).convert(mode)
        result.paste(band.reduce(factor) if factor > 1 else band, (0, start))
    return result


def _on_white(opened: Any, band: Any) -> Any:
    """A band of an opened image in 8 bits, and on white where it is clear."""
    with _checks.extra("data", "Reading images"):
        from PIL import Image

    clear = band.info.get("transparency")
    if band.mode.startswith(_SIXTEEN_BITS):  # Pillow would clip them to 8
        deep = np.asarray(band)
        tags = getattr(opened, "tag_v2", {})
        brightest = 2 ** tags.get(_TIFF_BITS, (16,))[0] - 1
        values = (deep.astype("float64") * (255 / brightest)).clip(0, 255).round().astype("uint8")
        if tags.get(_TIFF_MEANING) == _TIFF_ZERO_IS_WHITE:
            values = 255 - values
        return Image.fromarray(values if clear is None else np.where(deep == clear, np.uint8(255), values))
    if clear is None and band.mode not in ("LA", "PA", "RGBA"):
        return band
    shown = band.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", band.size, "white"), shown).convert("RGB")


def _without_paper(ink: np.ndarray) -> tuple[np.ndarray, bool]:
    """Light ink on dark paper, brought to white on black, and whether there is any ink: paper is seldom quite even."""
    paper, full = float(np.median(ink)), float(ink.max())
    if full - paper < _LEAST_INK:
        return ink, False
    least = paper + _UNEVEN * (full - paper)
    return np.round(np.clip((ink - least) / (full - least), 0.0, 1.0) * 255).astype("uint8"), True


def picture_shape(shape: Any) -> tuple[int, int, int]:
    """The shape, if it is one that image files can have: `(height, width, 1 or 3)`.

    Raises:
        ValueError: if it is not.
    """
    found = _checks.data_shape("shape", shape)
    if len(found) != 3 or found[2] not in (1, 3):
        raise ValueError(f"shape={found}: image files go into (height, width, channels) with 1 channel or 3.")
    return found
