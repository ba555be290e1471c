"""A difference with what is known of its size."""

from typing import NamedTuple

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A difference, its 95 % interval, and the p-value of "there is none".

    Attributes:
        p: two-sided, in (0, 1]: how often chance alone gives a difference as large.
    """

    difference: float
    low: float
    high: float
    p: float
