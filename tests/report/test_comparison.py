"""The numbers of a comparison, against those worked out by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.comparison import choose_baseline, comparable, comparison_table, verdict
from spatialvision.report.records import find_records
from spatialvision.report.table import Table
from spatialvision.runs.storage import write_json


@pytest.fixture
def table_of(runs_dir: Path) -> Callable[..., Table]:
    """The table of all runs made so far."""

    def make(baseline: str | None = None, split: str = "test") -> Table:
        groups, left_out = comparable(find_records([], runs_dir), split)
        return comparison_table(groups, choose_baseline(groups, baseline), split, left_out)

    return make


@pytest.fixture
def three_groups(make_run: Callable) -> None:
    """Groups with the final accuracies 80, 82, 84; 84, 86, 88; 90, 92, 94 %."""
    for recipe, lowest in (("made/a", 0.80), ("made/b", 0.84), ("made/c", 0.90)):
        for seed in range(3):
            make_run(recipe, seed, [0.99, lowest + 0.02 * seed], seconds=1.0 + seed)


@pytest.mark.usefixtures("three_groups")
def test_means_ranges_and_differences(table_of: Callable) -> None:
    a, b, c = table_of().rows
    assert (a["n"], a["seeds"], a["baseline"], a["images"]) == (3, [0, 1, 2], "a", 1000)
    assert a["accuracies_percent"] == pytest.approx([80, 82, 84])
    assert [row["mean_percent"] for row in (a, b, c)] == pytest.approx([82, 86, 92])
    assert (b["lowest_percent"], b["highest_percent"]) == pytest.approx((84, 88))
    assert a["difference_points"] is None
    assert (b["difference_points"], c["difference_points"]) == pytest.approx((4, 10))
    # The highest of a and the lowest of b are both 84 %: ranges that touch overlap.
    assert [row["verdict"] for row in (a, b, c)] == ["baseline", "no difference shown", "higher"]
    assert (c["parameters"], c["train_seconds"]) == (1234, pytest.approx(2.0))


@pytest.mark.usefixtures("three_groups")
def test_another_baseline_turns_the_signs(table_of: Callable) -> None:
    a, b, c = table_of("made/c").rows
    assert (a["difference_points"], b["difference_points"]) == pytest.approx((-10, -6))
    assert [row["verdict"] for row in (a, b, c)] == ["lower", "lower", "baseline"]


@pytest.mark.usefixtures("three_groups")
def test_another_split_has_its_own_numbers(table_of: Callable) -> None:
    table = table_of(split="validation")
    assert [row["mean_percent"] for row in table.rows] == pytest.approx([72, 76, 82])
    assert table.title == "made: accuracy on validation, 1,000 images"


@pytest.mark.parametrize(
    ("ours", "baseline", "expected"),
    [
        ([1.0, 3.0], [2.0, 4.0], "no difference shown"),
        ([2.0, 2.0], [2.0, 2.0], "no difference shown"),
        ([1.0, 9.0], [2.0, 4.0], "no difference shown"),
        ([2.1, 3.0], [1.0, 2.0], "higher"),
        ([1.0, 2.0], [2.1, 3.0], "lower"),
        ([9.0], [1.0, 2.0], "one seed"),
        ([9.0], [1.0], "one seed"),
        ([8.0, 9.0], [1.0], "one seed of the baseline"),
    ],
)
def test_verdicts(ours: list[float], baseline: list[float], expected: str) -> None:
    assert verdict(ours, baseline) == expected


def test_what_people_see(make_run: Callable, table_of: Callable) -> None:
    for seed, accuracy in enumerate((0.9, 0.91234)):
        make_run("made/a", seed, [accuracy], about={"reported": 91.5, "reported_note": "one run"})
    make_run("made/b", 0, [0.8])
    table = table_of()
    assert [column.heading for column in table.columns][-1] == "reported, %"
    assert table.cells() == [
        ["a", "2", "90.62", "90.00–91.23", "–", "baseline", "1,234", "2.0", "91.50"],
        ["b", "1", "80.00", "–", "-10.62", "one seed", "1,234", "2.0", "–"],
    ]
    assert "Reported: one run." in table.notes
    assert all(row["reported_percent"] is None for row in table_of(split="validation").rows)


def test_without_reported_numbers_there_is_no_such_column(make_run: Callable, table_of: Callable) -> None:
    make_run("made/a", 0, [0.8])
    assert [column.heading for column in table_of().columns][-1] == "training, s"


def test_runs_left_out_are_listed_with_the_reason(
    make_run: Callable, table_of: Callable, runs_dir: Path
) -> None:
    make_run("made/a", 0, [0.8])
    make_run("made/a", 0, [0.9], name="same")
    make_run("made/a", 1, [0.9], state="stopped")
    write_json(make_run("made/a", 2, [0.9]).path / "results.json", {"splits": {}})
    table = table_of()
    assert [(row["n"], row["mean_percent"]) for row in table.rows] == [(1, 80.0)]
    assert [note for note in table.notes if note.startswith("Left out")] == [
        f"Left out: {runs_dir}/made/a/s1: stopped (made stopped)",
        f"Left out: {runs_dir}/made/a/s2: not evaluated on test",
        f"Left out: {runs_dir}/made/a/same: repeats seed 0 of a",
    ]


def test_with_nothing_left_the_reasons_are_the_error(make_run: Callable, table_of: Callable) -> None:
    make_run("made/a", 1, [0.9], state="running")
    with pytest.raises(RecipeError, match=r"no finished run with results on 'test':\n.*s1: running"):
        table_of()


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


def test_notes_tell_angles_and_hardware(
    make_run: Callable, write_angles: Callable, table_of: Callable
) -> None:
    true = np.linspace(-60, 60, 41)
    for seed in range(2):
        run = make_run("made/a", seed, [0.8])
        write_angles(run, true, true / 2)
        packages = {"torch": "2.11.0"}
        machine = {"gpu": None, "processor": "Some CPU", "threads": 2, "packages": packages}
        write_json(run.path / "environment.json", {"commit": 40 * "a" + "+changes", **machine})
    table = table_of()
    assert table.rows[0]["theta_angle_correlations"] == pytest.approx([1, 1])
    assert "a: θ's angle against the true rotation: r = 1.00, mean over 2 seeds (1.00, 1.00)" in table.notes
    assert f"Trained with commit {12 * 'a'}+changes, PyTorch 2.11.0, Some CPU, 2 threads." in table.notes


@pytest.mark.parametrize(
    ("published_on", "shown"), [("mnist", "98.70 (mnist)"), ("made", "98.70"), ("", "98.70")]
)
def test_numbers_published_on_another_dataset_say_so(
    make_run: Callable, table_of: Callable, published_on: str, shown: str
) -> None:
    make_run("made/a", 0, [0.5], about={"reported": 98.7, "reported_on": published_on})
    assert f"| {shown} |" in table_of().markdown()
