"""Holm's correction: many comparisons at once, still one chance in twenty of any false alarm among them.

Holm: A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979,
https://www.jstor.org/stable/4615733
"""

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Corrected p-values in the order given; None stays None and does not count as a comparison."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        corrected[place] = highest
    return corrected
