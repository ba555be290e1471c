import pytest
import torch

from spatialvision.nn.image_size import check_size


def test_images_of_another_size_are_refused() -> None:
    check_size(torch.zeros(2, 3, 28, 32), (28, 32))
    with pytest.raises(ValueError, match=r"images: expected height and width \(28, 32\), got \(32, 28\)"):
        check_size(torch.zeros(2, 3, 32, 28), (28, 32))
