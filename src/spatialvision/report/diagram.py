"""A model as a picture of boxes and arrows: what the image goes through on its way to the logits."""

import re
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Line

from spatialvision.report.lanes import Frame, Lanes, Point
from spatialvision.report.layout import EDGE, HEIGHT, TITLE, WIDTH, Layout
from spatialvision.report.saving import save_figure
from spatialvision.runs.directory import Run

DIAGRAM = "diagram.json"
MARGIN = 0.35
COLOURS = {
    "input": "#ffffff",
    "output": "#ffffff",
    "convolution": "#bcd7f0",
    "linear": "#c9e4c5",
    "pooling": "#e3d3ee",
    "activation": "#fde3b8",
    "normalisation": "#ececec",
    "sampling": "#f8c4b9",
    "attention": "#f3cfe3",
    "block": "#d5e3e1",
    "operation": "#f4f1de",
}
ASSUMED = "Layers in the order in which they ran; where their tensors go could not be followed."
FOLDED = "Grey-green boxes are parts with several layers each."


def draw_diagram(run: Run) -> Path | None:
    """Draw ``figures/diagram.png`` from the run's ``diagram.json``; None where there is no such file.

    Each box is a layer or an operation with its main options on the left and the shape of its result on the
    right (channels × height × width, for one image); frames are the model's parts.

    Raises:
        StorageError: the disk is full, or the folder read-only.
    """
    graph = run.read_json(DIAGRAM)
    if graph is None:
        return None
    lanes = Lanes(Layout(graph["nodes"], [tuple(edge) for edge in graph["edges"]]))
    whole = lanes.enclose()
    figure, axes = sheet(whole, [run.recipe, *notes(graph)])
    draw_frames(axes, lanes)
    for edge in lanes.layout.edges:
        draw_arrow(axes, lanes.route(edge))
    for node in graph["nodes"]:
        draw_box(axes, node, (lanes.layout.x[node["id"]], lanes.layout.y[node["id"]]))
    return save_figure(figure, run.path / "figures" / "diagram.png")


def notes(graph: dict[str, Any]) -> list[str]:
    """What a reader should know of this graph."""
    return [ASSUMED] * (graph["flow"] == "assumed") + [FOLDED] * graph["folded"]


def sheet(whole: Frame, lines: list[str]) -> tuple[Figure, Axes]:
    """A figure as large as the diagram, its axes in inches, with lines of text at the top."""
    head = 0.2 * len(lines)
    top = whole.top - TITLE + MARGIN + head
    bottom = whole.bottom + EDGE - MARGIN
    left, right = whole.left - MARGIN, whole.right + MARGIN
    figure = Figure(figsize=(right - left, top - bottom))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_axis_off()
    for number, line in enumerate(lines):
        size, colour = (10, "black") if number == 0 else (7, "dimgrey")
        height = top - 0.2 - 0.2 * number
        axes.text(
            (left + right) / 2, height, line, ha="center", va="center", size=size, color=colour, wrap=True
        )
    return figure, axes


def draw_frames(axes: Axes, lanes: Lanes) -> None:
    """Frames with names, the outer ones behind; a frame that would take in a stranger's box is left out."""
    for frame in sorted(lanes.frames, key=lambda frame: len(frame.path)):
        if not frame.path or strangers(frame, lanes.layout):
            continue
        rounded(axes, (frame.left, frame.bottom), frame.right - frame.left, frame.top - frame.bottom, 0.08,
                facecolor="#00000009", edgecolor="#00000040", linewidth=0.8, zorder=0)  # fmt: skip
        place = (frame.left + 0.1, frame.top - TITLE / 2)
        axes.text(*place, short_name(frame.path[-1]), size=8, va="center", color="#555555", style="italic")


def strangers(frame: Frame, layout: Layout) -> list[str]:
    """Boxes that lie in the frame without belonging to its container."""
    own = set(layout.inside(frame.path))
    return [
        name
        for name in layout.row
        if name not in own
        and frame.left - WIDTH / 2 < layout.x[name] < frame.right + WIDTH / 2
        and frame.bottom - HEIGHT / 2 < layout.y[name] < frame.top + HEIGHT / 2
    ]


def short_name(name: str) -> str:
    """The end of a dotted name, from the last part that is no number: "layer1.0" of "backbone.layer1.0"."""
    found = re.search(r"[^.]*[^.\d ][^.]*(\.\d+)*( \(\d+\))?$", name)
    return found.group() if found else name


def draw_arrow(axes: Axes, corners: list[Point]) -> None:
    """An arrow along the corners, in front of frames and behind boxes."""
    axes.add_patch(
        FancyArrowPatch(
            path=Line(corners), arrowstyle="-|>", mutation_scale=9, linewidth=1, color="#444444",
            joinstyle="round", zorder=1,
        )
    )  # fmt: skip


def draw_box(axes: Axes, node: dict[str, Any], centre: Point) -> None:
    """A rounded box: label and options on the left, the result's shape on the right."""
    left, bottom = centre[0] - WIDTH / 2, centre[1] - HEIGHT / 2
    colour = COLOURS.get(node["kind"], COLOURS["operation"])
    rounded(axes, (left, bottom), WIDTH, HEIGHT, 0.09, facecolor=colour, edgecolor="#555555", zorder=2)
    shape = " × ".join(str(size) for size in node["shape"])
    # About 0.07 inches a character at 9 points; long texts get smaller letters.
    characters = len(node["label"]) * 1.1 + len(node["detail"]) + len(shape) + 4
    size = min(9.0, 9 * (WIDTH - 0.2) / (0.07 * characters))
    label = axes.text(left + 0.1, centre[1], node["label"], size=size, va="center", weight="bold", zorder=3)
    axes.annotate(
        node["detail"], (1, 0), xycoords=label, xytext=(5, 0), textcoords="offset points",
        size=size, va="bottom", zorder=3,
    )  # fmt: skip
    axes.text(
        left + WIDTH - 0.1, centre[1], shape, size=size, va="center", ha="right", color="#444444", zorder=3
    )


def rounded(axes: Axes, corner: Point, width: float, height: float, radius: float, **style: Any) -> None:
    """A rectangle with round corners."""
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=f"round,pad=0,rounding_size={radius}", **style)
    )
