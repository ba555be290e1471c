"""Curves over training with their bands."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision.report.curves import Curve, add_legend, axis_label, colours_of, draw_curves, make_curve
from spatialvision.report.records import find_records


def test_values_at_the_moments_that_all_runs_have(make_run: Callable, runs_dir: Path) -> None:
    make_run("made/a", 0, [0.1, 0.2, 0.3])
    make_run("made/a", 1, [0.3, 0.6], state="running")
    make_run("made/a", 2, [], state="running")
    records = find_records(["made"], runs_dir)
    curve = make_curve("a", records, "test", "accuracy", "step")
    assert curve is not None
    assert curve.x.tolist() == [10, 20]
    np.testing.assert_allclose(curve.values, [[10, 20], [30, 60]])
    loss = make_curve("a", records[:1], "test", "loss", "epoch")
    assert loss is not None
    assert loss.x.tolist() == [0.5, 1.0, 1.5]
    np.testing.assert_allclose(loss.values, [[0.9, 0.8, 0.7]])
    assert make_curve("a", records, "train", "accuracy", "step") is None
    assert make_curve("a", records[2:], "test", "accuracy", "step") is None


def test_the_band_goes_from_the_lowest_to_the_highest() -> None:
    axes = Figure().subplots()
    curve = Curve("a", np.array([1, 2]), np.array([[1.0, 4.0], [3.0, 8.0], [2.0, 3.0]]))
    single = Curve("b", np.array([1, 2]), np.array([[1.0, 4.0]]))
    draw_curves(axes, [curve, single], colours_of(["a", "b"]))
    assert axes.lines[0].get_ydata() == pytest.approx([2, 5])
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    assert corners.min(axis=0).tolist() == [1, 1]
    assert corners.max(axis=0).tolist() == [2, 8]
    assert [line.get_label() for line in axes.lines] == ["a (3 runs)", "b"]


@pytest.mark.parametrize(("count", "named"), [(20, True), (21, False)])
def test_the_legend_ends_where_nobody_reads_it(count: int, named: bool) -> None:
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    labels = [f"run {number}" for number in range(count)]
    curves = [Curve(label, np.array([1, 2]), np.ones((1, 2))) for label in labels]
    draw_curves(axes, curves, colours_of(labels))
    add_legend(figure, [axes, axes])
    assert bool(figure.legends) is named
    if named:
        assert [text.get_text() for text in figure.legends[0].get_texts()] == labels
    else:
        assert figure.get_suptitle() == "21 curves"


def test_accuracies_are_percentages() -> None:
    assert axis_label("test", "top5_accuracy") == "test top5_accuracy, %"
    assert axis_label("train", "loss") == "train loss"


def test_an_eleventh_curve_has_a_look_of_its_own() -> None:
    labels = [f"run {number}" for number in range(11)]
    axes = Figure().add_subplot()
    draw_curves(axes, [Curve(label, np.arange(3), np.ones((1, 3))) for label in labels], colours_of(labels))
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 11
