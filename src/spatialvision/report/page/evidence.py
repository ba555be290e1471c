"""How sure the answer is, what the gain costs, and what other images say."""

from collections.abc import Sequence
from statistics import fmean

from spatialvision.report.costs import COSTS, on_one_machine
from spatialvision.report.groups import Group
from spatialvision.report.page.words import MOST_NAMED, rank, signed
from spatialvision.report.table import Row, Table
from spatialvision.report.warp_curves import documents

COST_WORDS = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds",
    "latency_ms": "time for an image",
    "train_seconds": "training time",
}


def certainty(rows: Sequence[Row]) -> list[str]:
    """Where no gain is shown: how large one could be and stay unseen."""
    known = [row for row in rows if row["seeds_low_points"] is not None]
    if not known or any(row["verdict"] == "higher" for row in rows):
        return []
    halves = sorted((row["seeds_high_points"] - row["seeds_low_points"]) / 2 for row in known)
    span = f"± {halves[0]:.2f} to ± {halves[-1]:.2f}" if len(halves) > 1 else f"± {halves[0]:.2f}"
    return [f"How sure is that? The differences are known to within {span} points (95 % over seeds)."]


def costs_in_words(groups: Sequence[Group], rows: Sequence[Row], costs: Table | None) -> list[str]:
    """What the group with the largest shown gain costs, as multiples of the baseline's costs."""
    gains = sorted((row for row in rows if row["verdict"] == "higher"), key=rank)
    if costs is None or not gains:
        return []
    by_group = {row["group"]: row for row in costs.rows}
    ours, theirs = by_group[gains[0]["group"]], by_group[gains[0]["baseline"]]
    known = [cost for cost in COSTS if ours[cost.key] and theirs[cost.key]]
    times = [
        f"{ours[cost.key] / theirs[cost.key]:.2f} × the {COST_WORDS[cost.key]}"
        for cost in known
        if on_one_machine(list(groups), cost)
    ]
    return [f"{gains[0]['group']} takes {', '.join(times)} of {gains[0]['baseline']}."] if times else []


def on_other_images(table: Table) -> list[str]:
    """What is shown on other images than those that were asked about."""
    split = table.rows[0]["split"]
    shown = [row for row in sorted(table.rows, key=rank) if row["verdict"] in ("higher", "lower")]
    if not shown:
        return [f"On {split}: no difference shown."]
    return [f"On {split}: {row['group']} is {row['verdict']}, {signed(row)}." for row in shown[:MOST_NAMED]]


def under_attack(groups: Sequence[Group], rows: Sequence[Row], split: str) -> list[str]:
    """What is left of the accuracy under the worst of ten turns and shifts, where that was measured."""
    left = {}
    for group in groups:
        if files := documents(group, split, "robustness"):
            left[group.label] = 100 * fmean(file["engstrom"]["worst_of_10"]["accuracy"] for file in files)
    ordered = [row["group"] for row in sorted(rows, key=rank) if row["group"] in left]
    named = dict.fromkeys([*ordered[:MOST_NAMED], *ordered[-1:]])
    told = ", ".join(f"{label} {left[label]:.2f} %" for label in named)
    return [f"Right under the worst of ten turns and shifts of each image: {told}."] if told else []
