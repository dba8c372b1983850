"""Figures that need no display and no pyplot state, and show themselves in a notebook."""

import io
from pathlib import Path
from typing import Any

from keras_vae import _checks, _files

with _checks.extra("plots", "Plotting"):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as MatplotlibFigure


class Figure(MatplotlibFigure):
    """A matplotlib figure that a notebook shows as a picture."""

    def __init__(self, **kwargs: Any):
        super().__init__(dpi=144, **kwargs)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi / 1.5)
        return buffer.getvalue()


def save(figure: MatplotlibFigure, path: str | Path, colors: int | None = None) -> Path:
    """Write a figure as PNG, whole or not at all; returns the path.

    Args:
        figure: what `plots` makes.
        path: of the file.
        colors: so many colours at most, from 2 to 256, for a file of a third of the size: right for curves, not for photographs.

    Raises:
        ValueError: if there are to be more colours, or fewer.
    """
    path = Path(path)
    if colors is not None:
        _checks.positive_int("colors", colors, minimum=2, maximum=256)
    with _files.replacing(path) as part:
        if colors is None:
            figure.savefig(part, format="png", dpi=figure.dpi)
        else:
            with io.BytesIO() as whole:
                figure.savefig(whole, format="png", dpi=figure.dpi)
                _with_palette(whole, colors).save(part, format="PNG", optimize=True)
    return path


def _with_palette(file: Any, colors: int) -> Any:
    """The picture in `file`, with so many colours."""
    with _checks.extra("plots", "Plotting"):
        from PIL import Image

    with Image.open(file) as picture:
        return picture.convert("RGB").quantize(colors)
