"""Curves over training: one line a group of runs, and a band from the lowest to the highest of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.records import Record

MOST_IN_LEGEND = 20
STYLES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Curve:
    """Values of n runs at the moments that all of them have.

    Attributes:
        x: (points,) steps or epochs.
        values: (n, points).
    """

    label: str
    x: np.ndarray
    values: np.ndarray


def make_curve(label: str, records: Sequence[Record], split: str, metric: str, x: str) -> Curve | None:
    """The runs' values of a metric; runs without it are passed over, None if no run has it.

    Args:
        x: "step" or "epoch".
    """
    found = []
    for record in records:
        values = {row[x]: row[metric] for row in record.rows if row["split"] == split and metric in row}
        found += [values] if values else []
    if not found:
        return None
    moments = sorted(set(found[0]).intersection(*found[1:]))
    factor = 100 if metric.endswith("accuracy") else 1
    heights = np.array([[factor * each[moment] for moment in moments] for each in found])
    return Curve(label, np.array(moments), heights)


def draw_curves(axes: Axes, curves: Sequence[Curve], colours: Mapping[str, str]) -> None:
    """A line each, in its label's colour, with a band where a curve holds several runs; after ten colours dashed."""
    number = {label: place for place, label in enumerate(colours)}
    for curve in curves:
        style = STYLES[number[curve.label] // 10 % len(STYLES)]
        count, colour = len(curve.values), colours[curve.label]
        marker = "o" if len(curve.x) <= 30 else ""
        label = f"{curve.label} ({count} runs)" if count > 1 else curve.label
        mean, low, high = (function(curve.values, axis=0) for function in (np.mean, np.min, np.max))
        axes.plot(curve.x, mean, style, marker=marker, markersize=3, color=colour, label=label)
        if count > 1:
            axes.fill_between(curve.x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.locator_params("x", steps=[1, 2, 5, 10])
    axes.grid(alpha=0.3)


def colours_of(labels: Iterable[str]) -> dict[str, str]:
    """Colours by label, the same in every panel; the ten of matplotlib's cycle, again and again."""
    return {label: f"C{number % 10}" for number, label in enumerate(labels)}


def add_legend(figure: Figure, panels: Iterable[Axes]) -> None:
    """Lines named below the figure, each once; beyond 20 their number alone is said, in the title."""
    named: dict[str, Artist] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    if len(named) > MOST_IN_LEGEND:
        figure.suptitle(f"{len(named)} curves", fontsize="medium", color="dimgrey")
        return
    columns = int(figure.get_figwidth() * 12 / (max(map(len, named)) + 8))
    columns = min(len(named), max(1, columns))
    figure.legend(
        list(named.values()), list(named), loc="outside lower center", ncols=columns, fontsize="small"
    )


def axis_label(split: str, metric: str) -> str:
    """``test accuracy, %``."""
    return f"{split} {metric}{', %' if metric.endswith('accuracy') else ''}"
