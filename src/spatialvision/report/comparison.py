"""The table of a comparison: groups over their seeds, against a baseline."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion
from spatialvision.report.angles import angle_note, group_correlations
from spatialvision.report.groups import Group, group_records, one_run_a_seed
from spatialvision.report.records import Record
from spatialvision.report.table import MISSING, Column, Row, Table, number, text


def comparable(records: Sequence[Record], split: str) -> tuple[list[Group], list[str]]:
    """Groups of finished runs with results on the split, one run a seed; and a line on every run left out.

    Raises:
        RecipeError: no run is left.
    """
    left_out, kept = [], []
    for record in records:
        if not record.done:
            left_out.append(f"{record.path}: {record.status['state']} ({record.status['reason']})")
        elif split not in record.results.get("splits", {}):
            left_out.append(f"{record.path}: not evaluated on {split}")
        else:
            kept.append(record)
    groups = []
    for group in group_records(kept):
        single, repeated = one_run_a_seed(group)
        groups.append(single)
        left_out += [f"{record.path}: repeats seed {record.seed} of {group.label}" for record in repeated]
    if not groups:
        listed = "\n".join(f"  {line}" for line in left_out)
        raise RecipeError(f"no finished run with results on {split!r}:\n{listed}")
    return groups, left_out


def choose_baseline(groups: Sequence[Group], name: str | None) -> Group:
    """The group of that label or recipe, by default the first.

    Raises:
        RecipeError: no group, or more than one, of that name.
    """
    if name is None:
        return groups[0]
    found = [group for group in groups if group.label == name]
    found = found or [group for group in groups if name in (group.recipe, group.recipe.partition("/")[2])]
    if len(found) > 1:
        labels = ", ".join(repr(group.label) for group in found)
        raise RecipeError(f"--baseline {name}: expected one group, this names several: {labels}")
    if not found:
        hint = suggestion(name, [group.label for group in groups])
        raise RecipeError(f"--baseline {name}: no group of that name{hint}")
    return found[0]


def comparison_table(groups: Sequence[Group], baseline: Group, split: str, left_out: Sequence[str]) -> Table:
    """A row a group: seeds, accuracy, difference to the baseline with its verdict, size, time, reported."""
    rows = tuple(comparison_row(group, baseline, split) for group in groups)
    return Table(
        f"{family(groups)}accuracy on {split}, {rows[0]['images']:,} images",
        columns(any(row["reported_percent"] is not None for row in rows)),
        rows,
        notes(groups, baseline, rows, split, left_out),
    )


def comparison_row(group: Group, baseline: Group, split: str) -> Row:
    """The group's plain values; percentages in percent, differences in percentage points."""
    accuracies = [record.accuracy(split) for record in group.records]
    reference = [record.accuracy(split) for record in baseline.records]
    results = [record.results for record in group.records]
    is_baseline = group is baseline
    return {
        "group": group.label,
        "recipe": group.recipe,
        "split": split,
        "images": results[0]["splits"][split]["images"],
        "n": len(accuracies),
        "seeds": [record.seed for record in group.records],
        "accuracies_percent": accuracies,
        "mean_percent": fmean(accuracies),
        "lowest_percent": min(accuracies),
        "highest_percent": max(accuracies),
        "baseline": baseline.label,
        "difference_points": None if is_baseline else fmean(accuracies) - fmean(reference),
        "verdict": "baseline" if is_baseline else verdict(accuracies, reference),
        "parameters": results[0]["parameters"],
        "train_seconds": fmean(result["train_seconds"] for result in results),
        "reported_percent": group.about("reported") if split == "test" else None,
        "reported_elsewhere": group.records[0].reported_elsewhere,
        "theta_angle_correlations": group_correlations(group, split),
    }


def verdict(ours: Sequence[float], baseline: Sequence[float]) -> str:
    """What the seeds show: "higher" or "lower" only where every seed of one beats every seed of the other."""
    if len(ours) == 1 or len(baseline) == 1:
        return "one seed" if len(ours) == 1 else "one seed of the baseline"
    if min(ours) > max(baseline):
        return "higher"
    return "lower" if max(ours) < min(baseline) else "no difference shown"


def columns(reported: bool) -> tuple[Column, ...]:
    """What people see."""
    shown = (
        Column("group", text("group"), right=False),
        Column("seeds", text("n")),
        Column("mean, %", number("mean_percent", ".2f")),
        Column("min–max, %", span),
        Column("difference, points", number("difference_points", "+.2f")),
        Column("verdict", text("verdict"), right=False),
        Column("parameters", number("parameters", ",")),
        Column("training, s", number("train_seconds", ".1f")),
    )
    return (*shown, Column("reported, %", reported_text)) if reported else shown


def reported_text(row: Row) -> str:
    """The published number, with its dataset where that is not the run's."""
    where = row["reported_elsewhere"]
    shown = number("reported_percent", ".2f")(row)
    return f"{shown} ({where})" if where and row["reported_percent"] is not None else shown


def span(row: Row) -> str:
    """Lowest to highest seed, a dash for a single one."""
    return MISSING if row["n"] == 1 else f"{row['lowest_percent']:.2f}–{row['highest_percent']:.2f}"


def notes(
    groups: Sequence[Group], baseline: Group, rows: Sequence[Row], split: str, left_out: Sequence[str]
) -> tuple[str, ...]:
    """What a reader must know to read the table right."""
    lines = [
        f"Final weights of each run, {split} images; difference of the means to {baseline.label}. "
        "No difference shown: the ranges over the seeds overlap."
    ]
    for row in rows:
        if row["theta_angle_correlations"]:
            lines.append(angle_note(row["group"], row["theta_angle_correlations"]))
    reported = [(row["reported_percent"], group) for row, group in zip(rows, groups, strict=True)]
    said = [group.about("reported_note") for value, group in reported if value is not None]
    lines += [f"Reported: {note}." for note in dict.fromkeys(said) if note]
    lines += [f"Trained with {made}." for made in dict.fromkeys(circumstances(groups))]
    return (*lines, *(f"Left out: {line}" for line in left_out))


def circumstances(groups: Sequence[Group]) -> list[str]:
    """Commit, PyTorch and hardware of every run that wrote them down."""
    found: list[dict[str, Any]] = [record.environment for group in groups for record in group.records]
    return [
        f"commit {short_commit(each['commit'])}, PyTorch {each['packages']['torch']}, "
        f"{each['gpu'] or each['processor']}, {each['threads']} threads"
        for each in found
        if each
    ]


def short_commit(commit: str | None) -> str:
    """The first 12 digits, and whether there were changes on top."""
    digits, plus, changed = (commit or "unknown").partition("+")
    return f"{digits[:12]}{plus}{changed}"


def family(groups: Sequence[Group]) -> str:
    """``quickstart: `` where all recipes are of one family."""
    names = {group.recipe.partition("/")[0] for group in groups}
    return f"{names.pop()}: " if len(names) == 1 else ""
