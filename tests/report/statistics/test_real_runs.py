"""The judge on real trainings: forty that differ by seed only, and ten that were given a tenth of the steps."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision import load_recipe, train
from spatialvision.report.compare import compare
from spatialvision.report.records import Record, find_records
from spatialvision.report.statistics.sign_test import sign_test_p
from spatialvision.report.statistics.student import paired_difference, welch_difference

QUICK = ("evaluation.splits=[test]", "log.tensorboard=false")
TENTH = ("epochs=null", "steps=2")
SPLITS, SIZE, IMAGES = 2_000, 5, 364


@pytest.fixture(scope="module")
def trained(small_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeds 0 to 39 with all 22 steps, and the first ten with two of them."""
    folder = tmp_path_factory.mktemp("fifty")
    for seeds, changed in ((range(40), ()), (range(10), TENTH)):
        for seed in seeds:
            resolved = load_recipe(small_recipe, *QUICK, *changed, f"seed={seed}")
            train(resolved, runs_dir=folder, quiet=True)
    return folder


@pytest.fixture
def equal(trained: Path) -> list[Record]:
    """The forty that differ by seed only."""
    return [record for record in find_records([], trained) if record.results["steps"] == 22]


def no_images(*_: Any) -> np.ndarray:
    raise AssertionError("for more than two runs no images are needed")


@pytest.mark.slow
@pytest.mark.parametrize("test", [paired_difference, welch_difference])
def test_runs_that_differ_by_seed_alarm_once_in_twenty(equal: list[Record], test: Callable) -> None:
    """Random splits of the forty into two groups of five, in pairs or not.

    The splits share their runs, so the rate scatters more than a binomial one. Of 600 sets of forty made numbers,
    normal and not, 99 in 100 gave 0.036 … 0.065 in pairs and 0.030 … 0.059 without, and none was outside the bounds.
    """
    values = np.array([record.accuracy("test") for record in equal])
    assert len(values) == 40
    generator = np.random.default_rng(0)
    orders = [generator.permutation(values) for _ in range(SPLITS)]
    found = [test(order[:SIZE], order[SIZE : 2 * SIZE], 100 / IMAGES).p < 0.05 for order in orders]
    assert 0.018 < np.mean(found) < 0.07


@pytest.mark.slow
def test_images_alone_would_alarm_at_any_two_seeds(equal: list[Record]) -> None:
    """Trained so briefly, seeds differ widely, and other images would not change that: a verdict needs seeds."""
    outcomes = [record.outcomes("test") for record in equal[:10]]
    correct = [each.correct.astype(int) for each in outcomes if each is not None]
    found = [sign_test_p(ours - other) < 0.05 for ours, other in combinations(correct, 2)]
    assert len(found) == 45
    assert np.mean(found) > 0.3


@pytest.mark.slow
def test_a_real_change_is_told_apart(trained: Path, tmp_path: Path) -> None:
    table = compare([], trained, images=no_images, baseline="small epochs=2", out=tmp_path)[0][0]
    baseline, shorter = table.rows
    assert (baseline["n"], shorter["n"], shorter["verdict"]) == (40, 10, "lower")
    assert shorter["seeds_test"] == "paired t, 10 seeds"
    assert shorter["seeds_p_corrected"] < 0.001
    assert shorter["images_p_corrected"] < 0.001
    assert shorter["seeds_high_points"] < 0
