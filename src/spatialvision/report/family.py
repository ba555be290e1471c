"""A family's table: find its runs, judge its rows, and write tables and picture."""

from collections.abc import Sequence
from pathlib import Path

from spatialvision.report.compare import default_folder, write_table
from spatialvision.report.conditions import choose, split_conditions
from spatialvision.report.differences import refuse, refused_differences
from spatialvision.report.family_cells import FamilyGrid, arrange
from spatialvision.report.family_chart import draw_family
from spatialvision.report.family_table import family_table, verdict_table
from spatialvision.report.records import Record, find_records
from spatialvision.report.selection import comparable
from spatialvision.report.table import Table


def tabulate(
    arguments: Sequence[str],
    runs_dir: Path,
    *,
    split: str = "test",
    baseline: str | None = None,
    out: Path | None = None,
    allow_differences: bool = False,
) -> tuple[list[Table], list[Path]]:
    """Put runs into the rows and columns that their recipes name.

    Args:
        arguments: run directories, or folders that hold some, and conditions such as ``steps=1500`` that choose
            among their runs. Rows and columns come in the order in which the places first have them, inside a
            folder in the order of the paths.
        baseline: the row that the others are judged against, column by column; by default the first.
        out: where to write; by default ``table`` inside the one folder that was named, else here.
        allow_differences: whether runs of one column under different terms are compared, or refused.

    Returns:
        The table and the verdicts; and the paths of what was written: ``table`` and ``verdicts``, each ``.md``,
        ``.csv`` and ``.json``, and ``table.png``.

    Raises:
        RecipeError: no such runs, a recipe without a place in the table, two groups for one cell, no such
            baseline, or numbers of one column measured on different terms.
        DataError: the predictions of a run are damaged.
        StorageError: the disk is full, or the folder read-only.
    """
    places, conditions = split_conditions(arguments)
    records = choose(records_in_order(places, runs_dir), conditions)
    groups, left_out = comparable(records, split)
    grid = arrange(groups, records, baseline)
    differences = differences_by_column(grid, split)
    if not allow_differences:
        refuse(differences, split)
    verdicts = verdict_table(grid, split, left_out, differences)
    table, folder = family_table(grid, verdicts), out or default_folder(places, runs_dir).with_name("table")
    written = [*write_table(table, folder / "table"), *write_table(verdicts, folder / "verdicts")]
    return [table, verdicts], [*written, draw_family(grid, verdicts, folder / "table.png")]


def records_in_order(places: Sequence[str], runs_dir: Path) -> list[Record]:
    """The runs of one place after the other, each once."""
    found = [record for place in places or [str(runs_dir)] for record in find_records([place], runs_dir)]
    return list({record.path.resolve(): record for record in found}.values())


def differences_by_column(grid: FamilyGrid, split: str) -> list[str]:
    """What makes numbers of one column incomparable; columns are about different images and may differ."""
    lines = []
    for column in grid.columns:
        groups = [cell.group for cell in grid.cells if cell.column == column]
        lines += [f"{column}: {line}" for line in refused_differences(groups, split)]
    return lines
