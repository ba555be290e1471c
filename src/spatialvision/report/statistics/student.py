"""Student's t: what the scatter over seeds says of a mean, and of the difference of two means.

Student: The probable error of a mean, Biometrika 6, 1908, https://doi.org/10.2307/2331554
Welch: The generalization of "Student's" problem when several different population variances are involved,
Biometrika 34, 1947, https://doi.org/10.2307/2332510

Accuracies come in steps of one image. Two seeds may agree to the image by chance, and a standard deviation of
zero would then make any difference certain. So a deviation is never taken for smaller than that which rounding
to steps causes by itself, step / √12.
"""

import math
from collections.abc import Sequence

import numpy as np

from spatialvision.report.statistics.estimate import CONFIDENCE, Estimate


def mean_interval(values: Sequence[float], step: float) -> tuple[float, float]:
    """The 95 % interval of the mean of independent values, one a seed.

    Args:
        values: (n,), n ≥ 2.
        step: the smallest difference that two values can have, > 0: 100 / images for accuracies in percent.

    Raises:
        ValueError: fewer than two values, or a step that is not positive.
    """
    mean, variance = moments(values, step**2 / 12)
    estimate = t_test(mean, variance / len(values), len(values) - 1)
    return estimate.low, estimate.high


def paired_difference(ours: Sequence[float], baseline: Sequence[float], step: float) -> Estimate:
    """The paired t-test: mean of the differences seed by seed.

    Args:
        ours, baseline: (n,) each, n ≥ 2, the same seeds in the same order.
        step: see `mean_interval`.

    Raises:
        ValueError: different lengths, fewer than two pairs, or a step that is not positive.
    """
    if len(ours) != len(baseline):
        raise ValueError(f"expected as many values of both groups, got {len(ours)} and {len(baseline)}")
    mean, variance = moments(np.subtract(ours, baseline), step**2 / 6)
    return t_test(mean, variance / len(ours), len(ours) - 1)


def welch_difference(ours: Sequence[float], baseline: Sequence[float], step: float) -> Estimate:
    """Welch's t-test: difference of the means of two groups of independent seeds, each with its own variance.

    Args:
        ours: (n,), baseline: (m,), both at least 2.
        step: see `mean_interval`.

    Raises:
        ValueError: fewer than two values in a group, or a step that is not positive.
    """
    (our_mean, our_variance), (mean, variance) = (moments(group, step**2 / 12) for group in (ours, baseline))
    shares = our_variance / len(ours), variance / len(baseline)
    freedom = sum(shares) ** 2 / (shares[0] ** 2 / (len(ours) - 1) + shares[1] ** 2 / (len(baseline) - 1))
    return t_test(our_mean - mean, sum(shares), freedom)


def moments(values: Sequence[float] | np.ndarray, least_variance: float) -> tuple[float, float]:
    """Mean and unbiased variance, the latter not below the least that is believed.

    Raises:
        ValueError: fewer than two values, or a least variance that is not positive.
    """
    if len(values) < 2:
        raise ValueError(f"expected at least two values, as one has no scatter, got {len(values)}")
    if not least_variance > 0:
        raise ValueError("step: expected the smallest difference that values can have, above 0")
    return float(np.mean(values)), max(float(np.var(values, ddof=1)), least_variance)


def t_test(difference: float, squared_error: float, freedom: float) -> Estimate:
    """From a difference, its squared standard error and the degrees of freedom to interval and p."""
    from scipy.special import stdtr, stdtrit

    error = math.sqrt(squared_error)
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    p = 2 * float(stdtr(freedom, -abs(difference) / error))
    return Estimate(difference, difference - half, difference + half, p)
