"""The learning curve: loss and accuracy of every split over the epochs."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.saving import save_figure
from spatialvision.runs.directory import Run

CAPTION = "train: mean since the point before, while learning · other splits: measured at that moment"


def draw_learning_curve(run: Run) -> Path | None:
    """Draw ``figures/learning_curve.png``, accuracy in percent; None while the run has no metrics."""
    rows = run.metrics()
    if not rows:
        return None
    figure = Figure(figsize=(10, 4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for split in dict.fromkeys(row["split"] for row in rows):
        own = [row for row in rows if row["split"] == split]
        draw_line(loss, own, "loss", 1, split)
        draw_line(accuracy, own, "accuracy", 100, split)
    loss.set(title="loss", ylim=(0, None))
    accuracy.set(title="accuracy, %")
    for axes in (loss, accuracy):
        axes.set_xlabel("epoch")
        axes.locator_params("x", steps=[1, 2, 5, 10])
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(run.recipe)
    figure.supxlabel(CAPTION, fontsize="small", color="dimgrey")
    return save_figure(figure, run.path / "figures" / "learning_curve.png")


def draw_line(axes: Axes, rows: list[dict[str, Any]], name: str, factor: float, label: str) -> None:
    """One split's line; rows that lack the value are passed over, and few points get visible dots."""
    points = [(row["epoch"], factor * row[name]) for row in rows if name in row]
    marker = "o" if len(points) <= 30 else ""
    axes.plot([x for x, _ in points], [y for _, y in points], marker=marker, markersize=4, label=label)
