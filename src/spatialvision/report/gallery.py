"""A family's spatial transformers side by side: where they look, what comes out, and whether θ is right."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.angles import correlation
from spatialvision.report.groups import Group
from spatialvision.report.records import Record
from spatialvision.report.sampler import IMAGES, draw_outline, outline, share_view, show, titles
from spatialvision.report.saving import save_figure
from spatialvision.runs.arrays import read_arrays

MOST_GROUPS = 8
WIDTH, HEIGHT = 13, 3.1
CAPTION = (
    "Above: what comes in; the blue frame is the part that becomes the output below it, red its top edge and "
    "top left corner. Below: what the classifier sees. Angles are counter-clockwise."
)


def draw_gallery(groups: Sequence[Group], split: str, path: Path) -> Path | None:
    """Draw a panel for the first seed of each group with ``sampler.npz``; None if there is none.

    A panel holds 8 images spread over the rotations that there are among the first 32, input above output,
    and, where the data were turned, θ's angle against the true rotation of all images with Pearson's r.
    """
    found = [(group, first) for group in groups if (first := first_with_sampler(group, split))][:MOST_GROUPS]
    if not found:
        return None
    figure = Figure(figsize=(WIDTH, HEIGHT * len(found) + 0.6), layout="constrained")
    panels = figure.subfigures(len(found), 1, squeeze=False)[:, 0]
    for panel, (group, record) in zip(panels, found, strict=True):
        arrays = read_arrays(record.path / "evaluation" / split / "sampler.npz")
        draw_panel(panel, arrays, titles(record.run, split, arrays["label"]))
        panel.suptitle(f"{group.label}, seed {record.seed}", fontsize="medium", fontweight="bold")
    figure.suptitle(f"Where a spatial transformer looks (above), and what it passes on (below): {split}")
    figure.supxlabel(CAPTION, fontsize="small", color="dimgrey")
    return save_figure(figure, path)


def first_with_sampler(group: Group, split: str) -> Record | None:
    """The run of the lowest seed that wrote the sampler's file."""
    written = (
        record for record in group.records if (record.path / "evaluation" / split / "sampler.npz").is_file()
    )
    return next(written, None)


def draw_panel(panel: Any, arrays: dict[str, np.ndarray], names: Sequence[str]) -> None:
    """Inputs over outputs, and the angles to their right where they are known."""
    true_deg = arrays.get("true_angle_deg")
    chosen = choose(len(arrays["inputs"]), true_deg)
    ratios = [1] * len(chosen) + ([2.6] if true_deg is not None else [])
    grid = panel.add_gridspec(2, len(ratios), width_ratios=ratios)
    above, below = (
        np.array([panel.add_subplot(grid[row, column]) for column in range(len(chosen))]) for row in (0, 1)
    )
    frames = [outline(arrays["points"][number], arrays["inputs"].shape[-2:]) for number in chosen]
    for place, number in enumerate(chosen):
        show(above[place], arrays["inputs"][number])
        draw_outline(above[place], frames[place], arrays["points"].shape[2] + 2)
        show(below[place], arrays["warped"][number])
        above[place].set_title(names[number], fontsize=9)
        if true_deg is not None:
            left = true_deg[number] - arrays["angle_deg"][number]
            above[place].set_title(f"{names[number]}, turned {degrees(true_deg[number])}", fontsize=9)
            below[place].set_title(f"now {degrees(left)}", fontsize=9)
    share_view(above, np.concatenate(frames), arrays["inputs"].shape[-2:])
    above[0].set_ylabel("input, and where\nthe network looks", fontsize=9)
    below[0].set_ylabel("output: what the\nclassifier sees", fontsize=9)
    if true_deg is not None:
        draw_angles(panel.add_subplot(grid[:, -1]), true_deg, arrays["angle_deg"])


def choose(images: int, true_deg: np.ndarray | None) -> np.ndarray:
    """Numbers of up to 8 of the pictured images: evenly over the rotations, else the first ones."""
    if true_deg is None:
        return np.arange(min(images, IMAGES))
    order = np.argsort(true_deg[:images], kind="stable")
    return order[np.linspace(0, images - 1, min(images, IMAGES)).round().astype(int)]


def degrees(angle: float) -> str:
    """``+32°``."""
    return f"{round(float(angle)):+d}°"


def draw_angles(axes: Axes, true_deg: np.ndarray, theta_deg: np.ndarray) -> None:
    """Every image a dot; on the diagonal lie those that come out exactly upright."""
    r = correlation(true_deg.astype(np.float64), theta_deg.astype(np.float64))
    span = 1.1 * max(np.abs(true_deg).max(), np.quantile(np.abs(theta_deg), 0.99), 1)
    axes.plot([-span, span], [-span, span], color="orangered", label="comes out upright")
    axes.plot(true_deg, theta_deg, "o", markersize=2.5, alpha=0.6, color="steelblue", label="one image")
    axes.set(xlim=(-span, span), ylim=(-span, span), aspect="equal")
    axes.set_title(
        f"{len(true_deg):,} images: r = {r:.2f}" if r is not None else f"{len(true_deg):,} images", fontsize=9
    )
    axes.set_xlabel("true rotation, °", fontsize=9)
    axes.set_ylabel("θ's angle, °", fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="upper left")
