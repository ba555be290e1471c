"""A family's table as a picture: for each column the rows' errors, and the paper's beside them."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatialvision.report.family_cells import FamilyGrid
from spatialvision.report.saving import save_figure
from spatialvision.report.table import Row, Table

PANEL = 2.6


def draw_family(grid: FamilyGrid, verdicts: Table, path: Path) -> Path:
    """Draw errors with their 95 % intervals, a panel with its own scale a column; the paper's are hollow.

    The paper's numbers are drawn where they are about the dataset of the runs, and left out elsewhere.
    """
    size = (2.2 + PANEL * len(grid.columns), 1.9 + 0.32 * len(grid.rows))
    figure = Figure(figsize=(max(6.0, size[0]), size[1]), layout="constrained")
    panels = figure.subplots(1, len(grid.columns), sharey=True, squeeze=False)[0]
    for axes, column in zip(panels, grid.columns, strict=True):
        draw_column(axes, grid.rows, [row for row in verdicts.rows if row["column"] == column])
        axes.set_title(column, fontsize="medium")
        axes.set_xlabel("error, %")
    panels[0].set_yticks(range(len(grid.rows)), list(grid.rows))
    panels[0].set_ylim(len(grid.rows) - 0.4, -0.6)
    figure.suptitle(verdicts.title, fontsize="medium")
    add_legend(figure, grid, verdicts.rows)
    return save_figure(figure, path)


def draw_column(axes: Axes, names: Sequence[str], rows: Sequence[Row]) -> None:
    """A dot and a line a row of the table, from zero so that distances are honest."""
    for row in rows:
        place = names.index(row["row"])
        if row["interval_low_percent"] is not None:
            axes.hlines(
                place, max(0.0, row["interval_low_percent"]), row["interval_high_percent"], color="C0"
            )
        axes.plot(row["mean_percent"], place, "o", color="C0", markersize=6)
        if on_our_data(row):
            axes.plot(row["reported_percent"], place, "D", color="firebrick", fillstyle="none", markersize=6)
    axes.set_xlim(left=0)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)


def on_our_data(row: Row) -> bool:
    """Whether there is a published number about the dataset of the runs."""
    return row["reported_percent"] is not None and not row["reported_elsewhere"]


def add_legend(figure: Figure, grid: FamilyGrid, rows: Sequence[Row]) -> None:
    """What the marks mean, and whose data the hollow ones are about."""
    over = dict.fromkeys(row["interval_over"] for row in rows)
    unseen = Figure().subplots()
    marks = unseen.plot([], [], "o-", color="C0", label=f"ours, 95 % interval over {' or '.join(over)}")
    if any(on_our_data(row) for row in rows):
        published = dict.fromkeys(cell.group.about("reported_on") for cell in grid.cells)
        label = f"paper, on {' or '.join(name for name in published if name) or 'the same data'}"
        marks += unseen.plot([], [], "D", color="firebrick", fillstyle="none", label=label)
    figure.legend(handles=marks, loc="outside lower center", ncols=2, fontsize="small")
