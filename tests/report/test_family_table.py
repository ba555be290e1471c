"""The numbers of a family's table, against those worked out by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scipy import stats

from spatialvision.report.family_cells import arrange
from spatialvision.report.family_table import cell_text, family_table, verdict_table
from spatialvision.report.records import find_records
from spatialvision.report.selection import comparable
from spatialvision.report.table import Table

CNN, WARP, OTHER = (80, 82, 84), (84, 85, 89), (90, 93, 93)


@pytest.fixture
def tables_of(runs_dir: Path) -> Callable[..., tuple[Table, Table]]:
    """Both tables of all runs made so far."""

    def make(baseline: str | None = None, split: str = "test") -> tuple[Table, Table]:
        records = find_records([], runs_dir)
        groups, left_out = comparable(records, split)
        grid = arrange(groups, records, baseline)
        verdicts = verdict_table(grid, split, left_out)
        return family_table(grid, verdicts), verdicts

    return make


@pytest.fixture
def make_cell(make_run: Callable) -> Callable:
    """Make the runs of a cell, a seed each."""

    def make(row: str, column: str, accuracies: tuple[float, ...], **about: object) -> None:
        for seed, accuracy in enumerate(accuracies):
            recipe = f"made/{column}-{row}"
            make_run(recipe, seed, [accuracy / 100], about={"row": row, "column": column, **about})

    return make


def test_errors_are_the_rest_to_a_hundred(make_cell: Callable, tables_of: Callable) -> None:
    make_cell("CNN", "A", CNN)
    make_cell("Warp", "A", WARP, reported=97.9, reported_on="made")
    cnn, warp = tables_of()[1].rows
    assert cnn["errors_percent"] == pytest.approx([20, 18, 16])
    assert (cnn["mean_percent"], cnn["lowest_percent"], cnn["highest_percent"]) == pytest.approx((18, 16, 20))
    half = 4.30265 * 2 / 3**0.5  # deviation 2; t(0.975) of two degrees of freedom
    assert (cnn["interval_low_percent"], cnn["interval_high_percent"]) == pytest.approx(
        (18 - half, 18 + half), abs=1e-4
    )
    assert cnn["verdict"] == "baseline"
    expected = stats.ttest_rel([100 - value for value in WARP], [100 - value for value in CNN])
    assert warp["difference_points"] == pytest.approx(-4)
    assert warp["seeds_p"] == pytest.approx(expected.pvalue)
    limits = tuple(expected.confidence_interval())
    assert (warp["seeds_low_points"], warp["seeds_high_points"]) == pytest.approx(limits)
    assert warp["reported_percent"] == 2.1  # free of the last digits of 100 - 97.9


def test_p_values_are_corrected_over_all_cells(make_cell: Callable, tables_of: Callable) -> None:
    for column in ("A", "B"):
        make_cell("CNN", column, CNN)
    make_cell("Warp", "A", WARP)
    make_cell("Warp", "B", OTHER)
    rows = tables_of()[1].rows
    raw, corrected = (
        [row[key] for row in rows if row["seeds_p"] is not None] for key in ("seeds_p", "seeds_p_corrected")
    )
    assert len(raw) == 2
    assert min(corrected) == pytest.approx(2 * min(raw))
    assert max(corrected) == pytest.approx(max(max(raw), 2 * min(raw)))


def test_each_column_has_its_own_baseline(make_cell: Callable, tables_of: Callable) -> None:
    make_cell("CNN", "A", CNN)
    make_cell("CNN", "B", OTHER)
    make_cell("Warp", "A", OTHER)
    make_cell("Warp", "B", OTHER)
    make_cell("Warp", "C", OTHER)
    table, verdicts = tables_of("CNN")
    found = {(row["row"], row["column"]): row for row in verdicts.rows}
    assert found["Warp", "A"]["difference_points"] == pytest.approx(-10)
    assert found["Warp", "A"]["verdict"] == "fewer errors"
    assert found["Warp", "B"]["difference_points"] == pytest.approx(0)
    assert found["Warp", "B"]["verdict"] == "no difference shown"
    assert found["Warp", "C"]["verdict"] == "no CNN to compare with"
    assert (found["Warp", "C"]["baseline"], found["Warp", "C"]["difference_points"]) == (None, None)
    cnn, warp = table.cells()
    assert [cnn[3], warp[0]] == ["–", "Warp"]
    assert [cell[-1] for cell in warp[1:]] == ["↓", ")", ")"]
    assert any("↓ fewer, ↑ more errors than CNN" in note for note in table.notes)


def test_more_errors_are_marked_so(make_cell: Callable, tables_of: Callable) -> None:
    make_cell("CNN", "A", OTHER)
    make_cell("Warp", "A", CNN)
    table, verdicts = tables_of()
    assert verdicts.rows[1]["verdict"] == "more errors"
    assert verdicts.rows[1]["difference_points"] == pytest.approx(10)
    assert table.cells()[1][1].endswith("(3) ↑")


def test_a_cell_says_error_interval_seeds_and_paper(make_cell: Callable, tables_of: Callable) -> None:
    make_cell("CNN", "A", CNN, reported=98.8, reported_on="mnist", reported_note="table 1")
    table, verdicts = tables_of()
    assert table.cells() == [["CNN", "18.00 ± 4.97 (3), paper 1.2 (mnist)"]]
    assert "Paper: table 1." in table.notes
    assert "The paper's numbers are on mnist, these runs are not." in table.notes
    assert verdicts.cells()[0][-1] == "1.2"


def test_on_other_splits_nothing_was_reported(make_cell: Callable, tables_of: Callable) -> None:
    make_cell("CNN", "A", CNN, reported=98.8, reported_on="made", reported_note="table 1")
    table, _ = tables_of(split="validation")
    assert table.cells() == [["CNN", "28.00 ± 4.97 (3)"]]
    assert not any("aper" in note for note in table.notes)


def test_the_title_says_dataset_length_and_seeds(
    make_run: Callable, make_cell: Callable, tables_of: Callable
) -> None:
    for recipe, column, fields in (
        ("made/a", "A", {"steps": 1500}),
        ("made/b", "B", {"steps": None, "epochs": 2.0}),
    ):
        make_run(recipe, 0, [0.5], about={"row": "CNN", "column": column}, fields=fields)
    assert tables_of()[0].title == "made: error in % on test, made, 1,500 steps or 2 epochs, 1 seed"
    make_cell("CNN", "C", CNN)
    assert tables_of()[0].title.endswith(", 1 or 3 seeds")


def test_unfinished_runs_are_told(make_run: Callable, make_cell: Callable, tables_of: Callable) -> None:
    make_cell("CNN", "A", CNN)
    make_run("made/A-CNN", 9, [0.5], state="stopped", about={"row": "CNN", "column": "A"})
    assert any(note.startswith("Left out: ") and "s9: stopped" in note for note in tables_of()[0].notes)


def test_a_place_without_runs_is_a_dash() -> None:
    assert cell_text({}, "A")({"row": "CNN"}) == "–"
