import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import torch

from spatialvision.data.distortions import rotated
from spatialvision.data.randomness import sample_keys


def keys(count: int) -> torch.Tensor:
    return sample_keys(0, 0, torch.arange(count))


@pytest.mark.parametrize("size_hw", [(28, 28), (17, 26)])
def test_it_turns_as_scipy_does(size_hw: tuple[int, int]) -> None:
    images = torch.rand(8, 2, *size_hw, generator=torch.Generator().manual_seed(0))
    distortion = rotated()
    angles = distortion.angle_rad(keys(8)).rad2deg()
    for image, result, angle in zip(images, distortion(images, keys(8)), angles, strict=True):
        expected = scipy.ndimage.rotate(
            image.numpy(), float(angle), axes=(2, 1), reshape=False, order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(result.numpy(), expected, atol=2e-5)


def test_angles_are_uniform() -> None:
    angles = rotated().angle_rad(keys(10_000)).rad2deg()
    assert -90 <= angles.min() < -89.8
    assert 89.8 < angles.max() <= 90
    assert scipy.stats.kstest(angles.numpy(), "uniform", args=(-90, 180)).pvalue > 0.01


def test_theta_and_angle_agree_on_square_images() -> None:
    distortion = rotated(rotation_deg=180)
    theta, angle = distortion.theta(keys(100), (28, 28)), distortion.angle_rad(keys(100))
    expected = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(-1, 2, 2)
    torch.testing.assert_close(theta[:, :, :2], expected)
    assert theta[:, :, 2].abs().max() == 0


@pytest.mark.parametrize("angle", [-1.0, 181.0])
def test_nonsense_is_refused(angle: float) -> None:
    with pytest.raises(ValueError, match="rotation_deg: expected 0 to 180 degrees, got"):
        rotated(rotation_deg=angle)
