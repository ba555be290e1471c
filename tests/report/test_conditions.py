"""Runs chosen by what their experiments have, and by path."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.conditions import check_choice, choose, matching, split_conditions
from spatialvision.report.records import Record, find_records


@pytest.fixture
def records(make_run: Callable, runs_dir: Path) -> list[Record]:
    """Two seeds of two recipes, of which only the second has a rate."""
    for seed in range(2):
        make_run("made/a", seed, [0.5])
        make_run("made/b", seed, [0.5], fields={"optimizer": {"lr": 0.01}})
    return find_records([], runs_dir)


def names(records: list[Record]) -> list[str]:
    return [f"{record.recipe}/{record.path.name}" for record in records]


def test_conditions_are_told_from_places() -> None:
    arguments = ["made", "steps=500", "runs/a/lr=1-s0", "data.name=made"]
    assert split_conditions(arguments) == (["made", "runs/a/lr=1-s0"], ["steps=500", "data.name=made"])


def test_all_conditions_hold_together(records: list[Record]) -> None:
    assert names(choose(records, [])) == ["made/a/s0", "made/a/s1", "made/b/s0", "made/b/s1"]
    assert names(choose(records, ["seed=1"])) == ["made/a/s1", "made/b/s1"]
    assert names(choose(records, ["optimizer.lr=0.01", "seed=1"])) == ["made/b/s1"]


def test_what_no_run_has_is_answered_with_what_there_is(records: list[Record]) -> None:
    with pytest.raises(RecipeError, match=r"^no run with seed=3; there are: 0, 1$"):
        choose(records, ["seed=3"])
    with pytest.raises(RecipeError, match=r"^sed=1: no run has this field; did you mean 'seed'\?$"):
        choose(records, ["sed=1"])


def test_a_pattern_is_searched_for_in_the_path(records: list[Record]) -> None:
    assert names(matching(records, r"made/a/s\d$")) == ["made/a/s0", "made/a/s1"]
    assert matching(records, "") == records
    with pytest.raises(RecipeError, match=r"^--filter xyz: matches none of 4 runs, such as\n"):
        matching(records, "xyz")


def test_an_option_lists_what_it_knows() -> None:
    check_choice("--x", "step", ("step", "epoch"))
    with pytest.raises(RecipeError, match=r"^--x: expected step or epoch, got 'time'$"):
        check_choice("--x", "time", ("step", "epoch"))
