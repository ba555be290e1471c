"""Confusion matrices: two groups side by side, each chosen by the reader."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spatialvision.report.groups import Group
from spatialvision.report.page.chart import Chart, Charts, Trace, axis, rounded
from spatialvision.report.page.texts import chart_text

MOST_CLASSES = 200
MOST_GROUPS = 24
MOST_WITH_NUMBERS = 12
MOST_CELLS = 250_000
COLOURS = [[0, "rgba(59, 125, 216, 0)"], [0.1, "rgba(59, 125, 216, 0.35)"], [1, "rgba(59, 125, 216, 1)"]]
NOTE = "A row's cells add up to 100 %. A group's runs are counted together."


def confusion_charts(groups: Sequence[Group], split: str, left: str, right: str) -> Charts | None:
    """Two charts with the same matrices to choose from; None where none was evaluated or classes are too many.

    Args:
        left, right: labels of the groups that are shown first.
    """
    found = {group.label: counts for group in groups if (counts := total(group, split)) is not None}
    names = class_names(groups, split)
    if not found or len(names) > MOST_CLASSES:
        return None
    most = max(2, MOST_CELLS // len(names) ** 2)
    kept = [label for label in dict.fromkeys((left, right, *found)) if label in found][
        : min(most, MOST_GROUPS)
    ]
    frames = {label: [heatmap(found[label], names)] for label in kept}
    charts = [matrix_chart(frames, place, names) for place in range(min(2, len(kept)))]
    return Charts(f"What is taken for what, {split} images", tuple(charts), (NOTE,), toggled=False)


def total(group: Group, split: str) -> np.ndarray | None:
    """The counts (classes, classes) of all runs of a group together; None where one has none, or other classes."""
    files = [record.run.read_json(f"evaluation/{split}/accuracy.json") or {} for record in group.records]
    if any("confusion" not in file for file in files):
        return None
    counts = [np.array(file["confusion"]) for file in files]
    return np.sum(counts, axis=0) if len({each.shape for each in counts}) == 1 else None


def class_names(groups: Sequence[Group], split: str) -> list[str]:
    """The first run's, in the order of the labels."""
    file = groups[0].records[0].run.read_json(f"evaluation/{split}/accuracy.json") or {}
    return list(file.get("by_class", {}))


def heatmap(counts: np.ndarray, names: Sequence[str]) -> Trace:
    """Shares of each class in percent, by what it was taken for."""
    share = 100 * counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    classes = categories(names)
    trace: Trace = {
        "type": "heatmap", "z": [rounded(row.round(2)) for row in share], "x": classes, "y": classes,
        "customdata": counts.tolist(), "zmin": 0, "zmax": 100, "colorscale": COLOURS, "showscale": False,
        "hovertemplate": "%{y}, taken for %{x}: %{z:.1f} %, %{customdata:,} times<extra></extra>",
    }  # fmt: skip
    if len(names) <= MOST_WITH_NUMBERS:
        trace |= {"text": [[shown(value) for value in row] for row in share], "texttemplate": "%{text}"}
    return trace


def categories(names: Sequence[str]) -> list[str]:
    """The classes' names for the axes, with their numbers where two would look alike."""
    found = [chart_text(name) for name in names]
    if len(set(found)) == len(found):
        return found
    return [f"{number}: {name}" for number, name in enumerate(found)]


def shown(percent: float) -> str:
    """What stands in a cell: nothing where it would be less than one."""
    return f"{percent:.0f}" if percent >= 0.5 else ""


def matrix_chart(frames: dict[str, list[Trace]], first: int, names: Sequence[str]) -> Chart:
    """A chart that shows one of the groups' matrices."""
    ticks: dict[str, Any] = {
        "type": "category",
        "tickvals": list(range(len(names))),
        "ticktext": [chart_text(name, 16) for name in names],
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 11 if len(names) <= 30 else 7},
        "automargin": True,
    }
    layout = {
        "xaxis": {**axis("taken for"), **ticks, "tickangle": -45},
        "yaxis": {**axis("class"), **ticks, "autorange": "reversed"},
        "hovermode": "closest",
    }
    return Chart("group", frames, layout, 440, first)
