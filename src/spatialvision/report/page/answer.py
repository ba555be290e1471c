"""The question and its answer in words, from the judge's verdicts and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from spatialvision.report.cells import p_text
from spatialvision.report.costs import COSTS, on_one_machine
from spatialvision.report.groups import Group
from spatialvision.report.table import Row, Table

MOST_NAMED = 3


@dataclass(frozen=True)
class Answer:
    """What a reader wants first.

    Attributes:
        question: what was asked.
        headline: the answer in one sentence.
        findings: a sentence a group, what is shown before what is not.
        where: what other images say.
        cost: what the most accurate group that differs from the baseline costs.
    """

    question: str
    headline: str
    findings: tuple[str, ...]
    where: tuple[str, ...] = ()
    cost: tuple[str, ...] = ()


def answer(groups: Sequence[Group], table: Table, elsewhere: Sequence[Table], costs: Table | None) -> Answer:
    """Put a comparison into words.

    Args:
        table: of the split that was asked for.
        elsewhere: the same comparison on other images.
        costs: accuracy against cost, None for a single group.
    """
    rows = list(table.rows)
    findings = tuple(finding(row, rows) for row in sorted(rows, key=rank))
    where = tuple(line for other in elsewhere for line in on_other_images(other))
    return Answer(
        question(groups, rows), headline(rows), findings, where, costs_in_words(groups, rows, costs)
    )


def question(groups: Sequence[Group], rows: Sequence[Row]) -> str:
    """The recipes' own question where they share one or one alone is judged; else one about all of them."""
    others = [row for row in rows if row["verdict"] != "baseline"]
    judged = {row["group"] for row in others} or {row["group"] for row in rows}
    asked = {group.about("question") for group in groups if group.label in judged}
    if len(asked) == 1 and (only := asked.pop()):
        return str(only)
    dataset = groups[0].fields.get("data.name", "these images")
    if not others:
        return f"How good is {rows[0]['group']} on {dataset}?"
    baseline = others[0]["baseline"]
    if len(others) <= MOST_NAMED:
        return f"On {dataset}, what {'do' if len(others) > 1 else 'does'} {listed(others)} bring over {baseline}?"
    return f"On {dataset}, which of {len(others):,} changes to {baseline} help, and by how much?"


def headline(rows: Sequence[Row]) -> str:
    """The answer in one sentence."""
    others = [row for row in rows if row["verdict"] != "baseline"]
    if not others:
        return share_right(rows[0]) + "."
    baseline = others[0]["baseline"]
    higher, lower = (
        sorted((row for row in others if row["verdict"] == word), key=rank) for word in ("higher", "lower")
    )
    if higher:
        most = f"{higher[0]['group']} helps: {points(higher[0])} more than {baseline}"
        also = f"; so {'do' if len(higher) > 2 else 'does'} {listed(higher[1:])}" if len(higher) > 1 else ""
        return f"{most}{also}."
    harm = f"; {listed(lower)} {'do' if len(lower) > 1 else 'does'} harm" if lower else ""
    if len(lower) == len(others):
        return f"No: {listed(lower)} {'are' if len(lower) > 1 else 'is'} worse than {baseline}."
    if all("one seed" in row["verdict"] for row in others):
        return "One seed cannot tell: what is known is about these very networks."
    subject = others[0]["group"] if len(others) == 1 else f"any of the {len(others):,}"
    return f"No: a gain over {baseline} is not shown for {subject}{harm}."


def finding(row: Row, rows: Sequence[Row]) -> str:
    """A group's sentence."""
    seeds = f"{row['n']} seed{'s' if row['n'] > 1 else ''}"
    if row["verdict"] == "baseline":
        role = ", the baseline," if len(rows) > 1 else ""
        return share_right(row, role) + f" ({seeds})."
    if row["verdict"] in ("higher", "lower"):
        word = "more" if row["verdict"] == "higher" else "fewer"
        evidence = f"{seeds}, {p_value(row, 'seeds_p_corrected')}"
        return f"{share_right(row)}, {points(row)} {word} than {row['baseline']} ({evidence})."
    over = "seeds" if row["seeds_p_corrected"] is not None else "images"
    p = p_value(row, f"{over}_p_corrected")
    evidence = f"{seeds}, {p}" if p else seeds
    return f"{share_right(row)}, {signed(row)} against {row['baseline']}: {row['verdict']} ({evidence})."


def share_right(row: Row, role: str = "") -> str:
    """``spatial-transformer is right on 98.90 % of the 364 test images``."""
    images = f"{row['images']:,} {row['split']} images"
    return f"{row['group']}{role} is right on {row['mean_percent']:.2f} % of the {images}"


def points(row: Row) -> str:
    """``7.51 ± 1.42 points``, without a sign."""
    return signed(row).lstrip("+-−")


def signed(row: Row) -> str:
    """``+7.51 ± 1.42 points``, the interval over seeds where they tell, else over images."""
    for over in ("seeds", "images"):
        if row[f"{over}_low_points"] is not None:
            half = (row[f"{over}_high_points"] - row[f"{over}_low_points"]) / 2
            return f"{row['difference_points']:+.2f} ± {half:.2f} points"
    return f"{row['difference_points']:+.2f} points"


def p_value(row: Row, key: str) -> str:
    """``p = 0.004`` or ``p < 0.001``; empty where there is none."""
    shown = p_text(key)(row)
    return "" if row[key] is None else f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def rank(row: Row) -> tuple[int, float]:
    """What is shown first, the largest first; the baseline last."""
    order = ("higher", "lower")
    place = (
        3 if row["verdict"] == "baseline" else order.index(row["verdict"]) if row["verdict"] in order else 2
    )
    return place, -abs(row["difference_points"] or 0.0) if place < 2 else -row["mean_percent"]


def listed(rows: Sequence[Row]) -> str:
    """``a, b and c``; beyond three their number."""
    names = [row["group"] for row in rows]
    if len(names) > MOST_NAMED:
        return f"{len(names):,} others"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def on_other_images(table: Table) -> list[str]:
    """What is shown on other images than those that were asked about."""
    split = table.rows[0]["split"]
    shown = [row for row in sorted(table.rows, key=rank) if row["verdict"] in ("higher", "lower")]
    if not shown:
        return [f"On {split}: no difference shown."]
    return [f"On {split}: {row['group']} {row['verdict']}, {signed(row)}." for row in shown[:MOST_NAMED]]


def costs_in_words(groups: Sequence[Group], rows: Sequence[Row], costs: Table | None) -> tuple[str, ...]:
    """What the group with the largest shown gain costs, as multiples of the baseline's costs."""
    gains = sorted((row for row in rows if row["verdict"] == "higher"), key=rank)
    if costs is None or not gains:
        return ()
    by_group = {row["group"]: row for row in costs.rows}
    ours, theirs = by_group[gains[0]["group"]], by_group[gains[0]["baseline"]]
    counted = [
        cost for cost in COSTS if ours[cost.key] and theirs[cost.key] and on_one_machine(list(groups), cost)
    ]
    times = [
        f"{ours[cost.key] / theirs[cost.key]:.2f} × the {cost.heading.partition(',')[0]}" for cost in counted
    ]
    return (f"{gains[0]['group']} takes {', '.join(times)} of {gains[0]['baseline']}.",) if times else ()
