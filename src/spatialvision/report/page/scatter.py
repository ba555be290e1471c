"""Accuracy against cost: a chart a kind of cost, a dot a group."""

from collections.abc import Mapping

from spatialvision.report.costs import COSTS, Cost
from spatialvision.report.page.chart import Chart, Charts, Trace, axis, rounded
from spatialvision.report.page.texts import chart_text, readable
from spatialvision.report.pareto_chart import WIDE
from spatialvision.report.table import Row, Table


def cost_charts(table: Table, colours: Mapping[str, str]) -> Charts:
    """The charts of an accuracy-against-cost table; filled dots are groups that nothing dominates."""
    costs = [cost for cost in COSTS if any(row[cost.key] is not None for row in table.rows)]
    filled = "Filled: no other group is as good or better in everything; rings: some group is."
    charts = tuple(cost_chart(table, cost, colours) for cost in costs)
    return Charts("Accuracy against cost", charts, (filled,), table=table)


def cost_chart(table: Table, cost: Cost, colours: Mapping[str, str]) -> Chart:
    """Accuracy over one cost, on a logarithmic scale where the costs lie more than a factor of 5 apart."""
    known = [row for row in table.rows if row[cost.key] is not None]
    values = [row[cost.key] for row in known]
    logarithmic = min(values) > 0 and max(values) / min(values) > WIDE
    traces = [cost_trace(row, cost, colours[row["group"]]) for row in known]
    layout = {
        "xaxis": {**axis(cost.heading), "type": "log" if logarithmic else "linear"},
        "yaxis": axis(f"accuracy on {table.rows[0]['split']}, %"),
        "hovermode": "closest",
    }
    return Chart(f"over {cost.heading}", {"": traces}, layout)


def cost_trace(row: Row, cost: Cost, colour: str) -> Trace:
    """A group's dot."""
    return {
        "type": "scatter", "mode": "markers", "name": chart_text(row["group"]), "legendgroup": readable(row["group"]),
        "showlegend": False, "x": rounded([row[cost.key]]), "y": rounded([row["mean_percent"]]),
        "marker": {"color": colour, "size": 13, "symbol": "circle-open" if row["beaten_by"] else "circle",
                   "line": {"width": 3, "color": colour}},
        "hovertemplate": f"%{{y:.2f}} %, {cost.heading} %{{x:,.5g}}<extra>%{{fullData.name}}</extra>",
    }  # fmt: skip
