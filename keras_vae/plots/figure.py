"""Figures that need no display and no pyplot state, and show themselves in a notebook."""

import io
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure

from keras_vae import _files


class Figure(MatplotlibFigure):
    """A matplotlib figure that a notebook shows as a picture."""

    def __init__(self, **kwargs: Any):
        super().__init__(dpi=144, **kwargs)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi / 1.5)
        return buffer.getvalue()


def save(figure: MatplotlibFigure, path: str | Path) -> Path:
    """Write a figure as PNG, whole or not at all; returns the path."""
    path = Path(path)
    with _files.replacing(path) as part:
        figure.savefig(part, format="png", dpi=figure.dpi)
    return path
