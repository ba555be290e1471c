"""McNemar's test and its like for several seeds, against sums written out and scipy."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from spatialvision.report.statistics.sign_test import mcnemar_p, sign_test_p, signed_sums


def by_hand(ours_only: int, baseline_only: int) -> float:
    """Twice the tail of a fair coin's tosses, from its definition."""
    tosses, fewer = ours_only + baseline_only, min(ours_only, baseline_only)
    tail = sum(math.comb(tosses, heads) for heads in range(fewer + 1)) / 2**tosses
    return min(1.0, 2 * tail)


@pytest.mark.parametrize("counts", [(1, 8), (0, 5), (6, 6), (1, 0), (150, 86), (86, 150)])
def test_mcnemar_by_hand(counts: tuple[int, int]) -> None:
    assert mcnemar_p(*counts) == pytest.approx(by_hand(*counts))


def test_mcnemars_classic_table() -> None:
    """Approval of a prime minister, asked twice (Agresti, Categorical Data Analysis): z² = 64² / 236 = 17.36."""
    assert 1 - stats.chi2.cdf((150 - 86) ** 2 / (150 + 86), 1) == pytest.approx(3.1e-5, rel=0.02)
    assert mcnemar_p(150, 86) == pytest.approx(3.7e-5, rel=0.05)


def test_nothing_to_decide_is_no_difference() -> None:
    assert mcnemar_p(0, 0) == 1
    assert sign_test_p(np.zeros(1000, dtype=int)) == 1
    assert sign_test_p(np.array([2, -2, 1, -1, 0])) == 1


@pytest.mark.parametrize("unit", [1, 3])
def test_of_single_runs_it_is_mcnemars_test(unit: int) -> None:
    differences = unit * np.repeat([1, -1, 0], [12, 3, 500])
    assert sign_test_p(differences) == mcnemar_p(12, 3) == sign_test_p(-differences)


@pytest.mark.parametrize("unit", [1, 6])
def test_of_several_seeds_it_is_the_share_of_all_sign_patterns(unit: int) -> None:
    differences = np.array([3, 1, 1, 2, -1, 3, 0, 2, -1, 3])
    patterns = np.array(list(itertools.product((-1, 1), repeat=len(differences))))
    exact = (np.abs(patterns @ differences) >= abs(differences.sum())).mean()
    assert sign_test_p(unit * differences) == pytest.approx(exact, abs=1e-12)
    pair = (differences, np.zeros(10))
    scipys = stats.permutation_test(pair, lambda a, b: np.mean(a - b), permutation_type="samples")
    assert exact == pytest.approx(scipys.pvalue)


def test_probabilities_of_sums_add_up() -> None:
    found = signed_sums(np.array([1, 2, 5]), np.array([30, 20, 7]))
    assert found[0] + 2 * found[1:].sum() == pytest.approx(1)
    assert found.min() > -1e-15
    squares = np.arange(len(found)) ** 2
    assert 2 * (squares * found).sum() == pytest.approx(30 * 1 + 20 * 4 + 7 * 25)


def test_of_many_images_and_seeds_it_is_the_normal_distributions_tail() -> None:
    generator = np.random.default_rng(0)
    differences = generator.binomial(20, 0.5, 50_000) - generator.binomial(20, 0.497, 50_000)
    z = abs(differences.sum()) / np.sqrt((differences**2).sum())
    assert sign_test_p(differences) == pytest.approx(2 * stats.norm.sf(z), rel=0.02)


def test_p_is_never_zero() -> None:
    assert 0 < sign_test_p(np.repeat([1, 2], 5_000)) < 1e-9
