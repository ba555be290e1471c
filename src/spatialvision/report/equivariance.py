"""Whether spatial transformers follow an image that is turned, magnified or moved, and what then comes out."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.curves import add_legend, colours_of, draw_curves
from spatialvision.report.groups import Group
from spatialvision.report.saving import save_figure
from spatialvision.report.warp_curves import documents_by_label, label_panel, warp_curve

ERRORS = {
    "rotation": ("angle_deg", "error of θ's angle, °"),
    "scale": ("factor", "error of θ's scale, factor"),
    "shift_x_pixels": ("pixels", "error of θ's centre, pixels"),
    "shift_y_pixels": ("pixels", "error of θ's centre, pixels"),
}
CAPTION = (
    "Above: how far the transformer's frame is from where it should have gone with the content (dashed: a frame "
    "that stays as it is). Below: how far what it passes on\ndiffers from what it passes on at the dotted neutral "
    "value (dashed: the same for what it is given). Lower is better; a transformer that follows exactly stays at "
    "the bottom."
)


def draw_equivariance(groups: Sequence[Group], split: str, path: Path) -> Path | None:
    """Draw θ's errors above, the output's changes below; None where nothing was evaluated.

    A line is the median over images, for several seeds its mean, with a band from the lowest to the highest; the
    band of a single run holds the middle half of its images.
    """
    found = documents_by_label(groups, split, "equivariance")
    if not found:
        return None
    everything = [file for files in found.values() for file in files]
    figure = Figure(figsize=(15, 7.6), layout="constrained")
    panels = figure.subplots(2, len(ERRORS), sharex="col", squeeze=False)
    for column, (name, (measure, label)) in enumerate(ERRORS.items()):
        above, below = panels[:, column]
        draw_measure(above, found, name, measure)
        draw_still(above, name, everything[0])
        draw_measure(below, found, name, "straightened")
        draw_given(below, found, name)
        for axes in (above, below):
            label_panel(axes, name, everything)
            axes.set_ylim(bottom=1 if axes is above and name == "scale" else 0)
        above.set_ylabel(label, fontsize="small")
        above.set_xlabel("")
        below.set_title("")
    panels[1, 0].set_ylabel("change of the output, mean |difference|", fontsize="small")
    add_legend(figure, panels[:, 0])
    title = f"Does the spatial transformer follow the content? {split}, median over images"
    figure.suptitle(f"{title}\n{CAPTION}", fontsize="medium")
    return save_figure(figure, path)


def quantile(point: Mapping[str, Any], measure: str, which: str) -> float:
    """A number of a point: ``lower``, ``median`` or ``upper`` of a measure."""
    return point[measure][which]


def draw_measure(
    axes: Axes, found: Mapping[str, Sequence[Mapping[str, Any]]], name: str, measure: str
) -> None:
    """A line a group; a single run's quartiles as its band."""
    colours = colours_of(found)
    for label, files in found.items():
        draw_curves(
            axes,
            [warp_curve(label, files, name, partial(quantile, measure=measure, which="median"))],
            colours,
        )
        if len(files) == 1:
            low, high = (
                warp_curve(label, files, name, partial(quantile, measure=measure, which=which))
                for which in ("lower", "upper")
            )
            axes.fill_between(
                low.x, low.values[0], high.values[0], color=colours[label], alpha=0.2, linewidth=0
            )


def draw_still(axes: Axes, name: str, file: Mapping[str, Any]) -> None:
    """The error of a frame that stays as it is."""
    values = np.array([point["value"] for point in file["curves"][name]["points"]])
    errors = np.maximum(values, 1 / values) if name == "scale" else np.abs(values)
    axes.plot(values, errors, linestyle="--", color="grey", label="a frame that stays", zorder=1)


def draw_given(axes: Axes, found: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> None:
    """How much the transformer's input changes, the first run's for all: it depends on the images alone."""
    first = next(iter(found.values()))[:1]
    given = warp_curve("", first, name, partial(quantile, measure="inputs", which="median"))
    axes.plot(given.x, given.values[0], linestyle="--", color="grey", zorder=1)
