"""Fixed positions: sines and cosines of a place, at wavelengths from 2π to 10⁴·2π.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762 (section 3.5); here all sines
come before all cosines.
"""

import math

import torch
from torch import Tensor

from spatialvision.nn.precision import at_least_float32


def sinusoid(positions: Tensor, width: int) -> Tensor:
    """The embedding [sin(ω · position), cos(ω · position)] with ω_i = exp(-ln(10⁴) · i / (width / 2)).

    Convention: positions count tokens, and may be negative, such as distances, or lie between tokens. Position 0
    gives zeros, then ones.

    Args:
        positions: (n,), integers or real numbers.
        width: of the embedding, even.

    Returns:
        (n, width) in [-1, 1], float32 (float64 for float64 positions).

    Raises:
        ValueError: the positions are not a list of numbers, or the width is odd.
    """
    if positions.ndim != 1:
        raise ValueError(f"positions: expected shape (n,), got {tuple(positions.shape)}")
    if width < 2 or width % 2:
        raise ValueError(f"width: expected an even number of at least 2, got {width}")
    positions, half = at_least_float32(positions), width // 2
    steps = torch.arange(half, device=positions.device, dtype=positions.dtype)
    angles = positions[:, None] * torch.exp(steps * (-math.log(1e4) / half))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def grid_sinusoid(size_hw: tuple[int, int], width: int) -> Tensor:
    """The embedding of every place of a grid: that of its row plus that of its column.

    Convention: row 0 is the top, column 0 the left; places follow each other in row order. Not promised: an
    embedding of its own for each place. Rows and columns have the same wavelengths, so (row, column) and
    (column, row) share theirs.

    Args:
        size_hw: rows and columns of the grid.
        width: of the embedding, even.

    Returns:
        (H·W, width) in [-2, 2], float32.
    """
    rows, columns = (sinusoid(torch.arange(count), width) for count in size_hw)
    return (rows[:, None] + columns).flatten(0, 1)
