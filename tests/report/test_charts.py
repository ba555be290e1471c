"""The bar chart and the learning curves of a comparison."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.report.charts import MOST_BARS, bounds, draw_bars, draw_group_curves
from spatialvision.report.comparison import comparison_table
from spatialvision.report.groups import group_records
from spatialvision.report.records import find_records
from spatialvision.runs.directory import METRICS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([98.5, 98.9, 98.69], (98.2, 98.95)),  # half a point at least, and half of what is shown below
        ([80.0, 90.0], (70.0, 91.0)),
        ([50.0, 100.0], (20.0, 101.0)),
        ([10.0, 95.0], (0.0, 100.0)),
        ([97.0], (96.7, 97.05)),
    ],
)
def test_the_axis_shows_differences(values: list[float], expected: tuple[float, float]) -> None:
    low, high = bounds(values)
    assert (low, high) == pytest.approx(expected)
    assert low < min(values) <= max(values) <= high


def test_many_groups_and_a_single_run_can_be_drawn(
    make_run: Callable, runs_dir: Path, tmp_path: Path, png_size: Callable
) -> None:
    heights = []
    for count in (1, 5, MOST_BARS + 20):
        for number in range(count):
            make_run(f"made/group-{number:03}", 0, [0.5 + number / 1000])
        groups = group_records(find_records([], runs_dir))
        table = comparison_table(groups, groups[0], "test", [])
        path = draw_bars(table, {55.0: "55 % (mnist)"}, tmp_path / "bars.png")
        width, height = png_size(path)
        assert width == 1080
        heights.append(height)
    assert heights == [264, 504, int(120 * (1.7 + 0.5 * MOST_BARS))]


def test_curves_need_metrics(make_run: Callable, runs_dir: Path, tmp_path: Path, png_size: Callable) -> None:
    make_run("made/a", 0, [0.5, 0.7])
    groups = group_records(find_records([], runs_dir))
    path = draw_group_curves(groups, "test", "title", tmp_path / "curves.png")
    assert path == tmp_path / "curves.png"
    assert png_size(path) == (1080, 600)
    assert draw_group_curves(groups, "train", "title", tmp_path / "none.png") is None
    assert not (tmp_path / "none.png").exists()


def test_curves_of_training_images_are_of_those_measured_as_they_are(
    make_run: Callable, runs_dir: Path, tmp_path: Path, png_size: Callable
) -> None:
    """Not of the means while learning, which are no results."""
    metrics = make_run("made/a", 0, [0.5]).path / METRICS
    row = '{"step": 10, "epoch": 1.0, "split": "%s", "loss": 1.0, "accuracy": 0.5}\n'
    for split, path in (("train", None), ("train_clean", tmp_path / "curves.png")):
        metrics.write_text(metrics.read_text() + row % split)
        groups = group_records(find_records([], runs_dir))
        assert draw_group_curves(groups, "train", "title", tmp_path / "curves.png") == path
    assert png_size(tmp_path / "curves.png") == (1080, 600)
