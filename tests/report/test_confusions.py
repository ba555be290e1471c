"""Two confusion matrices and their difference."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision.report.confusions import draw_change, draw_confusions
from spatialvision.report.records import Record
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json


def test_both_are_drawn(run: Run, write_accuracy: Callable, tmp_path: Path, png_size: Callable) -> None:
    write_accuracy("test", 10)
    path = draw_confusions((Record(run), Record(run)), ("a", "b"), "test", tmp_path / "confusions.png")
    width, height = png_size(path)
    assert width > 2 * height > 900


@pytest.mark.parametrize("classes", [3, 30, 120])
def test_better_is_green_on_the_diagonal_and_off_it(classes: int) -> None:
    change = np.zeros((classes, classes), dtype=int)
    change[0, 0], change[0, 1], change[1, 1], change[1, 0] = 2, -2, -1, 1
    axes = Figure().subplots()
    draw_change(axes, change, [f"class {number}" for number in range(classes)])
    (image,) = axes.images
    assert np.asarray(image.get_array())[:2, :2].tolist() == [[2, 2], [-1, -1]]
    red, green, _, _ = image.to_rgba(image.get_array())[0, 0]
    assert green > red
    shown = sorted(text.get_text() for text in axes.texts)
    assert shown == (["+1", "+2", "-1", "-2"] if classes == 3 else [])


def test_other_classes_or_no_matrix_is_no_picture(
    run: Run, write_accuracy: Callable, make_run: Callable, tmp_path: Path
) -> None:
    write_accuracy("test", 10)
    other, path = make_run("made/a", 0, [0.5]), tmp_path / "confusions.png"
    assert draw_confusions((Record(run), Record(other)), ("a", "b"), "test", path) is None
    measured = {"by_class": {"x": 0.5}, "confusion": [[1]], "accuracy": 1.0}
    write_json(other.path / "evaluation/test/accuracy.json", measured)
    assert draw_confusions((Record(run), Record(other)), ("a", "b"), "test", path) is None
    assert not path.exists()
