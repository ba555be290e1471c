import pytest
import torch

from spatialvision.models.downsampling import downsampled_size, downsampling


@pytest.mark.parametrize(
    ("size_hw", "factor", "smaller"), [((42, 42), 2, (21, 21)), ((7, 9), 3, (2, 3)), ((5, 6), 1, (5, 6))]
)
def test_the_size_is_that_of_the_averaged_images(size_hw, factor, smaller):
    assert downsampled_size(size_hw, factor) == smaller
    assert downsampling(factor)(torch.rand(2, 3, *size_hw)).shape == (2, 3, *smaller)


def test_each_pixel_is_the_mean_over_its_square():
    images = torch.rand(2, 3, 6, 4)
    squares = images.reshape(2, 3, 3, 2, 2, 2)
    torch.testing.assert_close(downsampling(2)(images), squares.mean((3, 5)))
    assert torch.equal(downsampling(1)(images), images)


def test_wrong_factors_are_refused_by_the_options_name():
    with pytest.raises(ValueError, match="downsample: expected at least 1, got 0"):
        downsampled_size((28, 28), 0)
    with pytest.raises(ValueError, match=r"other: expected at most 20 for images of \(28, 20\), got 21"):
        downsampled_size((28, 20), 21, "other")
