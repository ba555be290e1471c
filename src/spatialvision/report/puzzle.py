"""What a model makes of shuffled patches and positions, in curves; and its four answers to a few images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.sampler import show, titles
from spatialvision.report.saving import save_figure
from spatialvision.runs.arrays import read_arrays
from spatialvision.runs.directory import Run

COLOURS = {"nn": "C0", "ss": "C2", "ns": "C1", "sn": "C3"}
MEANINGS = {
    "nn": "nn: image, positions in order",
    "ss": "ss: patches shuffled, positions with them",
    "ns": "ns: positions alone shuffled",
    "sn": "sn: patches alone shuffled",
}
RIGHT, WRONG = "darkgreen", "firebrick"


def draw_puzzle(run: Run, split: str) -> Path | None:
    """Draw ``figures/puzzle-<split>.png``: the four answers, and how they fall as patches move; None without files."""
    document = run.read_json(f"evaluation/{split}/puzzle.json")
    if document is None:
        return None
    figure = Figure(figsize=(13, 4.6), layout="constrained")
    panels = figure.subplots(1, 3)
    draw_answers(panels[0], document)
    draw_points(panels[1], document["displaced"], "patches")
    draw_points(panels[2], document["distance"], "reach")
    panels[1].set_xlabel("patches out of place, chosen at random")
    panels[2].set_xlabel("patches jittered by up to so many rows and columns")
    panels[0].set_ylabel(f"{split} accuracy, %")
    panels[1].set_ylabel(f"accuracy on {document['curve_images']:,} {split} images, %")
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize="small")
    rows, columns = document["grid_hw"]
    title = f"{run.recipe}: {rows}×{columns} patches of {split} images, shuffled"
    figure.suptitle(f"{title}\n{document['summary']}", fontsize="medium")
    return save_figure(figure, run.path / "figures" / f"puzzle-{split}.png")


def draw_answers(axes: Axes, document: Mapping[str, Any]) -> None:
    """A bar for each answer's accuracy, the entropy on it."""
    for place, (name, row) in enumerate(document["answers"].items()):
        height = 100 * row["accuracy"]
        axes.bar(place, height, color=COLOURS[name])
        axes.text(place, height + 1, f"{height:.1f} %\n{row['entropy']:.2f} nats", ha="center", fontsize=8)
    axes.set_xticks(range(len(COLOURS)), list(document["answers"]))
    axes.set_ylim(0, 115)
    axes.set_xlabel(f"answer; the most entropy there is: {document['largest_entropy']:.2f} nats")
    axes.grid(axis="y", alpha=0.3)


def draw_points(axes: Axes, points: Sequence[Mapping[str, Any]], parameter: str) -> None:
    """The four accuracies over a parameter; nn does not depend on it and is dotted."""
    values = [point[parameter] for point in points]
    for name, colour in COLOURS.items():
        heights = [100 * point[name] for point in points]
        style: dict[str, Any] = {"linestyle": ":"} if name == "nn" else {"marker": "o", "markersize": 3}
        axes.plot(values, heights, color=colour, label=MEANINGS[name], **style)
    axes.set_ylim(0, 102)
    axes.locator_params("x", integer=True)
    axes.grid(alpha=0.3)


def draw_puzzle_pictures(run: Run, split: str) -> Path | None:
    """Draw ``puzzle.png`` beside the split's ``puzzle.npz``: images, shuffled images, and the four answers to them."""
    path = run.path / "evaluation" / split / "puzzle.npz"
    if not (arrays := read_arrays(path)):
        return None
    count = len(arrays["inputs"])
    figure = Figure(figsize=(max(8, 1.6 * count + 0.6), 5.2), layout="constrained")
    above, below = figure.subplots(2, count, squeeze=False)
    for number, label in enumerate(titles(run, split, arrays["label"])):
        show(above[number], arrays["inputs"][number])
        show(below[number], arrays["shuffled"][number])
        above[number].set_title(label, fontsize=9, fontweight="bold")
    for number, name in enumerate(MEANINGS):
        row = below if name[0] == "s" else above
        places = 1 if name[0] == name[1] else 2
        write_answers(row, places, name, run, split, arrays, number)
    above[0].set_ylabel("image")
    below[0].set_ylabel("shuffled")
    figure.suptitle(f"{run.recipe}: four answers to each image of {split}")
    figure.supxlabel("\n" + "; ".join(MEANINGS.values()), fontsize="small", color="dimgrey")
    return save_figure(figure, path.with_suffix(".png"))


def write_answers(
    row: np.ndarray, line: int, name: str, run: Run, split: str, arrays: Mapping[str, np.ndarray], number: int
) -> None:
    """One of the four answers below each picture of a row, in the given line, green where it is right."""
    given = titles(run, split, arrays["prediction"][number])
    right = arrays["prediction"][number] == arrays["label"]
    for axes, answer, confidence, hit in zip(row, given, arrays["confidence"][number], right, strict=True):
        axes.text(
            0.5, 0.06 - 0.15 * line, f"{name}: {answer}, {100 * confidence:.0f} %",
            transform=axes.transAxes, ha="center", va="top", fontsize=8, color=RIGHT if hit else WRONG,
        )  # fmt: skip
