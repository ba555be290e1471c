import pytest
import scipy.stats
import torch

from spatialvision.data.distortions import translated
from spatialvision.data.randomness import sample_keys


def keys(count: int) -> torch.Tensor:
    return sample_keys(0, 0, torch.arange(count))


def test_the_image_arrives_to_the_bit_and_nothing_else() -> None:
    images = torch.rand(50, 3, 20, 28, generator=torch.Generator().manual_seed(0))
    distortion = translated()
    result, corners = distortion(images, keys(50)), distortion.corners(keys(50), (20, 28))
    assert result.shape == (50, 3, 60, 60)
    for image, canvas, (row, column) in zip(images, result, corners.tolist(), strict=True):
        assert torch.equal(canvas[:, row : row + 20, column : column + 28], image)
        assert canvas.count_nonzero() == image.count_nonzero()


def test_all_places_are_equally_likely() -> None:
    corners = translated(canvas=30).corners(keys(20_000), (20, 28))
    for axis, places in ((0, 11), (1, 3)):
        counts = torch.bincount(corners[:, axis])
        assert len(counts) == places
        assert scipy.stats.chisquare(counts.numpy()).pvalue > 0.01
    # Row and column are independent.
    both = torch.bincount(corners[:, 0] * 3 + corners[:, 1], minlength=33)
    assert scipy.stats.chisquare(both.numpy()).pvalue > 0.01


def test_a_canvas_of_the_images_size_changes_nothing() -> None:
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert torch.equal(translated(canvas=28)(images, keys(3)), images)


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="canvas: expected at least 28 pixels for images of 20×28, got 27"):
        translated(canvas=27)(torch.zeros(1, 1, 20, 28), keys(1))
    with pytest.raises(ValueError, match="canvas: expected a positive number of pixels, got 0"):
        translated(canvas=0)
