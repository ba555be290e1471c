"""Figures are written whole."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from spatialvision.report.saving import save_figure


def test_it_is_a_png_of_the_asked_size(tmp_path: Path, png_size: Callable) -> None:
    path = save_figure(Figure(figsize=(3, 2)), tmp_path / "new" / "figure.png", dots_per_inch=100)
    assert png_size(path) == (300, 200)
    assert os.listdir(path.parent) == ["figure.png"]


def test_a_failed_drawing_leaves_the_old_picture(tmp_path: Path) -> None:
    path = save_figure(Figure(), tmp_path / "figure.png")
    before, bad = path.read_bytes(), Figure()
    bad.text(0.5, 0.5, "$\\nosuchsymbol$")
    with pytest.raises(ValueError, match="nosuchsymbol"):
        save_figure(bad, path)
    assert path.read_bytes() == before
