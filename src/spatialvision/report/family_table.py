"""A family's table as papers print it: models down, data sets across, in each cell the error in percent."""

from collections.abc import Sequence
from typing import Any

from spatialvision.report.cells import difference_text, mean_text, p_text
from spatialvision.report.comparison import comparison_row, family
from spatialvision.report.differences import harmless_differences
from spatialvision.report.explanations import circumstances, explanations
from spatialvision.report.family_cells import FamilyCell, FamilyGrid
from spatialvision.report.groups import Group
from spatialvision.report.judgement import Judgement, corrected, judge
from spatialvision.report.records import as_text
from spatialvision.report.table import MISSING, Column, Row, Table, number, text

TURNED_ROUND = {"higher": "fewer errors", "lower": "more errors"}
MARKS = {"fewer errors": " ↓", "more errors": " ↑"}


def verdict_table(
    grid: FamilyGrid, split: str, left_out: Sequence[str] = (), differences: Sequence[str] = ()
) -> Table:
    """A row a cell: error, difference to the baseline's row in the same column, verdict, the paper's number.

    Args:
        left_out: lines on runs that are not in the grid.
        differences: lines on what makes numbers of one column incomparable and is allowed all the same.
    """
    judgements = [judge_cell(grid, cell, split) for cell in grid.cells]
    rows = tuple(
        cell_row(grid, cell, split, judgement, corrected_p)
        for cell, judgement, corrected_p in zip(grid.cells, judgements, corrected(judgements), strict=True)
    )
    warned = [f"Not on the same terms: {line}" for line in differences]
    return Table(title(grid, split), VERDICT_COLUMNS, rows, (*warned, *notes(grid, rows, split, left_out)))


def judge_cell(grid: FamilyGrid, cell: FamilyCell, split: str) -> Judgement | None:
    """The cell against the baseline's in its column; None for that one itself, and where there is none."""
    reference = grid.find(grid.baseline, cell.column)
    return judge(cell.group, reference.group, split) if reference and cell is not reference else None


def cell_row(
    grid: FamilyGrid,
    cell: FamilyCell,
    split: str,
    judgement: Judgement | None,
    corrected_p: tuple[float | None, float | None],
) -> Row:
    """A cell's plain values: errors in percent, differences of errors in percentage points."""
    reference = grid.find(grid.baseline, cell.column)
    compared = comparison_row(cell.group, (reference or cell).group, split, judgement, corrected_p)
    if reference is None:
        compared |= {"baseline": None, "verdict": f"no {grid.baseline} to compare with"}
    return {"row": cell.row, "column": cell.column, **in_errors(compared)}


def in_errors(row: Row) -> Row:
    """A comparison's row with errors in place of accuracies: percentages from 100, differences turned round."""
    flipped = {**row, "mean_percent": 100 - row["mean_percent"]}
    flipped["errors_percent"] = [100 - value for value in flipped.pop("accuracies_percent")]
    for low, high in (
        ("lowest_percent", "highest_percent"),
        ("interval_low_percent", "interval_high_percent"),
    ):
        flipped |= {low: from_hundred(row[high]), high: from_hundred(row[low])}
    for kind in ("seeds", "images"):
        low, high = f"{kind}_low_points", f"{kind}_high_points"
        flipped |= {low: negative(row[high]), high: negative(row[low])}
    flipped["difference_points"] = negative(row["difference_points"])
    flipped["reported_percent"] = from_hundred(row["reported_percent"])
    opening, between, last = row["verdict"].rpartition(": ")
    return {**flipped, "verdict": opening + between + TURNED_ROUND.get(last, last)}


def from_hundred(percent: float | None) -> float | None:
    """The rest to 100, free of what subtraction adds in the last digits; None stays None."""
    return None if percent is None else round(100 - percent, 10)


def negative(points: float | None) -> float | None:
    """The number with the other sign; None stays None."""
    return None if points is None else -points


def family_table(grid: FamilyGrid, verdicts: Table) -> Table:
    """The table in the paper's form, from the cells of `verdict_table`."""
    by_place = {(row["row"], row["column"]): row for row in verdicts.rows}
    rows = tuple(
        {"row": name}
        | {
            key: value
            for column in grid.columns
            for key, value in part(by_place.get((name, column)), column).items()
        }
        for name in grid.rows
    )
    columns = [Column(column, cell_text(by_place, column)) for column in grid.columns]
    reading = "In each cell: error ± half of its 95 % interval (seeds)"
    lines = [f"{reading}, and the paper's number." if any_reported(verdicts.rows) else f"{reading}."]
    if any(mark(row) for row in verdicts.rows):
        lines.append(f"↓ fewer, ↑ more errors than {grid.baseline} in the same column; without: not shown.")
    return Table(
        verdicts.title, (Column("", text("row"), right=False), *columns), rows, (*lines, *verdicts.notes)
    )


