"""Values over a warp's parameter, a line a group of runs, as the panels of a picture."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from spatialvision.report.curves import Curve
from spatialvision.report.groups import Group
from spatialvision.report.records import Record

TITLES = {
    "rotation": "rotation",
    "scale": "magnification",
    "shift_x_pixels": "shift to the right, pixels",
    "shift_y_pixels": "shift down, pixels",
    "shift_x_share": "shift to the right, share",
    "shift_y_share": "shift down, share",
    "shear": "shear",
    "perspective": "perspective",
}


def documents(group: Group, split: str, name: str) -> list[dict[str, Any]]:
    """What an evaluator wrote for the group's runs, as far as it did."""
    found = [read(record, split, name) for record in group.records]
    return [document for document in found if document is not None]


def documents_by_label(groups: Sequence[Group], split: str, name: str) -> dict[str, list[dict[str, Any]]]:
    """The same for each group by its label; groups without any are left out."""
    found = {group.label: documents(group, split, name) for group in groups}
    return {label: files for label, files in found.items() if files}


def read(record: Record, split: str, name: str) -> dict[str, Any] | None:
    """A run's ``evaluation/<split>/<name>.json``, or None."""
    return record.run.read_json(f"evaluation/{split}/{name}.json")


def warp_curve(
    label: str, files: Sequence[Mapping[str, Any]], name: str, height: Callable[[Mapping[str, Any]], float]
) -> Curve:
    """One value a run at each value of the parameter that all of them have.

    Args:
        files: documents with ``curves``.
        height: from a point of a curve to what is drawn.
    """
    curves = [{point["value"]: height(point) for point in file["curves"][name]["points"]} for file in files]
    values = sorted(set(curves[0]).intersection(*curves[1:]))
    return Curve(label, np.array(values), np.array([[curve[value] for value in values] for curve in curves]))


def label_panel(axes: Axes, name: str, files: Sequence[Mapping[str, Any]]) -> None:
    """Title with the content's size, parameter below, the neutral value marked."""
    curves = [file["curves"][name] for file in files]
    fits = sorted({round(curve["fit"], 2) for curve in curves})
    sizes = "" if fits == [1] else f", content at {' or '.join(f'{fit:g}' for fit in fits)} of its size"
    axes.set_title(f"{TITLES.get(name, name)}{sizes}", fontsize="small")
    axes.set_xlabel(curves[0]["parameter"], fontsize="small")
    axes.axvline(curves[0]["neutral"], color="dimgrey", linestyle=":", linewidth=1, zorder=0)
    if name == "scale":
        axes.set_xscale("log", base=2)
        axes.set_xticks([0.5, 0.7, 1, 1.4, 2], ["0.5", "0.7", "1", "1.4", "2"])
        axes.minorticks_off()
    if name == "rotation":
        axes.set_xticks(range(-180, 181, 90))
