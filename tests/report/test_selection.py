"""Which runs are compared, and with what."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.records import find_records
from spatialvision.report.selection import choose_baseline, comparable
from spatialvision.runs.storage import write_json


def test_runs_left_out_are_listed_with_the_reason(make_run: Callable, runs_dir: Path) -> None:
    make_run("made/a", 0, [0.8])
    make_run("made/a", 0, [0.9], name="same")
    make_run("made/a", 1, [0.9], state="stopped")
    write_json(make_run("made/a", 2, [0.9]).path / "results.json", {"splits": {}})
    (group,), left_out = comparable(find_records([], runs_dir), "test")
    assert [(record.seed, record.accuracy("test")) for record in group.records] == [(0, 80.0)]
    assert left_out == [
        f"{runs_dir}/made/a/s1: stopped (made stopped)",
        f"{runs_dir}/made/a/s2: not evaluated on test",
        f"{runs_dir}/made/a/same: repeats seed 0 of a",
    ]


def test_with_nothing_left_the_reasons_are_the_error(make_run: Callable, runs_dir: Path) -> None:
    make_run("made/a", 1, [0.9], state="running")
    with pytest.raises(RecipeError, match=r"no finished run with results on 'test':\n.*s1: running"):
        comparable(find_records([], runs_dir), "test")


def test_a_baseline_must_be_one_group(make_run: Callable, runs_dir: Path) -> None:
    for lr in (0.1, 0.2):
        make_run("made/plain", 0, [0.8], name=str(lr), fields={"lr": lr})
    groups, _ = comparable(find_records([], runs_dir), "test")
    assert choose_baseline(groups, None).label == "plain lr=0.1"
    assert choose_baseline(groups, "plain lr=0.2").label == "plain lr=0.2"
    with pytest.raises(RecipeError, match=r"names several: 'plain lr=0.1', 'plain lr=0.2'"):
        choose_baseline(groups, "plain")
    with pytest.raises(RecipeError, match=r"did you mean 'plain lr=0.2'\?"):
        choose_baseline(groups, "plan lr=0.2")
