"""One table for people and machines: the terminal, Markdown, CSV and JSON show the same rows."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Group

Row = dict[str, Any]
MISSING = "–"


@dataclass(frozen=True)
class Column:
    """What people see of a row.

    Attributes:
        text: makes the cell of a row; what it returns for people may be rounded or put together.
        right: whether the column is aligned to the right, as numbers are.
    """

    heading: str
    text: Callable[[Row], str]
    right: bool = True


@dataclass(frozen=True)
class Table:
    """Rows of plain values, the columns in which people read them, and notes below.

    Attributes:
        rows: all with the same keys; values are texts, numbers, None, or lists of those. CSV and JSON hold
            them in full precision.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def cells(self) -> list[list[str]]:
        """The texts that people see, row by row."""
        return [[column.text(row) for column in self.columns] for row in self.rows]

    def markdown(self) -> str:
        """A heading, the table, and the notes as a list."""
        lines = [[column.heading for column in self.columns]]
        lines += [["---:" if column.right else "---" for column in self.columns], *self.cells()]
        table = "\n".join("| " + " | ".join(escape(cell) for cell in line) + " |" for line in lines)
        notes = "\n".join(f"- {escape(note)}" for note in self.notes)
        return "\n\n".join(part for part in (f"## {self.title}", table, notes) if part) + "\n"

    def csv(self) -> str:
        """A line of keys and a line a row; lists are joined by spaces, None is empty."""
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, list(self.rows[0]) if self.rows else [], lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            joined = {
                key: " ".join(map(str, value)) if isinstance(value, list) else value
                for key, value in row.items()
            }
            writer.writerow(joined)
        return buffer.getvalue()

    def json(self) -> str:
        """``title``, ``rows`` and ``notes``."""
        document = {"title": self.title, "rows": self.rows, "notes": self.notes}
        return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n"

    def terminal(self) -> "Group":
        """What rich's console prints."""
        from rich import box
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text

        title = Text(self.title, "bold")
        table = RichTable(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for column in self.columns:
            table.add_column(
                Text(column.heading),
                justify="right" if column.right else "left",
                overflow="fold",
                no_wrap=column.right,  # a number is read as one; where room is short, words give way
            )
        for line in self.cells():
            table.add_row(*map(Text, line))
        return Group(table, *(Text(note) for note in self.notes))


def escape(text: str) -> str:
    """Text that may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def number(key: str, form: str) -> Callable[[Row], str]:
    """A cell with the value of that key, formatted; a dash where there is none."""
    return lambda row: MISSING if row[key] is None else format(row[key], form)


def text(key: str) -> Callable[[Row], str]:
    """A cell with the value of that key as it is; a dash where there is none."""
    return lambda row: MISSING if row[key] is None else str(row[key])
