"""The confusion matrix as a picture: which classes are taken for which."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay

from spatialvision.report.saving import save_figure
from spatialvision.runs.directory import Run

MOST_WITH_NUMBERS = 20
MOST_WITH_NAMES = 100


def draw_confusion(run: Run, split: str) -> Path | None:
    """Draw ``figures/confusion-<split>.png``; None where the split's accuracy was not evaluated.

    Up to 20 classes every cell shows its count, zeros left blank. Beyond that colour alone speaks, on a
    square-root scale that keeps rare confusions visible; beyond 100 the axes carry no names.
    """
    measured = run.read_json(f"evaluation/{split}/accuracy.json")
    if measured is None:
        return None
    side = 5 + 0.08 * min(len(measured["confusion"]), MOST_WITH_NAMES)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    draw_matrix(axes, np.array(measured["confusion"]), list(measured["by_class"]))
    right = f"{measured['correct']:,} of {measured['images']:,} right ({100 * measured['accuracy']:.2f} %)"
    axes.set(title=f"{run.recipe}\n{split}: {right}", xlabel="taken for", ylabel="class")
    return save_figure(figure, run.path / "figures" / f"confusion-{split}.png")


def draw_matrix(axes: Any, counts: np.ndarray, names: list[str]) -> None:
    """Counts (classes, classes) on the axes, row = class, column = what it was taken for."""
    numbers = len(counts) <= MOST_WITH_NUMBERS
    display = ConfusionMatrixDisplay(counts, display_labels=names)
    norm = None if numbers else PowerNorm(0.5, vmin=0)
    display.plot(
        ax=axes, cmap="Blues", include_values=numbers, values_format="d", xticks_rotation="vertical",
        im_kw={"norm": norm},
    )  # fmt: skip
    if numbers:
        for text in display.text_[counts == 0]:
            text.set_visible(False)
    elif len(counts) <= MOST_WITH_NAMES:
        axes.tick_params(labelsize=5)
    else:
        axes.set(xticks=[], yticks=[])
