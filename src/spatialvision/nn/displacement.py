"""Permutations that put so many patches out of place, or all of them, but none far.

Convention: ``nn/patches.py``; a permutation says where each place gets its patch from.
"""

import torch
from torch import Tensor


def displaced(numbers: Tensor, patches: int) -> Tensor:
    """So many patches out of place, all others where they were.

    Args:
        numbers: (N, places), uniform random numbers; they choose the patches and the circle in which these move on.
        patches: how many; 0, or 2 up to all.

    Returns:
        (N, places), int64.

    Raises:
        ValueError: a number of patches for which there is no such permutation.
    """
    places = numbers.shape[1]
    if patches == 1 or not 0 <= patches <= places:
        raise ValueError(f"patches: expected 0, or 2 to {places}, got {patches}")
    chosen = numbers.argsort(dim=1, stable=True)[:, :patches]
    stay = torch.arange(places, device=numbers.device).repeat(len(numbers), 1)
    return stay.scatter(1, chosen, chosen.roll(1, dims=1))


def jittered(numbers: Tensor, grid_hw: tuple[int, int], reach: int) -> Tensor:
    """All patches about their places, none further away than so many rows and so many columns.

    First up and down in each column, then to and fro in each row: sorted by the place plus a random number below
    ``reach + 1``, so that a patch passes those only that lie at most ``reach`` away.

    Args:
        numbers: (N, 2 · places), uniform random numbers in [0, 1).
        grid_hw: rows and columns of patches.
        reach: the furthest; 0 leaves all where they are.

    Returns:
        (N, places), int64.

    Raises:
        ValueError: a negative reach.
    """
    if reach < 0:
        raise ValueError(f"reach: expected 0 or more, got {reach}")
    rows, columns = grid_hw
    noise = (reach + 1) * numbers.view(-1, 2, rows, columns)
    row = (noise[:, 0] + torch.arange(rows, device=noise.device)[:, None]).argsort(dim=1, stable=True)
    column = (noise[:, 1] + torch.arange(columns, device=noise.device)).argsort(dim=2, stable=True)
    return (row.gather(2, column) * columns + column).flatten(1)
