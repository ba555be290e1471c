"""What people see of a comparison."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from spatialvision.report.cells import p_text
from spatialvision.report.comparison import comparison_table
from spatialvision.report.records import find_records
from spatialvision.report.selection import comparable
from spatialvision.report.table import Table


@pytest.fixture
def table_of(runs_dir: Path) -> Callable[[], Table]:
    """The table of all runs made so far, the first group its baseline."""

    def make() -> Table:
        groups, left_out = comparable(find_records([], runs_dir), "test")
        return comparison_table(groups, groups[0], "test", left_out)

    return make


def headings(table: Table) -> list[str]:
    return [column.heading.replace("\n", " ") for column in table.columns]


def test_seeds_and_single_runs_side_by_side(answered_run: Callable, table_of: Callable) -> None:
    about = {"reported": 91.5, "reported_note": "one run"}
    for seed, right in enumerate((90, 92)):
        answered_run("made/a", seed, np.arange(100) < right, about=about)
        answered_run("made/b", seed, np.arange(100) < right - 9)
    answered_run("made/c", 0, np.arange(100) < 80)
    table = table_of()
    assert headings(table) == [
        "group", "seeds", "mean, %", "min–max, %", "difference, points", "p, seeds", "p, images", "verdict",
        "reported, %",
    ]  # fmt: skip
    a, b, c = table.cells()
    assert a == ["a", "2", "91.00 ± 12.71", "90.00–92.00", "–", "–", "–", "baseline", "91.50"]
    # 11 images tell b from a and 12 tell c, all one way: p is 2 / 2¹¹ and, twice as it is the smaller, 2 · 2 / 2¹².
    assert b[5:] == ["0.020", "< 0.001", "lower", "–"]
    assert table.rows[1]["images_p_corrected"] == pytest.approx(1 / 1024)
    assert c[:4] == ["c", "1", f"80.00 ± {half(table, 'interval', 'percent'):.2f}\nover images", "–"]
    assert c[4] == f"-11.00 ± {half(table, 'images', 'points'):.2f}\nover images"
    assert c[5:8] == ["–", "< 0.001", "one seed; images: lower"]
    assert "Reported: one run." in table.notes


def half(table: Table, name: str, unit: str) -> float:
    row = table.rows[-1]
    return (row[f"{name}_high_{unit}"] - row[f"{name}_low_{unit}"]) / 2


def test_columns_without_content_are_left_out(make_run: Callable, table_of: Callable) -> None:
    make_run("made/a", 0, [0.8])
    assert headings(table_of()) == ["group", "seeds", "mean, %", "verdict"]
    make_run("made/b", 0, [1.0])
    table = table_of()
    assert headings(table) == ["group", "seeds", "mean, %", "difference, points", "verdict"]
    assert table.cells()[1] == ["b", "1", "100.00", "+20.00", "one seed"]


@pytest.mark.parametrize("width", [100, 120])
def test_the_terminals_table_keeps_its_numbers_whole(
    width: int, answered_run: Callable, table_of: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    for recipe, right in (("made/plain-cnn", 80), ("made/spatial-transformer", 90)):
        for seed in range(3):
            answered_run(recipe, seed, np.arange(100) < right + seed * (right == 90))
    table = table_of()
    Console(width=width).print(table.terminal())
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= width
    for row in table.cells():
        assert all(cell in printed for cell in row[1:7])


def test_small_p_values_are_not_shown_as_zero() -> None:
    cell = p_text("p")
    assert [cell({"p": value}) for value in (None, 1e-9, 0.0123, 1.0)] == ["–", "< 0.001", "0.012", "1.000"]
