"""Accuracy against cost: which groups no other group beats in everything."""

from collections.abc import Sequence

import numpy as np

from spatialvision.report.costs import COSTS, Cost, group_cost, on_one_machine
from spatialvision.report.groups import Group
from spatialvision.report.table import MISSING, Column, Row, Table, number, text


def pareto_table(groups: Sequence[Group], comparison: Table) -> Table:
    """A row a group of a comparison: mean accuracy, what it costs, and which group is better in everything.

    A cost counts where it is known of all groups and was measured under the same conditions.
    """
    costs = {cost: [group_cost(group, cost) for group in groups] for cost in COSTS}
    shown = [cost for cost, values in costs.items() if any(value is not None for value in values)]
    counted = [cost for cost in shown if None not in costs[cost] and on_one_machine(list(groups), cost)]
    rows = [
        {
            **{key: judged[key] for key in ("group", "recipe", "split", "n", "mean_percent")},
            **{cost.key: costs[cost][place] for cost in COSTS},
        }
        for place, judged in enumerate(comparison.rows)
    ]
    marked = tuple(
        {**row, "beaten_by": name} for row, name in zip(rows, beaten_by(rows, counted), strict=True)
    )
    return Table(
        comparison.title.replace("accuracy", "accuracy against cost", 1),
        columns(shown),
        marked,
        notes(shown, counted),
    )


def beaten_by(rows: Sequence[Row], counted: Sequence[Cost]) -> list[str | None]:
    """For each row the most accurate of those that are no worse in anything and better in something."""
    values = np.array([[row["mean_percent"], *(-row[cost.key] for cost in counted)] for row in rows])
    order = np.argsort(-values[:, 0], kind="stable")
    by_accuracy, found = values[order], []
    for own in values:
        better = (by_accuracy >= own).all(axis=1) & (by_accuracy > own).any(axis=1)
        found.append(rows[order[better.argmax()]]["group"] if better.any() else None)
    return found


def columns(shown: Sequence[Cost]) -> tuple[Column, ...]:
    """What people see: the mark of those that nothing beats is a dot."""
    return (
        Column("group", text("group"), right=False),
        Column("seeds", text("n")),
        Column("mean, %", number("mean_percent", ".2f")),
        *(Column(cost.heading, number(cost.key, cost.form)) for cost in shown),
        Column("not\ndominated", lambda row: MISSING if row["beaten_by"] else "●", right=False),
        Column("beaten by", text("beaten_by"), right=False),
    )


def notes(shown: Sequence[Cost], counted: Sequence[Cost]) -> tuple[str, ...]:
    """What was compared, and which costs could not be."""
    names = ", ".join(["accuracy", *(cost.heading for cost in counted)])
    left_out = [cost.heading for cost in shown if cost not in counted]
    lines = [
        f"●: no other group is as good or better in all of: {names}. By the means alone, which may differ by chance."
    ]
    if left_out:
        lines.append(
            f"Not compared, as not known of all groups or not on the same machine: {', '.join(left_out)}."
        )
    return tuple(lines)