def part(values: Row | None, column: str) -> Row:
    """What a row of the table holds of one column; None throughout where there is no finished run."""
    known = values or {}
    kept = (
        "mean_percent",
        "interval_low_percent",
        "interval_high_percent",
        "n",
        "verdict",
        "reported_percent",
    )
    return {f"{column}_{key}": known.get(key) for key in kept}


def cell_text(by_place: dict[tuple[str, str], Row], column: str) -> Any:
    """A cell such as ``0.71 ± 0.05 (3) ↓, paper 0.7``."""

    def cell(row: Row) -> str:
        values = by_place.get((row["row"], column))
        if values is None:
            return MISSING
        shown = f"{mean_text(values).splitlines()[0]} ({values['n']}){mark(values)}"
        return shown if values["reported_percent"] is None else f"{shown}, {reported(values)}"

    return cell


def reported(row: Row) -> str:
    """``paper 0.7``, with its dataset where that is not the run's."""
    if row["reported_percent"] is None:
        return MISSING
    where = f" ({row['reported_elsewhere']})" if row["reported_elsewhere"] else ""
    return f"paper {row['reported_percent']:g}{where}"


def mark(row: Row) -> str:
    """An arrow where a difference over seeds is shown."""
    return MARKS.get(row["verdict"], "")


def any_reported(rows: Sequence[Row]) -> bool:
    """Whether a published number stands anywhere."""
    return any(row["reported_percent"] is not None for row in rows)


def title(grid: FamilyGrid, split: str) -> str:
    """``distorted: error in % on test, mnist, 150,000 steps, 3 seeds``."""
    groups = [cell.group for cell in grid.cells]
    data = either(as_text(group.fields.get("data.name")) for group in groups)
    counts = either(sorted({len(group.records) for group in groups}))
    seeds = "1 seed" if counts == "1" else f"{counts} seeds"
    return f"{family(groups)}error in % on {split}, {data}, {either(map(length, groups))}, {seeds}"


def length(group: Group) -> str:
    """How long the group's runs trained, as their recipe says it."""
    for unit in ("steps", "epochs"):
        if (value := group.fields.get(unit)) is not None:
            return f"{value:,g} {unit}"
    return "unknown length"


def either(values: Any) -> str:
    """The different values, in the order in which they come."""
    return " or ".join(dict.fromkeys(map(str, values)))


def notes(grid: FamilyGrid, rows: Sequence[Row], split: str, left_out: Sequence[str]) -> tuple[str, ...]:
    """What a reader must know to read either table right."""
    groups: list[Group] = [cell.group for cell in grid.cells]
    lines = [
        f"Final weights of each run, {split} images.",
        *explanations(rows, f"{grid.baseline} in the same column"),
    ]
    lines += [f"{row['row']}, {row['column']}: {row['seeds_note']}" for row in rows if row["seeds_note"]]
    said = [group.about("reported_note") for group in groups] if any_reported(rows) else []
    lines += [f"Paper: {note}." for note in dict.fromkeys(said) if note]
    elsewhere = dict.fromkeys(
        row["reported_elsewhere"] for row in rows if row["reported_percent"] is not None
    )
    lines += [f"The paper's numbers are on {name}, these runs are not." for name in elsewhere if name]
    lines += [f"Trained with {made}." for made in dict.fromkeys(circumstances(groups))]
    lines += [f"Differs, without harm: {line}" for line in harmless_differences(groups)]
    return (*lines, *(f"Left out: {line}" for line in left_out))


VERDICT_COLUMNS = (
    Column("row", text("row"), right=False),
    Column("column", text("column"), right=False),
    Column("seeds", text("n")),
    Column("error, %", mean_text),
    Column("difference,\npoints", difference_text),
    Column("p,\nseeds", p_text("seeds_p_corrected")),
    Column("p,\nimages", p_text("images_p_corrected")),
    Column("verdict", text("verdict"), right=False),
    Column("paper, %", number("reported_percent", "g")),
)
