"""Four answers to an image and its shuffled self: at the positions where the patches lie, and at wrong ones.

A puzzle as in Noroozi and Favaro, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles", 2016,
https://arxiv.org/abs/1603.09246, but the network is told where the pieces lie, truly or falsely.

Convention: ``nn/patches.py``; place i of the shuffled image holds patch ``permutation[i]``, and the shuffled table
of positions holds position ``permutation[i]`` there. So image and table shuffled alike say the same as both in order.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from spatialvision.models.protocols import HasTokens
from spatialvision.nn import shuffle_patches, shuffle_tokens, token_permutations


class FourAnswers(NamedTuple):
    """Logits (B, outputs): the first letter is the image's order, the second the positions', n normal, s shuffled."""

    nn: Tensor
    ss: Tensor
    ns: Tensor
    sn: Tensor


def patch_grid(model: HasTokens, grid_hw: tuple[int, int] | None) -> tuple[int, int]:
    """Rows and columns of the patches to shuffle: those asked for, else one patch a token.

    Raises:
        ValueError: a patch would not be a whole number of tokens or of pixels, or there is only one.
    """
    rows, columns = model.grid_hw if grid_hw is None else grid_hw
    for what, (height, width) in (("tokens", model.grid_hw), ("pixels", model.size_hw)):
        if rows < 1 or columns < 1 or height % rows or width % columns:
            raise ValueError(
                f"grid_hw: expected rows and columns of patches that divide the model's {height} × {width} {what}, "
                f"got {rows} × {columns}"
            )
    if rows * columns < 2:
        raise ValueError(
            f"grid_hw: expected at least 2 patches, got {rows} × {columns}; the model makes {model.grid_hw[0]} × "
            f"{model.grid_hw[1]} tokens of images of {model.size_hw[0]} × {model.size_hw[1]} pixels"
        )
    return rows, columns


def four_answers(
    model: HasTokens, images: Tensor, permutations: Tensor, grid_hw: tuple[int, int]
) -> FourAnswers:
    """The model's answers to images and shuffled images, at positions in order and shuffled.

    The backbone runs once, on images and shuffled images as one batch, so that batch statistics cover both; so does
    what follows, on all four. In place of the positions it is the tokens that are shuffled, back by the inverse: to
    a model that knows a token's place by its position alone both are the same, the positions stay one table for all
    images, and where the order tells it too, as in relative attention, it tells what the positions do.

    Args:
        model: with tokens.
        images: (B, C, H, W), as the model sees them.
        permutations: (B, rows · columns), int64, one an image.
        grid_hw: rows and columns of patches, from ``patch_grid``.

    Raises:
        ValueError: shapes that do not fit.
    """
    shuffled = shuffle_patches(images, permutations, grid_hw)
    tokens, of_shuffled = model.tokens(torch.cat([images, shuffled])).chunk(2)
    back = token_permutations(permutations, grid_hw, model.grid_hw).argsort(dim=1)
    placed = [tokens, shuffle_tokens(of_shuffled, back), shuffle_tokens(tokens, back), of_shuffled]
    return FourAnswers(*model.classify(torch.cat(placed), model.patch_positions()).chunk(4))


def uniform_cross_entropy(logits: Tensor) -> Tensor:
    """Cross-entropy (B,) of logits (B, outputs) against the uniform distribution; log(outputs) at the least."""
    return -logits.log_softmax(dim=1).mean(dim=1)
