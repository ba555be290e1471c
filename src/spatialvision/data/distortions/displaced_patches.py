"""Some patches of each image out of their places: all there is to see stays, where it is does not."""

from dataclasses import dataclass

from torch import Tensor

from spatialvision.data.distortion import Distortion
from spatialvision.data.randomness import uniform
from spatialvision.nn import shuffle_patches
from spatialvision.nn.displacement import displaced
from spatialvision.registry import register_distortion


@dataclass(frozen=True)
class DisplacedPatches:
    """See `displaced_patches`."""

    patches: int
    grid_hw: tuple[int, int]
    seed: int

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Images (B, C, H, W) of images (B, C, H, W)."""
        drawn = uniform(keys, self.grid_hw[0] * self.grid_hw[1], "displaced patches")
        return shuffle_patches(images, displaced(drawn, self.patches), self.grid_hw)


@register_distortion
def displaced_patches(patches: int = 8, grid_hw: tuple[int, int] = (7, 7), seed: int = 0) -> Distortion:
    """So many patches of each image, chosen at random, change places in a circle; the others stay.

    Convention: ``nn/patches.py``.

    Args:
        patches: how many; 0, or 2 up to all.
        grid_hw: rows and columns of patches, which divide the image's height and width.
        seed: fixes the validation and test images; not the experiment's seed.

    Raises:
        ValueError: a number of patches for which there is no such change, or no grid; later, if the grid does not
            divide the images.
    """
    if min(grid_hw) < 1:
        raise ValueError(f"grid_hw: expected at least 1 row and 1 column, got {grid_hw[0]} × {grid_hw[1]}")
    places = grid_hw[0] * grid_hw[1]
    if patches == 1 or not 0 <= patches <= places:
        raise ValueError(f"patches: expected 0, or 2 to {places}, got {patches}")
    return DisplacedPatches(patches, grid_hw, seed)
