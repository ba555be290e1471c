"""What a model looks at, in pictures: on the first images of a split, and on its most confident mistakes."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.sampler import draw_outline, outline, share_view, show, titles
from spatialvision.report.saving import save_figure
from spatialvision.runs.arrays import read_arrays
from spatialvision.runs.directory import Run

WIDTH, ROW = 13.0, 1.65
RIGHT, WRONG = "darkgreen", "firebrick"
FOR_AND_AGAINST = "RdBu_r"

Arrays = dict[str, np.ndarray]


def draw_attention(run: Run, split: str) -> Path | None:
    """Draw ``attention.png`` beside the split's ``attention.npz``; None where that was not evaluated.

    Each image has its class, the model's answer and its confidence as a title, and below it, row by row, what
    the file holds: the part that a spatial transformer passes on, as a frame on the image; the class token's
    attention, as the mean over the last layer's heads; and how each pixel speaks for or against the answer.
    """
    path = run.path / "evaluation" / split / "attention.npz"
    if not (arrays := read_arrays(path)):
        return None
    mistakes = arrays["mistake"]
    parts = {f"the first images of {split}": ~mistakes, "its most confident mistakes": mistakes}
    parts = {name: chosen for name, chosen in parts.items() if chosen.any()}
    columns = max(chosen.sum() for chosen in parts.values())
    height = len(parts) * (ROW * (2 + ("class_attention" in arrays)) + 0.6) + 0.7
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subfigures(len(parts), 1, squeeze=False)[:, 0]
    for panel, (name, chosen) in zip(panels, parts.items(), strict=True):
        part = {key: values[chosen] for key, values in arrays.items()}
        draw_part(
            panel, part, columns, titles(run, split, part["label"]), titles(run, split, part["prediction"])
        )
        panel.suptitle(name, fontsize="medium", fontweight="bold")
    figure.suptitle(f"{run.recipe}: what the model looks at")
    figure.supxlabel(caption(arrays), fontsize="small", color="dimgrey")
    return save_figure(figure, path.with_suffix(".png"))


def draw_part(panel: Any, arrays: Arrays, columns: int, labels: list[str], answers: list[str]) -> None:
    """Images of one kind side by side, a row for each way to look at them."""
    drawers = [row for key, row in ROWS.items() if key in arrays]
    grid = panel.subplots(len(drawers), columns, squeeze=False)
    for axes in grid[:, len(labels) :].flat:
        axes.set_axis_off()
    rows = grid[:, : len(labels)]
    for row, draw in zip(rows, drawers, strict=True):
        draw(row, arrays)
        if "points" in arrays:
            share_view(row, np.concatenate(frames(arrays)), arrays["inputs"].shape[-2:])
    right = arrays["label"] == arrays["prediction"]
    for axes, label, answer, confidence, hit in zip(
        rows[0], labels, answers, arrays["confidence"], right, strict=True
    ):
        title = f"{label}\ntaken for {answer}, {100 * confidence:.0f} %"
        axes.set_title(title, fontsize=9, color=RIGHT if hit else WRONG)


def draw_inputs(row: np.ndarray, arrays: Arrays) -> None:
    """The images, and on them the frame of what a spatial transformer passes on."""
    for axes, image in zip(row, arrays["inputs"], strict=True):
        show(axes, image)
    row[0].set_ylabel("input", fontsize=9)
    if "points" in arrays:
        for axes, frame in zip(row, frames(arrays), strict=True):
            draw_outline(axes, frame, arrays["points"].shape[2] + 2)
        row[0].set_ylabel("input, and what the\ntransformer passes on", fontsize=9)


def frames(arrays: Arrays) -> np.ndarray:
    """The outlines (n, corners, 2) of what a spatial transformer passes on, in pixels of the input."""
    return np.stack([outline(points, arrays["inputs"].shape[-2:]) for points in arrays["points"]])


def draw_class_attention(row: np.ndarray, arrays: Arrays) -> None:
    """The class token's attention to the patches, each image on its own scale from 0 to its largest."""
    height, width = arrays["inputs"].shape[-2:]
    for axes, image, weights in zip(row, arrays["inputs"], arrays["class_attention"], strict=True):
        draw_faintly(axes, image)
        axes.imshow(
            weights[-1].mean(axis=0), cmap="viridis", vmin=0, alpha=0.7,
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )  # fmt: skip
    row[0].set_ylabel("class token's\nattention", fontsize=9)


def draw_attribution(row: np.ndarray, arrays: Arrays) -> None:
    """How each pixel speaks for or against the answer, each image on its own scale."""
    for axes, image, values in zip(row, arrays["inputs"], arrays["attribution"], strict=True):
        draw_faintly(axes, image)
        # A few pixels reach far beyond the others: the scale ends where the strongest hundredth begins.
        most = max(float(np.quantile(np.abs(values), 0.99)), 1e-12)
        alpha = np.clip(np.abs(values) / most, 0, 1)
        axes.imshow(values, cmap=FOR_AND_AGAINST, vmin=-most, vmax=most, alpha=alpha)
    row[0].set_ylabel("for and against\nthe answer", fontsize=9)


def draw_faintly(axes: Axes, image: np.ndarray) -> None:
    """The image in light greys, for colours to go on top of it."""
    axes.imshow(image.mean(axis=0), cmap="gray", vmin=-2, vmax=1)
    axes.set(xticks=[], yticks=[])


def caption(arrays: Arrays) -> str:
    """What the colours mean."""
    frame = "Blue frame: what becomes the transformer's output; red: its top edge and top left corner. "
    attention = "Attention: last layer, mean over heads; yellow most. "
    return (
        (frame if "points" in arrays else "")
        + (attention if "class_attention" in arrays else "")
        + "Red pixels raise the answer's logit, blue ones lower it (integrated gradients)."
    )


ROWS = {"inputs": draw_inputs, "class_attention": draw_class_attention, "attribution": draw_attribution}
