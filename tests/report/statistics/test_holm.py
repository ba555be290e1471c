"""Holm's correction on a worked example and at its edges."""

from itertools import permutations

import numpy as np
import pytest

from spatialvision.report.statistics.holm import holm


def test_a_worked_example_in_any_order() -> None:
    """Times 4, 3, 2, 1 from the smallest, and never below the one before."""
    expected = {0.005: 0.02, 0.01: 0.03, 0.03: 0.06, 0.04: 0.06}
    for order in permutations(expected):
        assert holm(order) == pytest.approx([expected[p] for p in order])


def test_one_comparison_needs_no_correction() -> None:
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


def test_what_was_not_tested_does_not_count() -> None:
    assert holm([None, 0.02, None, 0.5]) == [None, 0.04, None, 0.5]


def test_none_exceeds_one() -> None:
    assert holm([0.9, 0.8, 1.0]) == [1, 1, 1]


def test_it_lies_between_no_correction_and_bonferronis() -> None:
    p_values = np.random.default_rng(0).uniform(0, 0.2, 12)
    corrected = np.array(holm(p_values.tolist()), dtype=float)
    assert (corrected >= p_values).all()
    assert (corrected <= np.minimum(1, 12 * p_values) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(p_values)]) >= 0).all()
