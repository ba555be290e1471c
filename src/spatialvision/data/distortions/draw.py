"""What a distortion draws for each image: numbers between two limits, whole numbers, and the limits' check."""

from torch import Tensor

from spatialvision.data.randomness import uniform


def between(keys: Tensor, limits: tuple[float, float], stream: str) -> Tensor:
    """One uniform number (B,) in ``limits`` for each key; ``stream`` as for ``randomness.uniform``."""
    return limits[0] + (limits[1] - limits[0]) * uniform(keys, 1, stream)[:, 0]


def whole_numbers(keys: Tensor, count: int, below: int, stream: str) -> Tensor:
    """Uniform int64 (B, count) in 0 … below − 1; ``below`` up to 2²⁴, what ``randomness.uniform`` tells apart."""
    return (uniform(keys, count, stream).double() * below).long()


def check_scale(scale: tuple[float, float]) -> None:
    """Refuse a range of magnifications that is none.

    Raises:
        ValueError: not 0 < lowest ≤ highest.
    """
    if not 0 < scale[0] <= scale[1]:
        raise ValueError(f"scale: expected 0 < lowest ≤ highest, got {scale}")
