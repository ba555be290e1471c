"""Curves with bands: over training, and over how images were warped."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spatialvision.report.curves import Curve, axis_label, make_curve
from spatialvision.report.groups import Group
from spatialvision.report.page.chart import Chart, Charts, Trace, axis, rounded, thinned, transparent
from spatialvision.report.page.overview import vertical_line
from spatialvision.report.page.texts import chart_text, readable
from spatialvision.report.robustness import percent, summary
from spatialvision.report.warp_curves import TITLES, documents_by_label, warp_curve
from spatialvision.runs.directory import row_name

MOST_GROUPS = 40
HEIGHT = 290
PERCENT = {"range": [0, 102]}
FEW_POINTS, FEW_EPOCHS = 30, 8
SCALES = [0.5, 0.7, 1, 1.4, 2]
LINE_AND_BAND = "Line: mean over seeds; band: lowest to highest."
WARPED = (
    "Dotted: the neutral value. Where the content is drawn smaller, so that nothing leaves the image, it is so at the "
    "neutral value too."
)
ATTACK = (
    "Attack: turns within ± 30° and shifts within ± 10 %, where content may leave: at random, the worst of 10 for each "
    "image, the worst of a grid of 775. Same: the prediction stays when the image moves by one pixel, in the mean over "
    "8 directions and in all of them."
)


def learning_charts(groups: Sequence[Group], split: str, colours: Mapping[str, str]) -> Charts | None:
    """Accuracy and loss over the epochs, on the split and while training; None without metrics."""
    measured = row_name(split.partition("-")[0])
    panels = [(rows, metric) for metric in ("accuracy", "loss") for rows in (measured, "train")]
    charts = [learning_chart(groups, rows, metric, colours) for rows, metric in panels]
    found = tuple(chart for chart in charts if chart is not None)
    while_learning = "On train: the mean since the point before, while learning, of augmented images."
    return Charts("Learning curves", found, (LINE_AND_BAND, while_learning)) if found else None


def learning_chart(
    groups: Sequence[Group], rows: str, metric: str, colours: Mapping[str, str]
) -> Chart | None:
    """One metric of one split; None where no run has it."""
    found = [make_curve(group.label, group.records, rows, metric, "epoch") for group in groups]
    curves = [curve for curve in found if curve is not None and len(curve.x)]
    if not curves:
        return None
    whole = {"dtick": 1} if max(curve.x[-1] for curve in curves) <= FEW_EPOCHS else {}
    return line_chart(axis_label(rows, metric), curves, colours, {**axis("epoch"), **whole})


def line_chart(
    title: str, curves: Sequence[Curve], colours: Mapping[str, str], x_axis: dict[str, Any]
) -> Chart:
    """A chart of curves."""
    traces = [trace for curve in curves for trace in curve_traces(curve, colours[curve.label])]
    hover = "x unified" if len(curves) <= 10 else "closest"
    return Chart(title, {"": traces}, {"xaxis": x_axis, "yaxis": {}, "hovermode": hover}, HEIGHT)


def curve_traces(curve: Curve, colour: str) -> list[Trace]:
    """The mean over the runs; where there are several, a band below it."""
    kept = thinned(len(curve.x))
    x = rounded(curve.x[kept])
    low, mean, high = (
        rounded(function(curve.values, axis=0)[kept]) for function in (np.min, np.mean, np.max)
    )
    shared = {
        "type": "scatter", "x": x, "name": chart_text(curve.label), "legendgroup": readable(curve.label),
        "showlegend": False,
    }  # fmt: skip
    mode = "lines+markers" if len(x) <= FEW_POINTS else "lines"
    line: Trace = {
        **shared, "y": mean, "mode": mode, "line": {"color": colour, "width": 2}, "marker": {"size": 5},
        "hovertemplate": "%{y:.4g}",
    }  # fmt: skip
    if len(curve.values) == 1:
        return [line]
    edge = {**shared, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    band = {"fill": "tonexty", "fillcolor": transparent(colour, 0.18)}
    spread: Trace = {"customdata": list(zip(low, high, strict=True))}
    spread["hovertemplate"] = "%{y:.4g} (%{customdata[0]:.4g}–%{customdata[1]:.4g})"
    return [{**edge, "y": low}, {**edge, "y": high, **band}, {**line, **spread}]


def robustness_charts(groups: Sequence[Group], split: str, colours: Mapping[str, str]) -> Charts | None:
    """Accuracy over each warp's parameter, then attack and consistency; None where nothing was evaluated."""
    found = documents_by_label(groups, split, "robustness")
    if not found:
        return None
    first = next(iter(found.values()))[0]
    charts = [warp_chart(name, found, colours, first["curves"][name]) for name in first["curves"]]
    return Charts(
        f"Accuracy on warped {split} images, %",
        (*charts, attack_chart(found, colours)),
        (LINE_AND_BAND, WARPED, ATTACK),
    )


def warp_chart(
    name: str,
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    colours: Mapping[str, str],
    document: Mapping[str, Any],
) -> Chart:
    """One warp's panel."""
    curves = [warp_curve(label, files, name, percent) for label, files in found.items()]
    parameter = axis(document["parameter"])
    if name == "scale":
        parameter |= {"type": "log", "tickvals": SCALES, "ticktext": list(map(str, SCALES))}
    if name == "rotation":
        parameter |= {"dtick": 90}
    chart = line_chart(TITLES.get(name, name), curves, colours, parameter)
    marks = {"yaxis": PERCENT, "shapes": [vertical_line(document["neutral"])]}
    return replace(chart, layout={**chart.layout, **marks})


def attack_chart(found: Mapping[str, Sequence[Mapping[str, Any]]], colours: Mapping[str, str]) -> Chart:
    """A dot a group for each number, with a line from the lowest to the highest run."""
    traces = []
    for place, (label, files) in enumerate(found.items()):
        values = np.array([list(summary(file).values()) for file in files])
        mean, low, high = (function(values, axis=0) for function in (np.mean, np.min, np.max))
        spots = np.arange(values.shape[1]) + 0.6 * ((place + 0.5) / len(found) - 0.5)
        traces.append(
            {"type": "scatter", "mode": "markers", "x": rounded(spots), "y": rounded(mean),
             "name": chart_text(label), "legendgroup": readable(label), "showlegend": False,
             "marker": {"color": colours[label], "size": 8}, "hovertemplate": "%{y:.2f}",
             "error_y": {"type": "data", "symmetric": False, "array": rounded(high - mean),
                         "arrayminus": rounded(mean - low), "color": colours[label], "width": 0}}
        )  # fmt: skip
    names = [name.replace("\n", " ") for name in summary(next(iter(found.values()))[0])]
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "tickangle": -40, "showgrid": False}
    layout = {"xaxis": {**ticks, "automargin": True}, "yaxis": PERCENT, "hovermode": "closest"}
    return Chart("attack, and whether predictions stay", {"": traces}, layout, HEIGHT)
