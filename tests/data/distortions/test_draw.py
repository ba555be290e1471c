import pytest
import scipy.stats
import torch

from spatialvision.data.distortions.draw import between, check_scale, whole_numbers
from spatialvision.data.randomness import sample_keys

KEYS = sample_keys(0, 0, torch.arange(5000))


def test_between_is_uniform() -> None:
    drawn = between(KEYS, (-2.0, 3.0), "test")
    assert scipy.stats.kstest(drawn.numpy(), "uniform", args=(-2, 5)).pvalue > 0.01


@pytest.mark.parametrize("below", [1, 7, 60_000])
def test_whole_numbers_are_uniform(below: int) -> None:
    drawn = whole_numbers(KEYS, 3, below, "test")
    assert drawn.shape == (5000, 3)
    assert 0 <= drawn.min() <= drawn.max() < below
    bins = torch.bincount(drawn.flatten() * min(below, 10) // below, minlength=min(below, 10))
    shares = torch.bincount(torch.arange(below) * min(below, 10) // below).double() / below
    assert len(bins) == 1 or scipy.stats.chisquare(bins, (shares * 15_000).numpy()).pvalue > 0.01


@pytest.mark.parametrize("scale", [(0.0, 1.0), (1.0, 0.5), (float("nan"), 1.0)])
def test_a_range_that_is_none_is_refused(scale: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="scale: expected 0 < lowest ≤ highest, got"):
        check_scale(scale)
