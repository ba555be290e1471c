"""The numbers of a comparison, against those worked out by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from spatialvision.report.comparison import comparison_table
from spatialvision.report.records import find_records
from spatialvision.report.selection import choose_baseline, comparable
from spatialvision.report.table import Table
from spatialvision.runs.storage import write_json

ACCURACIES = {"made/a": (80, 82, 84), "made/b": (84, 82, 89), "made/c": (90, 93, 93)}


@pytest.fixture
def table_of(runs_dir: Path) -> Callable[..., Table]:
    """The table of all runs made so far."""

    def make(baseline: str | None = None, split: str = "test") -> Table:
        groups, left_out = comparable(find_records([], runs_dir), split)
        return comparison_table(groups, choose_baseline(groups, baseline), split, left_out)

    return make


@pytest.fixture
def three_groups(make_run: Callable) -> None:
    """Groups of three seeds with these final accuracies, and better ones on the way."""
    for recipe, values in ACCURACIES.items():
        for seed, value in enumerate(values):
            make_run(recipe, seed, [0.99, value / 100], seconds=1.0 + seed)


@pytest.mark.usefixtures("three_groups")
def test_means_ranges_and_differences(table_of: Callable) -> None:
    a, b, c = table_of().rows
    assert (a["n"], a["seeds"], a["baseline"], a["images"]) == (3, [0, 1, 2], "a", 1000)
    assert a["accuracies_percent"] == pytest.approx([80, 82, 84])
    assert [row["mean_percent"] for row in (a, b, c)] == pytest.approx([82, 85, 92])
    assert (b["lowest_percent"], b["highest_percent"]) == pytest.approx((82, 89))
    assert (c["parameters"], c["train_seconds"]) == (1234, pytest.approx(2.0))
    assert a["difference_points"] is None
    assert (b["difference_points"], c["difference_points"]) == pytest.approx((3, 10))


@pytest.mark.usefixtures("three_groups")
def test_intervals_and_corrected_p_values(table_of: Callable) -> None:
    a, b, c = table_of().rows
    # By hand: mean 82, deviation 2, t(0.975) of two degrees of freedom 4.30265.
    half = 4.30265 * 2 / 3**0.5
    assert (a["interval_over"], a["interval_low_percent"]) == ("seeds", pytest.approx(82 - half, abs=1e-4))
    tests = [stats.ttest_rel(ACCURACIES[recipe], ACCURACIES["made/a"]) for recipe in ("made/b", "made/c")]
    for row, expected in zip((b, c), tests, strict=True):
        assert row["seeds_p"] == pytest.approx(expected.pvalue)
        limits = expected.confidence_interval()
        assert (row["seeds_low_points"], row["seeds_high_points"]) == pytest.approx(tuple(limits))
    assert c["seeds_p_corrected"] == pytest.approx(2 * c["seeds_p"])
    assert b["seeds_p_corrected"] == pytest.approx(b["seeds_p"])
    assert [row["verdict"] for row in (a, b, c)] == ["baseline", "no difference shown", "higher"]
    assert [row["images_p"] for row in (a, b, c)] == [None, None, None]


@pytest.mark.usefixtures("three_groups")
def test_another_baseline_turns_the_signs(table_of: Callable) -> None:
    a, b, c = table_of("made/c").rows
    assert (a["difference_points"], b["difference_points"]) == pytest.approx((-10, -7))
    assert [row["verdict"] for row in (a, b, c)] == ["lower", "no difference shown", "baseline"]


@pytest.mark.usefixtures("three_groups")
def test_another_split_has_its_own_numbers(table_of: Callable) -> None:
    table = table_of(split="validation")
    assert [row["mean_percent"] for row in table.rows] == pytest.approx([72, 75, 82])
    assert table.title == "made: accuracy on validation, 1,000 images"


def test_a_single_runs_interval_is_over_images(make_run: Callable, table_of: Callable) -> None:
    make_run("made/a", 0, [0.9])
    make_run("made/b", 0, [1.0])
    a, b = table_of().rows
    half = 1.96 * (0.9 * 0.1 / 1000) ** 0.5 * 100
    found = a["interval_low_percent"], a["interval_high_percent"]
    assert (a["interval_over"], found) == ("images", pytest.approx((90 - half, 90 + half), abs=0.1))
    # Where every image is right drawing them again tells nothing.
    assert (b["interval_low_percent"], b["interval_high_percent"]) == (None, None)


def test_images_are_judged_beside_the_seeds(answered_run: Callable, table_of: Callable) -> None:
    right = np.arange(100) < 60
    for seed in range(2):
        answered_run("made/a", seed, right)
        answered_run("made/b", seed, np.roll(right, seed) | (np.arange(100) < 80 - seed))
    row = table_of().rows[1]
    assert row["images_p"] < 0.001
    assert len(row["mcnemar_p_by_seed"]) == 2
    assert row["images_low_points"] < row["difference_points"] < row["images_high_points"]


def test_seeds_that_are_missing_on_a_side_are_told(make_run: Callable, table_of: Callable) -> None:
    for seed in range(3):
        make_run("made/a", seed, [0.8 + seed / 50])
    for seed in range(2):
        make_run("made/b", seed, [0.9 + seed / 100])
    table = table_of()
    assert table.rows[1]["difference_points"] == pytest.approx(9.5)
    assert "b: only one side has seed 2, so seeds 0, 1 are compared" in table.notes


@pytest.mark.parametrize(
    ("published_on", "shown"), [("mnist", "98.70 (mnist)"), ("made", "98.70"), ("", "98.70")]
)
def test_numbers_published_on_another_dataset_say_so(
    make_run: Callable, table_of: Callable, published_on: str, shown: str
) -> None:
    make_run("made/a", 0, [0.5], about={"reported": 98.7, "reported_on": published_on})
    assert f"| {shown} |" in table_of().markdown()


def test_notes_tell_angles_and_hardware(
    make_run: Callable, write_angles: Callable, table_of: Callable
) -> None:
    true = np.linspace(-60, 60, 41)
    for seed in range(2):
        run = make_run("made/a", seed, [0.8])
        write_angles(run, true, true / 2)
        packages = {"torch": "2.11.0"}
        machine = {"gpu": None, "processor": "Some CPU", "threads": 2 + seed, "packages": packages}
        write_json(run.path / "environment.json", {"commit": 40 * "a" + "+changes", **machine})
    table = table_of()
    assert table.rows[0]["theta_angle_correlations"] == pytest.approx([1, 1])
    assert "a: θ's angle against the true rotation: r = 1.00, mean over 2 seeds (1.00, 1.00)" in table.notes
    assert f"Trained with commit {12 * 'a'}+changes, PyTorch 2.11.0, Some CPU, 2 threads." in table.notes
    assert "Differs, without harm: threads: 2 (a) / 3 (a)" in table.notes


def test_what_was_allowed_to_differ_comes_first(make_run: Callable, runs_dir: Path) -> None:
    make_run("made/a", 0, [0.8])
    groups, _ = comparable(find_records([], runs_dir), "test")
    table = comparison_table(groups, groups[0], "test", ["b: stopped"], ["torch: 1 (a) / 2 (b)"])
    assert table.notes[0] == "Not on the same terms: torch: 1 (a) / 2 (b)"
    assert table.notes[-1] == "Left out: b: stopped"
