"""Writes a folder of images such as a user's own: ellipses, houses and stripes in class folders, of mixed sizes and formats.

    python experiments/own_images_folder.py FOLDER [images per class, by default 100] [seed, by default 0]

The folder that `docs/own_images_tutorial.md` begins with. The same arguments write the same images.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FORMATS = ("jpg", "png")


def write_folder(folder: Path, per_class: int = 100, seed: int = 0) -> None:
    """Write `per_class` images of each class into `folder/CLASS/`.

    Raises:
        ValueError: if the number is below 1.
        OSError: if a file cannot be written.
    """
    if per_class < 1:
        raise ValueError(f"per_class={per_class}: must be at least 1.")
    rng = np.random.default_rng(seed)
    for name, paint in {"ellipses": _ellipse, "houses": _house, "stripes": _stripes}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(per_class):
            width, height = (int(side) for side in rng.integers(70, 260, 2))
            image = _background(rng, width, height)
            paint(rng, ImageDraw.Draw(image), width, height)
            image.filter(ImageFilter.SMOOTH).save(folder / name / f"{name}_{i:03d}.{FORMATS[i % 2]}")


def _color(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(20, 236, 3))


def _background(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A vertical gradient between two colors, with some noise."""
    top, bottom = np.array(_color(rng), float), np.array(_color(rng), float)
    rows = top + (bottom - top) * np.linspace(0, 1, height)[:, None]
    noise = rng.normal(0, rng.uniform(0, 8), (height, width, 3))
    return Image.fromarray(np.clip(rows[:, None] + noise, 0, 255).astype("uint8"))


def _ellipse(rng: np.random.Generator, draw: ImageDraw.ImageDraw, w: int, h: int) -> None:
    rx, ry = rng.uniform(0.15, 0.4, 2)
    cx, cy = rng.uniform(0.4, 0.6, 2)
    box = [(cx - rx) * w, (cy - ry) * h, (cx + rx) * w, (cy + ry) * h]
    draw.ellipse(box, fill=_color(rng), outline=_color(rng), width=max(1, w // 40))


def _house(rng: np.random.Generator, draw: ImageDraw.ImageDraw, w: int, h: int) -> None:
    half, roof, wall = rng.uniform(0.2, 0.38), rng.uniform(0.12, 0.25), rng.uniform(0.15, 0.35)
    cx, y = rng.uniform(0.45, 0.55), rng.uniform(0.35, 0.5)
    draw.rectangle([(cx - half) * w, y * h, (cx + half) * w, (y + wall) * h], fill=_color(rng))
    ridge = (cx * w, (y - roof) * h)
    draw.polygon([((cx - half - 0.05) * w, y * h), ((cx + half + 0.05) * w, y * h), ridge], fill=_color(rng))
    door = [(cx - 0.05) * w, (y + wall * 0.4) * h, (cx + 0.05) * w, (y + wall) * h]
    draw.rectangle(door, fill=_color(rng))


def _stripes(rng: np.random.Generator, draw: ImageDraw.ImageDraw, w: int, h: int) -> None:
    ink, period, angle = _color(rng), rng.uniform(0.12, 0.3), rng.uniform(-0.6, 0.6)
    for k in np.arange(-1.5, 2.5, period):
        y0, y1 = k * h, (k + angle) * h
        draw.polygon([(0, y0), (w, y1), (w, y1 + period * 0.5 * h), (0, y0 + period * 0.5 * h)], fill=ink)


if __name__ == "__main__":
    write_folder(Path(sys.argv[1]), *map(int, sys.argv[2:4]))
