"""What a sweep shows while it lasts."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from spatialvision.training.sweep import Outcome
from spatialvision.training.sweep_entry import SweepEntry
from spatialvision.training.sweep_views import SweepLines, SweepTable, make_table, most_important
from spatialvision.workbench import load_recipe

RECIPE = load_recipe("quickstart/plain-cnn")


def entry(number: int, state: str) -> SweepEntry:
    made = SweepEntry(number, RECIPE, Path(f"runs/s{number}"))
    if state == "running":
        made.process = object()  # type: ignore[assignment]
    elif state != "waiting":
        made.outcome = Outcome(made.path, state, f"words of [{number}]\nand more")
    return made


@pytest.fixture
def entries() -> list[SweepEntry]:
    states = ["done", "failed", "skipped", "running", "running", "waiting", "waiting"]
    return [entry(number, state) for number, state in enumerate(states, start=1)]


def rendered(table: object) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table_has_a_row_a_run_and_counts(entries: list[SweepEntry]) -> None:
    text = rendered(make_table(entries, 20)).splitlines()
    lines = [line.split() for line in text]
    assert lines[1] == ["1", "runs/s1", "done", "words", "of", "[1]"]
    assert lines[4] == ["4", "runs/s4", "running", "starting"]
    assert lines[6] == ["6", "runs/s6", "waiting"]
    assert text[8] == "1 done, 1 failed, 1 skipped, 2 running, 2 waiting"


@pytest.mark.parametrize(
    ("most", "shown"), [(0, [5]), (2, [4, 5]), (3, [2, 4, 5]), (4, [2, 4, 5, 6]), (6, [2, 3, 4, 5, 6, 7])]
)
def test_a_low_terminal_shows_what_matters_most(
    entries: list[SweepEntry], most: int, shown: list[int]
) -> None:
    assert [each.number for each in most_important(entries, most)] == shown


def test_on_a_terminal_the_table_is_renewed_and_stays(entries: list[SweepEntry]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=30)
    with SweepTable(entries, console) as table:
        table.update()
        entries[3].outcome = Outcome(entries[3].path, "done", "in the end")
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert output.count("words of [1]") >= 2
    assert output.index("starting") < output.index("in the end")


def test_elsewhere_there_are_lines(entries: list[SweepEntry]) -> None:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    with SweepLines(entries, console) as lines:
        lines.begun(entries[1])
        lines.update()
        lines.ended(entries[1])
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "[2/7] runs/s2",
        "[2/7] runs/s2  failed: words of [2]",
    ]
