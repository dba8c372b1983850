"""Pictures from files of any size and colour, in the form that a model takes."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae import _checks

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
"""How the names of picture files end."""

_MAX_PIXELS = 100_000_000
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
        ValueError: if the shape is none of a picture, or the file is none, damaged, or too large.
        OSError: if the file cannot be read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    path, (height, width, channels) = Path(path), picture_shape(shape)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder: give the path of a picture, or in the shell the folder with --data."
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file: give the path of a picture.")
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise ValueError(
                    f"{path} has {opened.width}x{opened.height} pixels: at most {_MAX_PIXELS:,} are read. Make it smaller first."
                )
            size, grey = opened.size, opened.mode in ("1", "L", "LA", "I", "I;16")
            words = [f"{size[0]}x{size[1]} {'grey' if grey else 'in colour'}:"]
            if opened.format == "JPEG":  # decodes a large photo at a half, a quarter or an eighth, where that is enough
                opened.draft(None, (2 * width, 2 * height))
            image = ImageOps.exif_transpose(opened)
            image.load()
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no picture that can be read: give a {', '.join(SUFFIXES)} file.") from error
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is damaged ({error}): save the picture anew, or leave it out.") from error
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
        words.append("laid on white")
    elif image.mode.startswith("I"):  # 16 bits, which Pillow would clip to 8
        image = Image.fromarray((np.asarray(image).astype("float64") / 257).clip(0, 255).round().astype("uint8"))
    if channels == 1 and image.mode not in ("1", "L"):
        words.append("made grey")
    image = image.convert("L" if channels == 1 else "RGB")
    if image.width * height != image.height * width:
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
    return Picture(array, f"{words[0]} {', '.join(words[1:]) or 'taken as it is'}")


def _without_paper(ink: np.ndarray) -> tuple[np.ndarray, bool]:
    """Light ink on dark paper, brought to white on black, and whether there is any ink: paper is seldom quite even."""
    paper, full = float(np.median(ink)), float(ink.max())
    if full - paper < _LEAST_INK:
        return ink, False
    least = paper + _UNEVEN * (full - paper)
    return np.round(np.clip((ink - least) / (full - least), 0.0, 1.0) * 255).astype("uint8"), True


def picture_shape(shape: Any) -> tuple[int, int, int]:
    """The shape, if it is one that picture files can have: `(height, width, 1 or 3)`.

    Raises:
        ValueError: if it is not.
    """
    found = _checks.data_shape("shape", shape)
    if len(found) != 3 or found[2] not in (1, 3):
        raise ValueError(f"shape={found}: picture files go into (height, width, channels) with 1 channel or 3.")
    return found
