"""How accuracy falls as images are warped, and under the worst of many small warps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.curves import add_legend, colours_of, draw_curves
from spatialvision.report.groups import Group
from spatialvision.report.saving import save_figure
from spatialvision.report.warp_curves import documents_by_label, label_panel, warp_curve

COLUMNS = 3
CAPTION = (
    "Dotted: the neutral value. Where the content is drawn smaller, so that nothing leaves the image, it is so at "
    "the neutral value too.\nAttack: turns within ± 30° and shifts within ± 10 %, where content may leave; at "
    "random, the worst of 10 for each image, the worst of a grid of 775."
)


def draw_robustness(groups: Sequence[Group], split: str, path: Path) -> Path | None:
    """Draw accuracy over each warp's parameter, then attack and consistency; None where nothing was evaluated.

    A line is the mean over a group's seeds, its band the lowest to the highest.
    """
    found = documents_by_label(groups, split, "robustness")
    if not found:
        return None
    everything = [file for files in found.values() for file in files]
    names = list(everything[0]["curves"])
    rows = -(-(len(names) + 1) // COLUMNS)
    figure = Figure(figsize=(4.3 * COLUMNS, 3.1 * rows + 1), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).flatten()
    colours = colours_of(found)
    for axes, name in zip(panels, names, strict=False):
        curves = [warp_curve(label, files, name, percent) for label, files in found.items()]
        draw_curves(axes, curves, colours)
        label_panel(axes, name, everything)
    draw_summary(panels[len(names)], found, colours)
    for axes in panels[len(names) + 1 :]:
        axes.set_axis_off()
    for axes in panels[::COLUMNS]:
        axes.set_ylabel(f"{split} accuracy, %")
    panels[0].set_ylim(0, 102)
    add_legend(figure, panels[:1])
    title = f"Accuracy on warped images, {split}; line: mean over seeds, band: lowest to highest"
    figure.suptitle(f"{title}\n{CAPTION}", fontsize="medium")
    return save_figure(figure, path)


def percent(point: Mapping[str, Any]) -> float:
    """A point's accuracy."""
    return 100 * point["accuracy"]


def summary(file: Mapping[str, Any]) -> dict[str, float]:
    """What the last panel shows of a run, in percent."""
    attack, consistency = file["engstrom"], file["consistency"]
    return {
        "natural": percent(file["natural"]),
        "random": percent(attack["random"]),
        "worst\nof 10": percent(attack["worst_of_10"]),
        "worst\nof grid": percent(attack["worst_of_grid"]),
        "same, 1 px\n(mean)": 100 * consistency["mean"],
        "same, 1 px\n(all 8)": 100 * consistency["all"],
    }


def draw_summary(
    axes: Axes, found: Mapping[str, Sequence[Mapping[str, Any]]], colours: Mapping[str, str]
) -> None:
    """Groups side by side for each number: a dot for the mean, a line from the lowest to the highest."""
    for place, (label, files) in enumerate(found.items()):
        values = np.array([list(summary(file).values()) for file in files])
        x = np.arange(values.shape[1]) + 0.6 * ((place + 0.5) / len(found) - 0.5)
        axes.vlines(x, values.min(axis=0), values.max(axis=0), color=colours[label])
        axes.plot(x, values.mean(axis=0), "o", markersize=4, color=colours[label])
    first = next(iter(found.values()))[0]
    axes.set_xticks(range(len(summary(first))), list(summary(first)), fontsize=7)
    axes.axvline(3.5, color="dimgrey", linewidth=0.8)
    axes.set_title("attack | prediction stays under 1-pixel shifts", fontsize="small")
    axes.grid(axis="y", alpha=0.3)
