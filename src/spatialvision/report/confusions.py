"""Two runs' confusion matrices side by side, and what changed between them."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.confusion import MOST_WITH_NAMES, MOST_WITH_NUMBERS, draw_matrix
from spatialvision.report.records import Record
from spatialvision.report.saving import save_figure


def draw_confusions(
    records: tuple[Record, Record], names: tuple[str, str], split: str, path: Path
) -> Path | None:
    """Draw both matrices and second minus first; None where one was not evaluated or has other classes."""
    found = [record.run.read_json(f"evaluation/{split}/accuracy.json") for record in records]
    if None in found or list(found[0]["by_class"]) != list(found[1]["by_class"]):
        return None
    counts, classes = [np.array(each["confusion"]) for each in found], list(found[0]["by_class"])
    side = 4.2 + 0.08 * min(len(classes), MOST_WITH_NAMES)
    figure = Figure(figsize=(3 * side, side + 0.6), layout="constrained")
    panels = figure.subplots(1, 3)
    for axes, matrix, name, measured in zip(panels, counts, names, found, strict=False):
        draw_matrix(axes, matrix, classes)
        axes.images[0].colorbar.remove()
        axes.set_title(f"{name}\n{100 * measured['accuracy']:.2f} % right", fontsize="medium")
    draw_change(panels[2], counts[1] - counts[0], classes)
    for axes in panels:
        axes.set(xlabel="taken for", ylabel="class")
    figure.suptitle(f"confusions on {split}")
    return save_figure(figure, path)


def draw_change(axes: Axes, change: np.ndarray, classes: list[str]) -> None:
    """Change of the counts (classes, classes): green is better, so off the diagonal fewer is green."""
    better = np.where(np.eye(len(change), dtype=bool), change, -change)
    limit = max(1, np.abs(change).max())
    axes.imshow(better, cmap="PiYG", vmin=-limit, vmax=limit)
    axes.set_title("second − first\ngreen: better", fontsize="medium")
    if len(classes) > MOST_WITH_NAMES:
        axes.set(xticks=[], yticks=[])
        return
    size = 10 if len(classes) <= MOST_WITH_NUMBERS else 5
    axes.set_xticks(range(len(classes)), classes, rotation="vertical", fontsize=size)
    axes.set_yticks(range(len(classes)), classes, fontsize=size)
    if len(classes) <= MOST_WITH_NUMBERS:
        for row, column in zip(*np.nonzero(change), strict=True):
            axes.text(column, row, f"{change[row, column]:+d}", ha="center", va="center", fontsize=8)
