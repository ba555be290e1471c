"""The bootstrap: intervals over images, by drawing as many images again with replacement.

Efron: Bootstrap methods: another look at the jackknife, Annals of Statistics 7, 1979,
https://doi.org/10.1214/aos/1176344552. Percentile intervals.
"""

from functools import lru_cache

import numpy as np

from spatialvision.report.statistics.estimate import CONFIDENCE

RESAMPLES = 9_999
SEED = 20_260_101
FEW_IMAGES, IMAGES_A_LEVEL = 500, 10
"""With at most so many images it is quicker to draw these, once for all groups, than their levels."""


def bootstrap_interval(values: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval of the mean over images; None where all values are equal, as nothing scatters there.

    Args:
        values: (N,), one an image: 1 for right and 0 for wrong, its mean over seeds, or a paired difference
            of two of these. An image appears once, however many seeds there are.
    """
    levels, counts = image_levels(values)
    if len(levels) < 2:
        return None
    # The values have few levels. How often each is drawn is multinomial, which gives the very distribution of
    # means of drawn images in a time that does not grow with their number.
    if len(values) <= min(FEW_IMAGES, IMAGES_A_LEVEL * len(levels)):
        means = drawn_counts(len(values)) @ np.repeat(levels, counts).astype(np.float32) / len(values)
    else:
        draws = np.random.default_rng(SEED).multinomial(len(values), counts / len(values), RESAMPLES)
        means = draws @ levels / len(values)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


@lru_cache(maxsize=1)
def drawn_counts(images: int) -> np.ndarray:
    """(RESAMPLES, images) float32: how often each image is drawn. Reading them is what takes the time."""
    even = np.full(images, 1 / images)
    return np.random.default_rng(SEED).multinomial(images, even, RESAMPLES).astype(np.float32)


def image_levels(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values, rising, and how often there is each; the last bits of a mean over seeds do not count."""
    return np.unique(np.round(values, 12), return_counts=True)
