"""One table for people and machines."""

import csv
import io
import json

import pytest

from spatialvision.report.printing import print_terminal, printer
from spatialvision.report.table import Column, Table, number, text

TABLE = Table(
    "two rows",
    (
        Column("name", text("name"), right=False),
        Column("score, %", number("score", ".1f")),
        Column("count", number("count", ",")),
    ),
    (
        {"name": "a|b", "score": 12.345678901234567, "count": 1000, "seeds": [0, 1]},
        {"name": "[red]c", "score": None, "count": 2, "seeds": []},
    ),
    ("a note | here",),
)


def test_markdown_is_what_people_read() -> None:
    assert TABLE.markdown() == (
        "## two rows\n\n"
        "| name | score, % | count |\n"
        "| --- | ---: | ---: |\n"
        "| a\\|b | 12.3 | 1,000 |\n"
        "| [red]c | – | 2 |\n\n"
        "- a note \\| here\n"
    )


def test_csv_and_json_hold_the_same_values_in_full() -> None:
    document = json.loads(TABLE.json())
    assert document == {"title": "two rows", "rows": list(TABLE.rows), "notes": ["a note | here"]}
    first, second = csv.DictReader(io.StringIO(TABLE.csv()))
    assert first == {"name": "a|b", "score": "12.345678901234567", "count": "1000", "seeds": "0 1"}
    assert second == {"name": "[red]c", "score": "", "count": "2", "seeds": ""}


def test_the_terminal_shows_all_cells_and_notes(capsys: pytest.CaptureFixture[str]) -> None:
    print_terminal(TABLE)
    printed = capsys.readouterr().out
    assert all(cell in printed for line in TABLE.cells() for cell in line)
    assert "two rows" in printed
    assert "a note | here" in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize("form", ["markdown", "csv", "json"])
def test_a_format_prints_the_text_and_nothing_else(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    printer(form)(TABLE)
    assert capsys.readouterr().out == getattr(TABLE, form)()
