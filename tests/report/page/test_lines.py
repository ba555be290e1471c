"""Curves with bands."""

import numpy as np

from spatialvision.report.curves import Curve
from spatialvision.report.page.lines import curve_traces, line_chart


def test_a_single_run_is_a_line() -> None:
    (line,) = curve_traces(Curve("a", np.array([1, 2]), np.array([[3.0, 4.0]])), "#010203")
    assert (line["x"], line["y"], line["line"]["color"]) == ([1, 2], [3, 4], "#010203")


def test_several_runs_have_a_band_from_the_lowest_to_the_highest() -> None:
    low, high, mean = curve_traces(
        Curve("a", np.array([1, 2]), np.array([[3.0, 8.0], [5.0, 4.0]])), "#010203"
    )
    assert (low["y"], high["y"], mean["y"]) == ([3, 4], [5, 8], [4, 6])
    assert (high["fill"], high["fillcolor"]) == ("tonexty", "rgba(1, 2, 3, 0.18)")
    assert mean["customdata"] == [(3, 5), (4, 8)]
    assert {trace["legendgroup"] for trace in (low, high, mean)} == {"a"}


def test_a_long_curve_is_thinned_and_a_loss_that_is_no_number_is_a_gap() -> None:
    heights = np.arange(5000.0)[None]
    heights[0, 0] = np.nan
    (line,) = curve_traces(Curve("a", np.arange(5000), heights), "#010203")
    assert len(line["x"]) == len(line["y"]) == 400
    assert line["y"][0] is None
    assert (line["x"][-1], line["y"][-1]) == (4999, 4999)


def test_what_the_mouse_tells_goes_by_the_number_of_curves() -> None:
    curves = [Curve(str(number), np.array([1]), np.array([[1.0]])) for number in range(11)]
    colours = {curve.label: "#010203" for curve in curves}
    assert line_chart("", curves[:10], colours, {}).layout["hovermode"] == "x unified"
    assert line_chart("", curves, colours, {}).layout["hovermode"] == "closest"
