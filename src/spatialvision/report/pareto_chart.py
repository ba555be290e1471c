"""Accuracy against cost as a picture: a panel a kind of cost, the front marked."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from spatialvision.report.costs import COSTS, Cost
from spatialvision.report.curves import MOST_IN_LEGEND, colours_of
from spatialvision.report.saving import save_figure
from spatialvision.report.table import Table

PANEL = 4.6
WIDE = 5


def draw_pareto(table: Table, path: Path) -> Path:
    """Draw the table's groups, a dot each; the groups that nothing dominates are filled."""
    costs = [cost for cost in COSTS if any(row[cost.key] is not None for row in table.rows)]
    figure = Figure(figsize=(max(7, PANEL * len(costs)), 5), layout="constrained")
    colours = colours_of(row["group"] for row in table.rows)
    panels = figure.subplots(1, len(costs), sharey=True, squeeze=False)[0]
    for axes, cost in zip(panels, costs, strict=True):
        draw_panel(axes, table, cost, colours)
    panels[0].set_ylabel(f"accuracy on {table.rows[0]['split']}, %")
    figure.suptitle(
        f"{table.title}\nfilled: no other group is as good or better in everything", fontsize="medium"
    )
    named = dict(zip(*reversed(panels[0].get_legend_handles_labels()), strict=True))
    if len(named) <= MOST_IN_LEGEND:
        figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=4, fontsize="small")
    return save_figure(figure, path)


def draw_panel(axes: Axes, table: Table, cost: Cost, colours: dict[str, str]) -> None:
    """Accuracy over one cost, on a logarithmic scale where the costs lie more than a factor of 5 apart."""
    for row in table.rows:
        # A group without this value still has its place in the legend.
        x, y = ([], []) if row[cost.key] is None else ([row[cost.key]], [row["mean_percent"]])
        (dot,) = axes.plot(x, y, "o", label=row["group"], color=colours[row["group"]], markersize=9)
        dot.set_fillstyle("none" if row["beaten_by"] else "full")
    known = [row[cost.key] for row in table.rows if row[cost.key] is not None]
    wide = min(known) > 0 and max(known) / min(known) > WIDE
    axes.set(xscale="log" if wide else "linear", xlabel=cost.heading)
    if not wide:
        axes.locator_params("x", nbins=5)
        axes.xaxis.set_major_formatter(EngFormatter())
    axes.grid(alpha=0.3, which="both")
