"""The picture: a panel a column, a hollow mark where the paper's number is about the same data."""

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from spatialvision.report.family_cells import arrange
from spatialvision.report.family_chart import draw_column, draw_family
from spatialvision.report.family_table import verdict_table
from spatialvision.report.records import find_records
from spatialvision.report.selection import comparable


@pytest.fixture
def grid_and_verdicts(make_run: Callable, runs_dir: Path) -> Callable:
    """Two columns of ``count`` rows; the first row's number is about these data, the second's about others."""

    def make(count: int) -> tuple:
        for column in ("A", "B"):
            for number in range(count):
                about = {"row": f"row {number}", "column": column}
                published = {0: "made", 1: "mnist"}.get(number)
                paper = {"reported": 97.0, "reported_on": published} if published else {}
                for seed in range(2):
                    recipe, accuracy = f"made/{column}-{number:02}", 0.9 + number / 500 + seed / 100
                    make_run(recipe, seed, [accuracy], about=about | paper)
        records = find_records([], runs_dir)
        grid = arrange(comparable(records, "test")[0], records, None)
        return grid, verdict_table(grid, "test")

    return make


def test_the_picture_grows_with_its_rows(
    grid_and_verdicts: Callable, tmp_path: Path, png_size: Callable
) -> None:
    heights = []
    for count in (2, 10):
        grid, verdicts = grid_and_verdicts(count)
        path = draw_family(grid, verdicts, tmp_path / "table.png")
        width, height = png_size(path)
        assert width == int(120 * (2.2 + 2.6 * 2))
        heights.append(height)
    assert heights == [int(120 * (1.9 + 0.32 * count)) for count in (2, 10)]


def test_marks_are_errors_and_hollow_ones_the_papers(grid_and_verdicts: Callable) -> None:
    grid, verdicts = grid_and_verdicts(3)
    axes = Figure().subplots()
    draw_column(axes, grid.rows, [row for row in verdicts.rows if row["column"] == "A"])
    full, hollow = (
        [line for line in axes.lines if line.get_fillstyle() == style] for style in ("full", "none")
    )
    assert [line.get_xdata()[0] for line in full] == pytest.approx([9.5, 9.3, 9.1])
    assert [line.get_ydata()[0] for line in full] == [0, 1, 2]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in hollow] == [(3.0, 0)]
    assert axes.get_xlim()[0] == 0
