"""The learning curve."""

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure

from spatialvision.report.learning_curve import draw_learning_curve, draw_line
from spatialvision.runs.directory import METRICS, Run
from spatialvision.runs.storage import write_text


@pytest.mark.parametrize("epochs", [1, 3, 50])
def test_it_is_drawn(run: Run, write_metrics: Callable, png_size: Callable, epochs: int) -> None:
    write_metrics(epochs)
    path = draw_learning_curve(run)
    assert path == run.path / "figures" / "learning_curve.png"
    assert png_size(path) == (1200, 480)


def test_nothing_is_drawn_without_metrics(run: Run) -> None:
    assert draw_learning_curve(run) is None
    write_text(run.path / METRICS, "")
    assert draw_learning_curve(run) is None
    assert not (run.path / "figures").exists()


def test_a_line_holds_the_rows_that_have_the_value() -> None:
    axes = Figure().subplots()
    draw_line(
        axes,
        [{"epoch": 1, "accuracy": 0.5}, {"epoch": 2}, {"epoch": 3, "accuracy": 0.75}],
        "accuracy",
        100,
        "test",
    )
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[1, 50], [3, 75]]
    assert line.get_label() == "test"
    assert line.get_marker() == "o"
