"""The summary: a table per split with every run's best value, the earliest step that reached it, and last value."""

from collections.abc import Sequence
from typing import Any

from spatialvision.report.cells import reported_text
from spatialvision.report.conditions import check_choice
from spatialvision.report.records import Record
from spatialvision.report.table import Column, Row, Table, number, text
from spatialvision.runs.directory import row_name

SPLITS = ("test", "validation", row_name("train"), "train")
REPORTED = {"test": "reported", row_name("train"): "reported_train"}
CHOSEN_ON = {"test": "best, % (chosen on the test set)", "train": "best, % (while learning)"}


def summarise(records: Sequence[Record], splits: Sequence[str] = ()) -> list[Table]:
    """A table per split, sorted by best value, of finished and unfinished runs alike.

    Runs that have not been measured yet are listed in a last table without numbers.

    Args:
        splits: whose tables, in this order; by default all that there are.

    Raises:
        RecipeError: there is no such split.
    """
    tables = []
    for split in splits or SPLITS:
        check_choice("--split", split, SPLITS)
        rows = [summary_row(record, split) for record in records]
        measured = sorted((row for row in rows if row), key=lambda row: (-row["best_percent"], row["run"]))
        if measured:
            columns, notes = summary_columns(split, measured), summary_notes(split, measured)
            tables.append(Table(f"accuracy on {split}", columns, tuple(measured), notes))
    silent = [record for record in records if not any("accuracy" in row for row in record.rows)]
    if silent:
        rows = [{"run": str(record.path), "state": state(record)} for record in silent]
        columns = (Column("run", text("run"), right=False), Column("state", text("state"), right=False))
        tables.append(Table("not measured yet", columns, tuple(rows)))
    return tables


def summary_row(record: Record, split: str) -> Row:
    """Best, its earliest step, last; empty where the split was not measured."""
    rows = [row for row in record.rows if row["split"] == split and "accuracy" in row]
    if not rows:
        return {}
    best = max(rows, key=lambda row: (row["accuracy"], -row["step"]))
    return {
        "best_percent": 100 * best["accuracy"],
        "best_step": best["step"],
        "last_percent": 100 * rows[-1]["accuracy"],
        "last_step": rows[-1]["step"],
        "images": rows[-1].get("images"),
        "reported_percent": record.about.get(REPORTED[split]) if split in REPORTED else None,
        "reported_elsewhere": record.reported_elsewhere,
        "run": str(record.path),
        "state": state(record),
    }


def summary_columns(split: str, rows: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    """Reported numbers and states of unfinished runs get a column where there are any."""
    columns = [
        Column(CHOSEN_ON.get(split, "best, %"), number("best_percent", ".2f")),
        Column("earliest step", number("best_step", ",")),
        Column("last, %", number("last_percent", ".2f")),
    ]
    if any(row["reported_percent"] is not None for row in rows):
        columns.append(Column("reported, %", reported_text))
    columns.append(Column("run", text("run"), right=False))
    if any(row["state"] != "done" for row in rows):
        columns.append(Column("state", marked, right=False))
    return tuple(columns)


def summary_notes(split: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """Which training images were measured; nothing on other splits."""
    if split != row_name("train"):
        return ()
    counts = " or ".join(f"{count:,}" for count in sorted({row["images"] for row in rows}))
    return (f"The first {counts} training images as they are, not augmented, in evaluation mode.",)


def state(record: Record) -> str:
    """``done``, ``running``, ``stopped`` or ``failed``."""
    return str(record.status["state"])


def marked(row: Row) -> str:
    """How far an unfinished run has come; nothing for a finished one."""
    return "" if row["state"] == "done" else f"{row['state']} at step {row['last_step']:,}"
