"""Two runs image by image: those on which exactly one is right."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from spatialvision.report.outcomes import ImageSource, Outcomes
from spatialvision.report.records import Record
from spatialvision.report.sampler import show
from spatialvision.report.saving import save_figure
from spatialvision.report.statistics.sign_test import mcnemar_p
from spatialvision.runs.arrays import read_arrays
from spatialvision.runs.storage import write_bytes

SHOWN, ACROSS = 16, 8


def write_disagreement(
    records: tuple[Record, Record], split: str, images: ImageSource, path: Path
) -> Path | None:
    """Collect the images of which one run is surest that the other is wrong, both ways.

    Writes an ``.npz``: ``images`` (n, C, H, W) uint8, ``right`` (n,) 0 or 1, which run is right; ``index`` and
    ``label`` (n,); ``prediction`` and ``confidence`` (n, 2); and ``counts`` (2,), on how many images only the first
    and only the second run is right.

    Returns:
        The path; None where answers are missing or of different images, or there is no such image.
    """
    outcomes = [record.outcomes(split) for record in records]
    first, second = outcomes
    if first is None or second is None or not first.of_same_images(second):
        return None
    sides = [one_sided(first, second), one_sided(second, first)]
    chosen = np.concatenate([side[:SHOWN] for side in sides])
    if not len(chosen):
        return None
    arrays: dict[str, Any] = {
        "images": images(records[0].run, split, chosen),
        "right": np.repeat([0, 1], [min(len(side), SHOWN) for side in sides]),
        "index": first.index[chosen],
        "label": first.label[chosen],
        "prediction": np.stack([each.prediction[chosen] for each in (first, second)], axis=1),
        "confidence": np.stack([each.confidence[chosen] for each in (first, second)], axis=1),
        "counts": np.array([len(side) for side in sides]),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())
    return path


def one_sided(ours: Outcomes, other: Outcomes) -> np.ndarray:
    """Positions of the images on which only ours is right, the widest margin of the label's probability first."""
    positions = np.flatnonzero(ours.correct & ~other.correct)
    margin = ours.label_probability[positions] - other.label_probability[positions]
    return positions[np.argsort(-margin.round(9), kind="stable")]  # equal margins: in the split's order


def draw_disagreement(source: Path, names: tuple[str, str], class_names: list[str], path: Path) -> Path:
    """Draw the collected images, those that only the first run has right above those of the second.

    Args:
        source: what `write_disagreement` wrote.
        names: of the two runs.
        class_names: in the order of the labels; numbers are shown where there are none.
    """
    arrays = read_arrays(source)
    counts = arrays["counts"]
    sides = {side: shown for side in (0, 1) if len(shown := np.flatnonzero(arrays["right"] == side))}
    rows = [-(-len(shown) // ACROSS) for shown in sides.values()]
    figure = Figure(figsize=(1.55 * ACROSS, 0.9 + 0.5 * len(rows) + 2.05 * sum(rows)), layout="constrained")
    heights = [0.35 + count for count in rows]
    panels = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for panel, (side, shown), count in zip(panels, sides.items(), rows, strict=True):
        title = f"only {names[side]} is right: {len(shown)} of {counts[side]:,}, the widest margin first"
        panel.suptitle(title, fontsize="medium", fontweight="bold")
        draw_side(panel, arrays, shown, count, class_names)
    figure.suptitle(
        f"1: {names[0]}   2: {names[1]}\nonly 1 right: {counts[0]:,}, only 2 right: {counts[1]:,} "
        f"(McNemar's exact p = {mcnemar_p(*counts.tolist()):.3g})"
    )
    return save_figure(figure, path)


def draw_side(
    panel: Any, arrays: dict[str, np.ndarray], shown: np.ndarray, rows: int, class_names: list[str]
) -> None:
    """Images in rows, each under its label and both runs' answers."""
    grid = panel.subplots(rows, ACROSS, squeeze=False).flatten()
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    for axes, number in zip(grid, shown, strict=False):
        show(axes, arrays["images"][number] / 255)
        answers = [
            f"{run}: {name_of(answer, class_names)} ({100 * confidence:.0f} %)"
            for run, answer, confidence in zip(
                (1, 2), arrays["prediction"][number], arrays["confidence"][number], strict=True
            )
        ]
        axes.set_title(
            "\n".join([f"is {name_of(arrays['label'][number], class_names)}", *answers]), fontsize=8
        )


def name_of(label: int, class_names: list[str]) -> str:
    """The class's name, shortened to what fits above an image; its number where it has none."""
    return class_names[label][:14] if label < len(class_names) else str(label)
