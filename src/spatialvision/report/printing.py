"""Tables on standard output, in the format that was asked for."""

import sys
from collections.abc import Callable

from spatialvision.errors import RecipeError
from spatialvision.registry import suggestion
from spatialvision.report.table import Table

WIDTH_OF_FILES = 160


def print_terminal(table: Table) -> None:
    """For people, as wide as the terminal is; where there is none, wide enough for every column."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_FILES
    console.print(table.terminal())


FORMATS: dict[str, Callable[[Table], object]] = {
    "terminal": print_terminal,
    "markdown": lambda table: sys.stdout.write(table.markdown()),
    "csv": lambda table: sys.stdout.write(table.csv()),
    "json": lambda table: sys.stdout.write(table.json()),
}


def printer(name: str) -> Callable[[Table], object]:
    """What prints a table in the format of that name.

    Raises:
        RecipeError: no such format, with the nearest one.
    """
    if name not in FORMATS:
        raise RecipeError(f"--format: unknown format {name!r}{suggestion(name, FORMATS)}")
    return FORMATS[name]
