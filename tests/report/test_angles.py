"""Whether a spatial transformer follows how the images were turned."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr

from spatialvision.report.angles import angle_note, correlation, group_correlations
from spatialvision.report.groups import group_records
from spatialvision.report.records import find_records


def test_the_correlation_is_pearsons() -> None:
    generator = np.random.default_rng(0)
    true = generator.uniform(-60, 60, 200)
    theta = 0.7 * true + generator.normal(0, 10, 200)
    assert correlation(true, theta) == pytest.approx(pearsonr(true, theta).statistic, abs=1e-12)
    assert correlation(true, -true) == pytest.approx(-1)


def test_an_angle_that_never_changes_correlates_with_nothing() -> None:
    assert correlation(np.arange(5.0), np.zeros(5)) is None
    assert correlation(np.zeros(5), np.arange(5.0)) is None
    assert correlation(np.zeros(1), np.zeros(1)) is None


def test_every_seed_that_has_angles_counts(
    make_run: Callable, write_angles: Callable, runs_dir: Path
) -> None:
    true = np.linspace(-60, 60, 41)
    for seed, theta in enumerate((true, -true, np.zeros(41))):
        write_angles(make_run("made/a", seed, [0.5]), true, theta)
    make_run("made/a", 3, [0.5])
    (group,) = group_records(find_records(["made"], runs_dir))
    assert group_correlations(group, "test") == pytest.approx([1, -1])
    assert group_correlations(group, "validation") == []


def test_the_sentence_says_mean_and_seeds() -> None:
    expected = "a: θ's angle against the true rotation: r = 0.93, mean over 3 seeds (0.90, 0.91, 0.98)"
    assert angle_note("a", [0.9, 0.91, 0.98]) == expected
    assert angle_note("a", [0.9]) == "a: θ's angle against the true rotation: r = 0.90, one seed"
