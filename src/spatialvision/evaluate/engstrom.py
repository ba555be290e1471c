"""The spatial attack: the worst of many small turns and shifts, for each image.

Engstrom et al., "Exploring the Landscape of Spatial Robustness", 2019, https://arxiv.org/abs/1712.02779
(section 3): angles within ± 30° and shifts within ± 10 % of the size, tried at random and on a grid.
"""

import itertools
import math

import torch
from torch import Tensor

from spatialvision.data.randomness import derive_seed, sample_keys, uniform
from spatialvision.evaluate.warps import similarity, square
from spatialvision.nn.grid import pixel_shift, similarity_matrix

ROTATION_DEG = 30
SHIFT_SHARE = 0.1
GRID_ANGLES, GRID_SHIFTS = 31, 5
DRAWS = 10
SEED = 0


def largest_shift_xy(size_hw: tuple[int, int]) -> tuple[int, int]:
    """10 % of width and height in whole pixels, at least 1: the paper's 3 pixels on images of 28 and of 32."""
    height, width = size_hw
    return max(1, round(SHIFT_SHARE * width)), max(1, round(SHIFT_SHARE * height))


def grid_values(size_hw: tuple[int, int]) -> tuple[list[float], list[float], list[float]]:
    """Angles in degrees, shifts to the right and shifts down in pixels, each evenly from − to + the largest."""
    right, down = largest_shift_xy(size_hw)
    ranges = [(ROTATION_DEG, GRID_ANGLES), (right, GRID_SHIFTS), (down, GRID_SHIFTS)]
    angles, rights, downs = (
        torch.linspace(-most, most, count, dtype=torch.float64).tolist() for most, count in ranges
    )
    return angles, rights, downs


def grid_matrices(size_hw: tuple[int, int]) -> list[Tensor]:
    """The 775 warps (3, 3), output to input: content turned, then shifted; the last of `grid_values` fastest."""
    return [
        similarity(size_hw, angle_deg=angle, pixels_xy=(right, down))
        for angle, right, down in itertools.product(*grid_values(size_hw))
    ]


def random_matrices(indices: Tensor, size_hw: tuple[int, int], seed: int = SEED) -> list[Tensor]:
    """Ten draws (N, 3, 3) for each image, uniform within the same bounds.

    Args:
        indices: (N,) int64, the images' places in the original split; an image's draws depend on its own
            index and the seed alone.
    """
    largest = torch.tensor(largest_shift_xy(size_hw))
    drawn = []
    for draw in range(DRAWS):
        numbers = (
            2 * uniform(sample_keys(derive_seed("robustness", seed), draw, indices.cpu()), 3, "warp") - 1
        )
        angle = numbers[:, 0] * math.radians(ROTATION_DEG)
        shift_xy = pixel_shift(numbers[:, 1:] * largest, size_hw)
        drawn.append(square(similarity_matrix(angle, torch.ones_like(angle), shift_xy, size_hw)))
    return drawn
