"""The sampler's picture: where on each image a spatial transformer looks, and what it passes on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.saving import save_figure
from spatialvision.runs.arrays import read_arrays
from spatialvision.runs.directory import Run

IMAGES = 8
OUTLINE, TOP = "deepskyblue", "orangered"
CAPTION = (
    "Blue frame: the part of the input that becomes the output below it. "
    "Red: its top edge and top left corner. Grey: outside the image."
)


def draw_sampler(run: Run, split: str) -> Path | None:
    """Draw ``figures/sampler-<split>.png`` of the split's first 8 images; None without ``sampler.npz``."""
    if not (arrays := read_arrays(run.path / "evaluation" / split / "sampler.npz")):
        return None
    inputs, warped, points, label = (arrays[key][:IMAGES] for key in ("inputs", "warped", "points", "label"))
    outlines = [outline(grid, inputs.shape[-2:]) for grid in points]
    figure = Figure(figsize=(max(8, 1.4 * len(inputs) + 0.6), 4), layout="constrained")
    rows = figure.subplots(2, len(inputs), squeeze=False)
    for axes, image, frame, title in zip(rows[0], inputs, outlines, titles(run, split, label), strict=True):
        show(axes, image)
        draw_outline(axes, frame, points.shape[2] + 2)
        axes.set_title(title, fontsize=9)
    for axes, image in zip(rows[1], warped, strict=True):
        show(axes, image)
    share_view(rows[0], np.concatenate(outlines), inputs.shape[-2:])
    rows[0, 0].set_ylabel("input, and where\nthe output looks")
    rows[1, 0].set_ylabel("output: what the\nclassifier sees")
    figure.suptitle(f"{run.recipe}: what the spatial transformer does, {split}")
    figure.supxlabel(CAPTION, fontsize="small", color="dimgrey")
    return save_figure(figure, run.path / "figures" / f"sampler-{split}.png")


def outline(points_xy: np.ndarray, size_hw: Sequence[int]) -> np.ndarray:
    """The outer edge of the output's pixels as a closed polygon on the input.

    Args:
        points_xy: (H, W, 2), H and W at least 2: where each output pixel's centre looks on the input.
        size_hw: height and width of the input.

    Returns:
        (2·(H + W) + 5, 2) in pixels of the input, clockwise on the output from its top left corner and back
        to it; the first W + 2 points are the top edge.

    Convention:
        Points are (x, y) in [−1, 1] with ``align_corners=False``; in the result a pixel's centre has whole
        numbers. The edge lies half an output pixel beyond the outermost centres, so identity points give the
        image's border: −0.5 to width − 0.5, −0.5 to height − 0.5. That half pixel continues the grid
        linearly, which is exact for affine transforms only.
    """
    grid = extend(extend(points_xy).swapaxes(0, 1)).swapaxes(0, 1)
    ring = [grid[0], grid[1:, -1], grid[-1, -2::-1], grid[-2::-1, 0]]
    height, width = size_hw
    return ((np.concatenate(ring) + 1) * (width, height) - 1) / 2


def extend(grid: np.ndarray) -> np.ndarray:
    """Add half a step before the first and after the last row: (H, W, 2) to (H + 2, W, 2)."""
    grid = grid.astype(np.float64)
    first, last = 1.5 * grid[:1] - 0.5 * grid[1:2], 1.5 * grid[-1:] - 0.5 * grid[-2:-1]
    return np.concatenate([first, grid, last])


def titles(run: Run, split: str, label: np.ndarray) -> list[str]:
    """Class names of the labels, or the labels themselves where no class names were written."""
    measured = run.read_json(f"evaluation/{split}/accuracy.json")
    names = list(measured["by_class"]) if measured else []
    return [names[number] if number < len(names) else str(number) for number in label.tolist()]


def show(axes: Axes, image: np.ndarray) -> None:
    """An image (C, H, W) in [0, 1]: one channel in grey, three in colour."""
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], facecolor="lightgrey")


def draw_outline(axes: Axes, frame: np.ndarray, top_length: int) -> None:
    """The closed polygon, its top edge and top left corner marked so that turns and flips can be seen."""
    axes.plot(*frame.T, color=OUTLINE, linewidth=1.5)
    axes.plot(*frame[:top_length].T, color=TOP, linewidth=2)
    axes.plot(*frame[0], color=TOP, marker="o", markersize=5)


def share_view(row: np.ndarray, frames: np.ndarray, size_hw: Sequence[int]) -> None:
    """Make room for the outlines, the same on every image, up to one image's size beyond the border."""
    size_xy = np.array(size_hw[::-1])
    margin = 0.06 * size_xy
    low = np.clip(frames.min(axis=0) - margin, -size_xy, -0.5 - margin)
    high = np.clip(frames.max(axis=0) + margin, size_xy - 0.5 + margin, 2 * size_xy)
    for axes in row:
        axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]))
