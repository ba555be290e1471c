"""Intervals over images, against those of scipy and of the normal distribution."""

import math
import time

import numpy as np
import pytest
from scipy import stats

from spatialvision.report.statistics.bootstrap import bootstrap_interval


def test_a_share_of_many_images_has_the_textbooks_interval() -> None:
    """p ± 1.96 √(p (1 − p) / n), which is what the bootstrap tends to."""
    correct = np.repeat([1.0, 0.0], [9_000, 1_000])
    half = 1.96 * math.sqrt(0.9 * 0.1 / 10_000)
    assert bootstrap_interval(correct) == pytest.approx((0.9 - half, 0.9 + half), abs=0.0003)


def test_the_same_as_scipys_bootstrap() -> None:
    generator = np.random.default_rng(0)
    differences = generator.choice([-1, -0.5, 0, 0.5, 1], 200, p=[0.05, 0.1, 0.6, 0.15, 0.1])
    drawn = stats.bootstrap((differences,), np.mean, method="percentile", rng=generator)
    expected = drawn.confidence_interval.low, drawn.confidence_interval.high
    assert bootstrap_interval(differences) == pytest.approx(expected, abs=0.1 * drawn.standard_error)


def test_it_is_the_same_every_time() -> None:
    values = np.repeat([1.0, 0.0], [3, 5])
    assert bootstrap_interval(values) == bootstrap_interval(values[::-1])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_without_scatter_there_is_no_interval(value: float) -> None:
    assert bootstrap_interval(np.full(100, value)) is None


def test_the_last_bits_make_no_levels() -> None:
    values = np.array([0.1 + 0.2, 0.3] * 50)
    assert len(set(values.tolist())) == 2
    assert bootstrap_interval(values) is None


def test_time_does_not_grow_with_the_images() -> None:
    """Drawing 9,999 times a million images one by one would take minutes."""
    begin = time.perf_counter()
    bootstrap_interval(np.repeat([1.0, 0.0], [900_000, 100_000]))
    assert time.perf_counter() - begin < 20
