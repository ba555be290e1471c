"""The question and its answer in words, from the judge's verdicts and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from spatialvision.report.groups import Group
from spatialvision.report.page.evidence import certainty, costs_in_words, on_other_images, under_attack
from spatialvision.report.page.words import MOST_NAMED, listed, p_value, points, rank, share_right, signed
from spatialvision.report.table import Row, Table


@dataclass(frozen=True)
class Answer:
    """What a reader wants first.

    Attributes:
        question: what was asked.
        headline: the answer in one sentence.
        more: how sure that is, what it costs, and what other images say.
        findings: a sentence a group, what is shown before what is not.
    """

    question: str
    headline: str
    more: tuple[str, ...]
    findings: tuple[str, ...]


def answer(groups: Sequence[Group], table: Table, elsewhere: Sequence[Table], costs: Table | None) -> Answer:
    """Put a comparison into words.

    Args:
        table: of the split that was asked for.
        elsewhere: the same comparison on other images.
        costs: accuracy against cost, None for a single group.
    """
    rows = list(table.rows)
    findings = tuple(finding(row, rows) for row in sorted(rows, key=rank))
    where = [line for other in elsewhere for line in on_other_images(other)]
    more = (
        *certainty(rows),
        *costs_in_words(groups, rows, costs),
        *where,
        *under_attack(groups, rows, rows[0]["split"]),
    )
    return Answer(question(groups, rows), headline(rows), more, findings)


def question(groups: Sequence[Group], rows: Sequence[Row]) -> str:
    """The recipe's own question where one alone is judged or described; else one about all of them."""
    others = [row for row in rows if row["verdict"] != "baseline"]
    judged = {row["group"] for row in others or rows}
    asked = [group.about("question") for group in groups if group.label in judged]
    if len(asked) == 1 and asked[0]:
        return str(asked[0])
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
    subject = f"{others[0]['group']} is not" if len(others) == 1 else f"None of the {len(others):,} is"
    return f"{subject} shown to help over {baseline}{harm}."


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
