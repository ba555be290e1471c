"""A comparison in pictures: bars with every seed, and the learning curves."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.curves import add_legend, axis_label, colours_of, draw_curves, make_curve
from spatialvision.report.groups import Group
from spatialvision.report.saving import save_figure
from spatialvision.report.table import Row, Table
from spatialvision.runs.directory import row_name

MOST_BARS = 50


def draw_bars(table: Table, references: Mapping[float, str], path: Path) -> Path:
    """Draw mean accuracies as horizontal bars, min–max as whiskers, every seed as a dot.

    Args:
        references: published accuracies in percent that the family starts from, each a line with its label.
    """
    rows = sorted(table.rows, key=lambda row: -row["mean_percent"])[:MOST_BARS]
    rows = [row for row in table.rows if row in rows]
    figure = Figure(figsize=(9, 1.7 + 0.5 * len(rows)), layout="constrained")
    axes = figure.subplots()
    low, high = bounds([value for row in rows for value in points(row)] + list(references))
    for place, row in enumerate(rows):
        draw_bar(axes, place, row, low)
    for value, label in sorted(references.items()):
        axes.axvline(value, color="firebrick", linestyle="--", label=f"published starting point, {label}")
    best = f" (the {MOST_BARS} best)" if len(rows) < len(table.rows) else ""
    cropped = f" (axis starts at {low:g})" if low > 0 else ""
    axes.set(
        xlim=(low, high), xlabel=f"accuracy on {rows[0]['split']}, %{cropped}", ylim=(len(rows) - 0.4, -0.6)
    )
    axes.set_yticks(range(len(rows)), [row["group"] for row in rows])
    axes.set_title(f"{table.title}{best}", fontsize="medium")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    named = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=5, fontsize="small")
    return save_figure(figure, path)


def draw_bar(axes: Axes, place: int, row: Row, low: float) -> None:
    """One group's mean, range and seeds, and the reported number where there is one."""
    mean = row["mean_percent"]
    axes.barh(place, mean - low, left=low, height=0.62, color="steelblue", alpha=0.55, label="mean")
    axes.text(low, place, f" {mean:.2f}", va="center", fontsize="small")
    if row["n"] > 1:
        axes.plot(
            [row["lowest_percent"], row["highest_percent"]], [place, place], color="black", label="min–max"
        )
    axes.plot(
        row["accuracies_percent"], [place] * row["n"], "o", color="black", markersize=4, label="each seed"
    )
    if row["reported_percent"] is not None:
        axes.plot(row["reported_percent"], place, "D", color="firebrick", fillstyle="none", label="reported")


def points(row: Row) -> list[float]:
    """All numbers of a row that the chart shows."""
    reported = row["reported_percent"]
    return row["accuracies_percent"] + ([] if reported is None else [reported])


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """An axis that shows differences and stays honest: round limits, zero where values lie wide apart."""
    low, high = min(values), max(values)
    room = max(high - low, 0.5)
    unit = 10 ** math.floor(math.log10(room))
    left = math.floor((low - 0.5 * room) / unit) * unit
    right = min(100.0, high + 0.1 * room) if high < 100 else 100 + 0.02 * room
    return (0.0 if left < 0.3 * low else round(left, 6)), right


def mean_accuracy(group: Group, split: str) -> float:
    """Over the group's seeds, in percent."""
    return fmean(record.accuracy(split) for record in group.records)


def draw_group_curves(groups: Sequence[Group], split: str, title: str, path: Path) -> Path | None:
    """Draw the accuracy over the epochs, a line a group with its min–max over seeds; None without metrics.

    Of very many groups the most accurate ones, as `draw_bars` does: the others' metrics are not even read.
    """
    rows = row_name(split)
    if len(groups) > MOST_BARS:
        groups = sorted(groups, key=lambda group: -mean_accuracy(group, split))[:MOST_BARS]
        title = f"{title} (the {MOST_BARS} best)"
    found = [make_curve(group.label, group.records, rows, "accuracy", "epoch") for group in groups]
    curves = [curve for curve in found if curve is not None]
    if not curves:
        return None
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    draw_curves(axes, curves, colours_of(group.label for group in groups))
    axes.set(xlabel="epoch", ylabel=axis_label(rows, "accuracy"))
    axes.set_title(f"{title}\nline: mean over seeds, band: lowest to highest", fontsize="medium")
    add_legend(figure, [axes])
    return save_figure(figure, path)
