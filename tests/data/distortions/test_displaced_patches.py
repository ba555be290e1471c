import pytest
import torch

from spatialvision.data.distortions.displaced_patches import displaced_patches
from spatialvision.data.randomness import sample_keys

IMAGES = torch.rand(6, 3, 28, 28)
KEYS = sample_keys(0, 0, torch.arange(6))


def changed(images: torch.Tensor) -> torch.Tensor:
    """(B, 7, 7), whether a patch is another than before."""
    differs = (images != IMAGES).any(dim=1)
    return differs.unflatten(2, (7, 4)).unflatten(1, (7, 4)).any(dim=4).any(dim=2)


@pytest.mark.parametrize("patches", [0, 2, 8, 49])
def test_so_many_patches_move_and_all_are_still_there(patches: int) -> None:
    distorted = displaced_patches(patches=patches)(IMAGES, KEYS)
    assert changed(distorted).sum(dim=(1, 2)).tolist() == [patches] * 6
    torch.testing.assert_close(distorted.flatten(2).sort().values, IMAGES.flatten(2).sort().values)


def test_each_image_follows_from_its_key_alone() -> None:
    distortion = displaced_patches(patches=8)
    whole = distortion(IMAGES, KEYS)
    assert torch.equal(distortion(IMAGES[2:4], KEYS[2:4]), whole[2:4])
    assert not torch.equal(changed(whole)[0], changed(whole)[1])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="patches: expected 0, or 2 to 49, got 1"):
        displaced_patches(patches=1)
    with pytest.raises(ValueError, match="5"):
        displaced_patches(grid_hw=(5, 5))(IMAGES, KEYS)
