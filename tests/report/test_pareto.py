"""Which groups no other group beats in everything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialvision.report.comparison import comparison_table
from spatialvision.report.costs import COSTS, latency_ms
from spatialvision.report.pareto import beaten_by, pareto_table
from spatialvision.report.pareto_chart import draw_pareto
from spatialvision.report.records import Record, find_records
from spatialvision.report.selection import comparable
from spatialvision.report.table import Table
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json


@pytest.fixture
def made(make_run: Callable) -> Callable[..., Run]:
    """Make a run of so many parameters and training seconds, on a machine."""

    def make(recipe: str, accuracy: float, parameters: int, seconds: float, threads: int = 2) -> Run:
        run = make_run(recipe, 0, [accuracy], seconds=seconds)
        write_json(run.path / "results.json", {**run.results, "parameters": parameters})
        machine = {"processor": "Some CPU", "gpu": None, "threads": threads, "packages": {"torch": "2.15.0"}}
        write_json(run.path / "environment.json", {"commit": None, **machine})
        return run

    return make


@pytest.fixture
def table_of(runs_dir: Path) -> Callable[[], Table]:
    """The cost table of all runs made so far."""

    def make() -> Table:
        groups, _ = comparable(find_records([], runs_dir), "test")
        return pareto_table(groups, comparison_table(groups, groups[0], "test"))

    return make


def write_cost(run: Run, seconds: float, **changed: Any) -> None:
    machine = {
        "device_name": "Some CPU",
        "threads": 2,
        "precision": "float32",
        "memory_format": "channels_last",
    }
    forward = [{"batch_size": 64, "median_seconds": 9.0}, {"batch_size": 1, "median_seconds": seconds}]
    content = {"multiply_adds": 1000, "forward": forward, **machine, **changed}
    write_json(run.path / "evaluation" / "cost.json", content)


def beaten(table: Table) -> dict[str, str | None]:
    return {row["group"]: row["beaten_by"] for row in table.rows}


def test_what_is_worse_in_everything_is_not_on_the_front(made: Callable, table_of: Callable) -> None:
    made("made/small", 0.80, 100, 1.0)
    made("made/wasteful", 0.80, 100, 2.0)
    made("made/large", 0.90, 900, 9.0)
    made("made/poor", 0.75, 901, 9.5)
    table = table_of()
    assert beaten(table) == {"small": None, "wasteful": "small", "large": None, "poor": "large"}
    marks = {cells[0]: cells[-2] for cells in table.cells()}
    assert marks == {"small": "●", "wasteful": "–", "large": "●", "poor": "–"}


def test_equals_do_not_beat_each_other(made: Callable, table_of: Callable) -> None:
    for name in ("a", "b"):
        made(f"made/{name}", 0.8, 100, 1.0)
    assert beaten(table_of()) == {"a": None, "b": None}


def test_times_of_different_machines_are_shown_and_not_compared(made: Callable, table_of: Callable) -> None:
    made("made/a", 0.8, 100, 1.0, threads=2)
    made("made/b", 0.9, 90, 5.0, threads=8)
    table = table_of()
    assert beaten(table) == {"a": "b", "b": None}
    assert "training, s" in [column.heading for column in table.columns]
    assert any(note.startswith("Not compared") and "training, s" in note for note in table.notes)


def test_what_the_cost_evaluator_wrote_is_compared(made: Callable, table_of: Callable) -> None:
    write_cost(made("made/a", 0.8, 100, 1.0), 0.002)
    write_cost(made("made/b", 0.9, 90, 0.5), 0.004)
    table = table_of()
    assert [row["latency_ms"] for row in table.rows] == pytest.approx([2, 4])
    assert beaten(table) == {"a": None, "b": None}
    assert {"multiply-adds", "latency, ms"} <= {column.heading for column in table.columns}


def test_a_cost_that_is_not_known_of_all_is_not_compared(made: Callable, table_of: Callable) -> None:
    write_cost(made("made/a", 0.8, 100, 1.0), 0.002)
    made("made/b", 0.9, 90, 0.5)
    table = table_of()
    assert beaten(table) == {"a": "b", "b": None}
    assert table.rows[1]["latency_ms"] is None
    assert any("multiply-adds, latency, ms" in note for note in table.notes)


def test_latency_is_that_of_a_single_image(made: Callable) -> None:
    run = made("made/a", 0.8, 100, 1.0)
    assert latency_ms(Record(run)) is None
    write_cost(run, 0.25)
    assert latency_ms(Record(run)) == 250


def test_a_front_holds_whoever_nobody_dominates() -> None:
    def row(group: str, accuracy: float, parameters: int) -> dict[str, Any]:
        return {"group": group, "mean_percent": accuracy, "parameters": parameters}

    (parameters,) = (cost for cost in COSTS if cost.key == "parameters")
    rows = [row("first", 90, 10), row("dearer", 90, 11), row("better", 91, 11), row("equal", 90, 10)]
    assert beaten_by(rows, [parameters]) == [None, "better", None, None]
    rows.append(row("best", 92, 10))
    assert beaten_by(rows, [parameters]) == ["best", "best", "best", "best", None]


@pytest.mark.parametrize("largest", [120, 100_000])
def test_the_chart_is_drawn(
    made: Callable, table_of: Callable, largest: int, tmp_path: Path, png_size: Callable
) -> None:
    write_cost(made("made/a", 0.8, 100, 1.0), 0.002)
    made("made/b", 0.9, largest, 2.0)
    table = table_of()
    path = draw_pareto(table, tmp_path / "pareto.png")
    width, height = png_size(path)
    assert width > 2 * height > 800


def test_the_same_rows_in_every_format(made: Callable, table_of: Callable) -> None:
    made("made/a", 0.8, 100, 1.0)
    made("made/b", 0.7, 200, 2.0)
    table = table_of()
    assert "| b | 1 | 70.00 | 200 | 2.0 | – | a |" in table.markdown()
    assert table.csv().splitlines()[2].endswith(",200.0,,,2.0,a")
    assert '"beaten_by": "a"' in table.json()
