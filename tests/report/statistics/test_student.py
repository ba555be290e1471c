"""Student's own example, worked by hand, and what his formulas leave open."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats

from spatialvision.report.statistics.estimate import Estimate
from spatialvision.report.statistics.student import mean_interval, paired_difference, welch_difference

# Hours of sleep gained by ten patients on two drugs (Student, 1908).
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
STEP = 0.1


def test_students_sleep_paired() -> None:
    found = paired_difference(SECOND, FIRST, STEP)
    # By hand: differences' mean 1.58, their squares about it sum to 13.616, 9 degrees of freedom, t(0.975) = 2.26216.
    error = math.sqrt(13.616 / 9 / 10)
    expected = (1.58, 1.58 - 2.26216 * error, 1.58 + 2.26216 * error, 0.002833)
    assert found == pytest.approx(expected, abs=2e-6)
    assert found.difference / error == pytest.approx(4.0621, abs=1e-4)


def test_students_sleep_as_two_independent_groups() -> None:
    # Published as t = 1.8608, 17.776 degrees of freedom, p = 0.07939, interval -0.2054832 … 3.3654832.
    expected = (1.58, -0.2054832, 3.3654832, 0.07939)
    assert welch_difference(SECOND, FIRST, STEP) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("sizes", [(2, 2), (3, 7), (20, 5)])
def test_the_same_as_scipy(sizes: tuple[int, int]) -> None:
    ours, baseline = (
        np.random.default_rng([arm, size]).normal(90, 1, size) for arm, size in enumerate(sizes)
    )
    unpaired = stats.ttest_ind(ours, baseline, equal_var=False)
    interval = unpaired.confidence_interval()
    expected = (ours.mean() - baseline.mean(), interval.low, interval.high, unpaired.pvalue)
    assert welch_difference(ours, baseline, 0.01) == pytest.approx(expected)
    count = min(sizes)
    paired = stats.ttest_rel(ours[:count], baseline[:count])
    interval = paired.confidence_interval()
    found = paired_difference(ours[:count], baseline[:count], 0.01)
    assert found[1:] == pytest.approx((interval.low, interval.high, paired.pvalue))
    expected_interval = stats.t.interval(0.95, len(ours) - 1, ours.mean(), stats.sem(ours))
    assert mean_interval(ours, 0.01) == pytest.approx(expected_interval)


@pytest.mark.parametrize("test", [paired_difference, welch_difference])
def test_identical_runs_show_nothing(test: Callable[..., Estimate]) -> None:
    for same in ([90.0, 91.0, 90.5], [90.0, 90.0, 90.0]):
        found = test(same, same, STEP)
        assert (found.difference, found.p) == (0, 1)
        assert -math.inf < found.low < 0 < found.high < math.inf


@pytest.mark.parametrize("test", [paired_difference, welch_difference])
def test_seeds_that_agree_to_the_image_prove_nothing_by_that(test: Callable[..., Estimate]) -> None:
    """Without a least deviation the t statistic would be infinite and p zero."""
    one_image = test([90.1, 90.1], [90.0, 90.0], STEP)
    many_images = test([99.0, 99.0], [90.0, 90.0], STEP)
    assert one_image.p > 0.05
    assert 0 < many_images.p < 0.01
    assert one_image.low < 0 < one_image.high
    low, high = mean_interval([90.0, 90.0], STEP)
    assert low < 90 < high


def test_the_least_deviation_is_that_of_rounding() -> None:
    """Values that are uniform within a step have it, and rounding them leaves none."""
    uniform = np.random.default_rng(0).uniform(-STEP / 2, STEP / 2, 100_000)
    low, high = mean_interval([0.0] * 10, STEP)
    expected = stats.t.ppf(0.975, 9) * uniform.std() / math.sqrt(10)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("ours", "baseline", "step", "message"),
    [
        ([1.0], [2.0], STEP, "expected at least two values, as one has no scatter, got 1"),
        ([1.0, 2.0], [2.0, 3.0, 4.0], STEP, "expected as many values of both groups, got 2 and 3"),
        ([1.0, 2.0], [2.0, 3.0], 0.0, "step: expected the smallest difference"),
    ],
)
def test_what_cannot_be_tested_is_refused(
    ours: Sequence[float], baseline: Sequence[float], step: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        paired_difference(ours, baseline, step)
