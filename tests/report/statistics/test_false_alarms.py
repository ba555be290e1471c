"""The judge is judged: thousands of made comparisons in which the truth is known.

An image has a difficulty that all runs share, a seed an effect on all its images, and a run is right on an image by
chance with the probability that follows. Two arms are compared on the same images. Observed rates must lie where
99.9 % of the binomial distribution about the nominal rate does.
"""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from spatialvision.report.statistics.estimate import Estimate
from spatialvision.report.statistics.holm import holm
from spatialvision.report.statistics.sign_test import sign_test_p
from spatialvision.report.statistics.student import paired_difference, welch_difference

SIGNIFICANT = 0.05
COMPARISONS, SEEDS, IMAGES = 3_000, 5, 400
SEED_EFFECT = 0.15


def runs(generator: np.random.Generator, seed_effect: float = SEED_EFFECT, effect: float = 0.0) -> np.ndarray:
    """Right or wrong (comparisons, 2 arms, seeds, images); the second arm is better by ``effect``, in logits."""
    difficulty = generator.normal(0, 1.5, (COMPARISONS, 1, 1, IMAGES)).astype(np.float32)
    seeds = generator.normal(0, seed_effect, (COMPARISONS, 2, SEEDS, 1)).astype(np.float32)
    arms = np.array([0, effect], dtype=np.float32)[:, None, None]
    right = 1 / (1 + np.exp(-(2 + difficulty + seeds + arms)))
    return generator.random(right.shape, dtype=np.float32) < right


@pytest.fixture(scope="module")
def equal_arms() -> np.ndarray:
    """Runs that differ by seed only."""
    return runs(np.random.default_rng(1))


def alarms(test: Callable[..., Estimate], correct: np.ndarray) -> np.ndarray:
    """(comparisons,) whether the test over seeds finds a difference."""
    accuracies = 100 * correct.mean(axis=3)
    return np.array([test(ours, baseline, 100 / IMAGES).p < SIGNIFICANT for baseline, ours in accuracies])


def near(rate: float, count: int) -> tuple[float, float]:
    """Between which shares of ``count`` the observed rate lies in 99.9 of 100 cases."""
    low, high = stats.binom.interval(0.999, count, rate)
    return low / count, high / count


def image_p_values(correct: np.ndarray) -> np.ndarray:
    """(comparisons,) p-values of the test over images, on the sums over the seeds."""
    differences = correct[:, 1].sum(axis=1, dtype=int) - correct[:, 0].sum(axis=1, dtype=int)
    return np.array([sign_test_p(each) for each in differences])


@pytest.mark.parametrize("test", [paired_difference, welch_difference])
def test_over_seeds_one_alarm_in_twenty_is_false(
    test: Callable[..., Estimate], equal_arms: np.ndarray
) -> None:
    low, high = near(SIGNIFICANT, COMPARISONS)
    assert low <= alarms(test, equal_arms).mean() <= high


@pytest.mark.parametrize("seeds", [2, 3])
def test_so_it_is_for_two_or_three_seeds(seeds: int, equal_arms: np.ndarray) -> None:
    _, high = near(SIGNIFICANT, COMPARISONS)
    assert alarms(paired_difference, equal_arms[:, :, :seeds]).mean() <= high
    assert alarms(welch_difference, equal_arms[:, :, :seeds]).mean() <= high


def test_over_images_one_alarm_in_twenty_is_false() -> None:
    """Networks that are equally good over all images, though each is right on others."""
    correct = runs(np.random.default_rng(2), seed_effect=0.0)
    low, high = near(SIGNIFICANT, len(correct))
    assert low <= (image_p_values(correct) < SIGNIFICANT).mean() <= high


def test_of_single_runs_the_rate_is_that_of_mcnemars_exact_test() -> None:
    """Below one in twenty, as counts come in steps: for every number of decided images it can be computed."""
    correct = runs(np.random.default_rng(3), seed_effect=0.0)[:, :, :1]
    decided = (correct[:, 0, 0] != correct[:, 1, 0]).sum(axis=1)
    sizes = {}
    for tosses in np.unique(decided).tolist():
        heads = np.arange(tosses + 1)
        p_values = np.minimum(1, 2 * stats.binom.cdf(np.minimum(heads, tosses - heads), tosses, 0.5))
        sizes[tosses] = stats.binom.pmf(heads, tosses, 0.5)[p_values < SIGNIFICANT].sum()
    expected = np.mean([sizes[tosses] for tosses in decided.tolist()])
    low, high = near(expected, COMPARISONS)
    assert 0.02 < expected < SIGNIFICANT
    assert low <= (image_p_values(correct) < SIGNIFICANT).mean() <= high


def test_images_alone_do_not_judge_an_idea(equal_arms: np.ndarray) -> None:
    """Trained networks differ by their seeds, and the images rightly show it: so the verdict goes by the seeds."""
    _, high = near(SIGNIFICANT, COMPARISONS)
    assert (image_p_values(equal_arms) < SIGNIFICANT).mean() > high


def test_a_known_effect_is_found_as_often_as_theory_says() -> None:
    """The power of the paired t-test, from the noncentral t distribution."""
    correct = runs(np.random.default_rng(4), effect=0.35)
    accuracies = 100 * correct.mean(axis=3)
    differences = (accuracies[:, 1] - accuracies[:, 0]).flatten()
    shift = differences.mean() / differences.std() * np.sqrt(SEEDS)
    limit = stats.t.ppf(1 - SIGNIFICANT / 2, SEEDS - 1)
    power = stats.nct.sf(limit, SEEDS - 1, shift) + stats.nct.cdf(-limit, SEEDS - 1, shift)
    assert 0.3 < power < 0.9
    low, high = near(power, COMPARISONS)
    assert low - 0.01 <= alarms(paired_difference, correct).mean() <= high + 0.01


def test_a_table_of_many_rows_has_any_false_alarm_once_in_twenty(equal_arms: np.ndarray) -> None:
    """Ten rows a table: without the correction two tables in five would have one."""
    accuracies = 100 * equal_arms.mean(axis=3)
    p_values = np.array([paired_difference(b, a, 100 / IMAGES).p for a, b in accuracies]).reshape(-1, 10)
    corrected = np.array([holm(table.tolist()) for table in p_values], dtype=float)
    _, high = near(SIGNIFICANT, len(p_values))
    assert (p_values.min(axis=1) < SIGNIFICANT).mean() > 0.3
    assert (corrected.min(axis=1) < SIGNIFICANT).mean() <= high
