"""Cut images into patches, put them back in another order, and order their tokens the same way.

Convention: a grid (rows, columns) of equal patches in row order: patch 0 is the top left one, patch 1 the one
to its right. A permutation says where each place gets its patch from: place i of the shuffled image holds
patch ``permutation[i]`` of the image. Permutations are (B, patches), int64, one an image; that each row holds
every number once is not checked. A class token is no patch and has no part in any of this.

The objective they serve is a puzzle: Noroozi and Favaro, "Unsupervised Learning of Visual Representations by
Solving Jigsaw Puzzles", 2016, https://arxiv.org/abs/1603.09246
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def cut_patches(images: Tensor, grid_hw: tuple[int, int]) -> Tensor:
    """The images' patches in row order.

    Args:
        images: (B, C, H, W), any type.
        grid_hw: rows and columns of patches; they divide H and W.

    Returns:
        (B, rows · columns, C, H / rows, W / columns).

    Raises:
        ValueError: the images have another number of dimensions, or the grid does not divide them.
    """
    if images.ndim != 4:
        raise ValueError(f"images: expected shape (B, C, H, W), got {tuple(images.shape)}")
    rows, columns = grid_hw
    height, width = images.shape[2:]
    if min(grid_hw) < 1 or height % rows or width % columns:
        raise ValueError(f"grid_hw: expected divisors of {height} × {width} pixels, got {rows} × {columns}")
    cells = images.unflatten(3, (columns, -1)).unflatten(2, (rows, -1))  # (B, C, rows, h, columns, w)
    return cells.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)


def join_patches(patches: Tensor, grid_hw: tuple[int, int]) -> Tensor:
    """The images that these patches make up: the inverse of ``cut_patches``.

    Args:
        patches: (B, rows · columns, C, h, w), in row order.
        grid_hw: rows and columns of patches.

    Returns:
        (B, C, rows · h, columns · w).

    Raises:
        ValueError: there are not as many patches as places.
    """
    rows, columns = grid_hw
    if patches.ndim != 5 or patches.shape[1] != rows * columns:
        expected = f"(B, {rows * columns}, C, h, w) for {rows} × {columns} places"
        raise ValueError(f"patches: expected shape {expected}, got {tuple(patches.shape)}")
    cells = patches.unflatten(1, (rows, columns))  # (B, rows, columns, C, h, w)
    return cells.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


def shuffle_patches(images: Tensor, permutations: Tensor, grid_hw: tuple[int, int]) -> Tensor:
    """Move each image's patches about: place i gets patch ``permutations[:, i]``.

    Args:
        images: (B, C, H, W), any type.
        permutations: (B, rows · columns), int64.
        grid_hw: rows and columns of patches; they divide H and W.

    Returns:
        (B, C, H, W).

    Raises:
        ValueError: shapes that do not fit, or permutations of another type.
    """
    patches = cut_patches(images, grid_hw)
    return join_patches(_reorder(patches, permutations), grid_hw)


def unshuffle_patches(images: Tensor, permutations: Tensor, grid_hw: tuple[int, int]) -> Tensor:
    """Move each image's patches back to where ``shuffle_patches`` with the same permutations took them from."""
    _check(permutations, grid_hw[0] * grid_hw[1])
    return shuffle_patches(images, permutations.argsort(dim=1), grid_hw)


def shuffle_tokens(tokens: Tensor, permutations: Tensor) -> Tensor:
    """Order tokens or positions as ``shuffle_patches`` orders patches: place i gets row ``permutations[:, i]``.

    Args:
        tokens: (patches, width), a table shared by all images, or (B, patches, width), each image's own.
        permutations: (B, patches), int64.

    Returns:
        (B, patches, width).

    Raises:
        ValueError: shapes that do not fit, or permutations of another type.
    """
    if tokens.ndim == 3:
        return _reorder(tokens, permutations)
    if tokens.ndim != 2:
        expected = "(patches, width) or (B, patches, width)"
        raise ValueError(f"tokens: expected shape {expected}, got {tuple(tokens.shape)}")
    _check(permutations, tokens.shape[0])
    return F.embedding(permutations, tokens)


def token_permutations(
    permutations: Tensor, grid_hw: tuple[int, int], token_grid_hw: tuple[int, int]
) -> Tensor:
    """Permutations of patches as permutations of the tokens in them, which keep their order within a patch.

    Args:
        permutations: (B, rows · columns) of patches, int64.
        grid_hw: rows and columns of patches.
        token_grid_hw: rows and columns of tokens, multiples of those of patches.

    Returns:
        (B, tokens), int64: shuffling patches moves the token at ``[:, i]`` to place i.

    Raises:
        ValueError: the patches do not divide the tokens, or permutations of another shape or type.
    """
    rows, columns = token_grid_hw
    if min(grid_hw) < 1 or rows % grid_hw[0] or columns % grid_hw[1]:
        raise ValueError(
            f"grid_hw: expected divisors of {rows} × {columns} tokens, got {grid_hw[0]} × {grid_hw[1]}"
        )
    numbers = torch.arange(rows * columns, device=permutations.device).view(1, 1, rows, columns)
    return shuffle_patches(numbers.expand(len(permutations), 1, -1, -1), permutations, grid_hw).flatten(1)


def permutations_from(numbers: Tensor) -> Tensor:
    """Permutations by rank: entry i of a row is where its i-th smallest number stands.

    Args:
        numbers: (B, patches), such as uniform random numbers: then all permutations are equally likely. Equal
            numbers stay in order.

    Returns:
        (B, patches), int64.

    Raises:
        ValueError: the numbers have another number of dimensions.
    """
    if numbers.ndim != 2:
        raise ValueError(f"numbers: expected shape (B, patches), got {tuple(numbers.shape)}")
    return numbers.argsort(dim=1, stable=True)


def random_permutations(
    batch: int,
    patches: int,
    *,
    generator: torch.Generator | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """One random permutation for each image.

    Args:
        batch: how many.
        patches: how many places each permutes.
        generator: source of the random numbers; None for PyTorch's default one of the device.
        device: where they are made; with a generator, its device.

    Returns:
        (batch, patches), int64.
    """
    return permutations_from(torch.rand(batch, patches, generator=generator, device=device))


def _reorder(rows: Tensor, permutations: Tensor) -> Tensor:
    """Row ``permutations[b, i]`` of (B, n, …) at place i."""
    _check(permutations, rows.shape[1])
    if permutations.shape[0] != rows.shape[0]:
        raise ValueError(f"permutations: expected {rows.shape[0]}, one an image, got {permutations.shape[0]}")
    images = torch.arange(rows.shape[0], device=rows.device)
    return rows[images[:, None], permutations]


def _check(permutations: Tensor, patches: int) -> None:
    if permutations.ndim != 2 or permutations.shape[1] != patches:
        raise ValueError(f"permutations: expected shape (B, {patches}), got {tuple(permutations.shape)}")
    if permutations.dtype != torch.int64:
        raise ValueError(f"permutations: expected int64, got {permutations.dtype}")
