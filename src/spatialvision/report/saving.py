"""Figures on disk: complete or absent, like everything else in a run directory."""

import io
from pathlib import Path

from matplotlib.figure import Figure

from spatialvision.runs.storage import write_bytes


def save_figure(figure: Figure, path: Path, dots_per_inch: int = 120) -> Path:
    """Write the figure as PNG and return its path.

    Raises:
        StorageError: the disk is full, or the folder read-only.
    """
    buffer = io.BytesIO()
    # A Figure made without pyplot draws through Agg: no window system, no global state, nothing to close.
    figure.savefig(buffer, format="png", dpi=dots_per_inch)
    write_bytes(path, buffer.getvalue())
    return path
