"""Rows, columns, and what cannot be put into them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.family_cells import FamilyGrid, arrange
from spatialvision.report.records import find_records
from spatialvision.report.selection import comparable


@pytest.fixture
def grid_of(runs_dir: Path) -> Callable[..., FamilyGrid]:
    """The grid of all runs made so far, in the order of the recipes given."""

    def make(recipes: list[str], baseline: str | None = None) -> FamilyGrid:
        records = find_records([], runs_dir)
        records.sort(key=lambda record: recipes.index(record.recipe))
        return arrange(comparable(records, "test")[0], records, baseline)

    return make


def test_cells_go_row_by_row_in_the_records_order(make_run: Callable, grid_of: Callable) -> None:
    recipes = ["made/d", "made/a", "made/c"]
    for recipe, row, column in zip(recipes, ("two", "one", "two"), ("y", "y", "x"), strict=True):
        make_run(recipe, 0, [0.5], about={"row": row, "column": column})
    grid = grid_of(recipes)
    assert (grid.rows, grid.columns, grid.baseline) == (("two", "one"), ("y", "x"), "two")
    assert [cell.group.recipe for cell in grid.cells] == ["made/d", "made/c", "made/a"]
    assert grid.find("one", "x") is None
    assert grid.find("two", "x") is grid.cells[1]
    assert grid_of(recipes, "one").baseline == "one"


def test_a_row_without_a_finished_run_is_left_out(make_run: Callable, grid_of: Callable) -> None:
    make_run("made/a", 0, [0.5], state="running", about={"row": "one", "column": "x"})
    make_run("made/b", 0, [0.5], about={"row": "two", "column": "y"})
    grid = grid_of(["made/a", "made/b"])
    assert (grid.rows, grid.columns) == (("two",), ("y",))


@pytest.mark.parametrize("about", [{}, {"row": "one"}, {"column": "x", "row": ""}])
def test_half_a_place_is_none(make_run: Callable, grid_of: Callable, about: dict[str, str]) -> None:
    make_run("made/a", 0, [0.5], about={"row": "one", "column": "x"})
    make_run("made/b", 0, [0.5], about=about)
    with pytest.raises(
        RecipeError, match=r"no place in a table: made/b; expected recipes that say about\.row"
    ):
        grid_of(["made/a", "made/b"])


def test_one_group_a_cell(make_run: Callable, grid_of: Callable) -> None:
    for recipe in ("made/a", "made/b"):
        make_run(recipe, 0, [0.5], about={"row": "one", "column": "x"})
    with pytest.raises(
        RecipeError, match=r"several groups for one cell[^\n]*\n  row 'one', column 'x': a, b\n"
    ):
        grid_of(["made/a", "made/b"])


def test_a_baseline_that_is_no_row(make_run: Callable, grid_of: Callable) -> None:
    make_run("made/a", 0, [0.5], about={"row": "one", "column": "x"})
    with pytest.raises(RecipeError, match=r"--baseline on: no row of that name; did you mean 'one'\?"):
        grid_of(["made/a"], "on")
