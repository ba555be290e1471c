"""Where each recipe stands in its family's table: ``about.row`` and ``about.column``."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion
from spatialvision.report.groups import Group
from spatialvision.report.records import Record


@dataclass(frozen=True)
class FamilyCell:
    """A group of runs and the row and column that its recipe names."""

    row: str
    column: str
    group: Group


@dataclass(frozen=True)
class FamilyGrid:
    """The cells of a family's table, row by row.

    Attributes:
        rows, columns: in the order in which the runs first name them.
        baseline: the row that the others are judged against.
        cells: at most one for each row and column.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    baseline: str
    cells: tuple[FamilyCell, ...]

    def find(self, row: str, column: str) -> FamilyCell | None:
        """The cell in that place, None where there is no finished run."""
        return next((cell for cell in self.cells if (cell.row, cell.column) == (row, column)), None)


def arrange(groups: Sequence[Group], records: Sequence[Record], baseline: str | None) -> FamilyGrid:
    """Put the groups into rows and columns.

    Args:
        records: in the order that rows and columns are to have.
        baseline: a row's name; by default the first row.

    Raises:
        RecipeError: a recipe has no place in a table, two groups have the same, or there is no such row.
    """
    cells = [FamilyCell(*place(group), group) for group in groups]
    refuse_homeless(cells)
    refuse_crowded(cells)
    rows, columns = (
        in_order([str(record.about.get(name)) for record in records], {getattr(cell, name) for cell in cells})
        for name in ("row", "column")
    )
    if baseline is not None and baseline not in rows:
        raise RecipeError(f"--baseline {baseline}: no row of that name{suggestion(baseline, rows)}")
    cells.sort(key=lambda cell: (rows.index(cell.row), columns.index(cell.column)))
    return FamilyGrid(rows, columns, baseline or rows[0], tuple(cells))


def place(group: Group) -> tuple[str, str]:
    """Row and column of the group's recipe, empty where it names none."""
    return str(group.about("row") or ""), str(group.about("column") or "")


def in_order(named: Sequence[str], wanted: set[str]) -> tuple[str, ...]:
    """The names that are wanted, each once, in the order in which they first come."""
    return tuple(name for name in dict.fromkeys(named) if name in wanted)


def refuse_homeless(cells: Sequence[FamilyCell]) -> None:
    """Stop where a recipe says neither its row nor its column, or only one of them.

    Raises:
        RecipeError: names the recipes.
    """
    found = dict.fromkeys(cell.group.recipe for cell in cells if not (cell.row and cell.column))
    if found:
        raise RecipeError(
            f"no place in a table: {', '.join(found)}; expected recipes that say about.row and about.column. "
            "'spatialvision compare' takes runs of any recipe"
        )


def refuse_crowded(cells: Sequence[FamilyCell]) -> None:
    """Stop where two groups stand in one place.

    Raises:
        RecipeError: names them.
    """
    labels: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in cells:
        labels[cell.row, cell.column].append(cell.group.label)
    lines = [
        f"  row {row!r}, column {column!r}: {', '.join(found)}"
        for (row, column), found in labels.items()
        if len(found) > 1
    ]
    if lines:
        listed = "\n".join(lines)
        raise RecipeError(
            f"several groups for one cell of the table:\n{listed}\nchoose among the runs, such as with "
            "data.name=mnist or steps=1500"
        )
