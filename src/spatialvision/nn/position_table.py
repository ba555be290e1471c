"""Learned positions: one vector for each place in the sequence.

Dosovitskiy et al., "An Image is Worth 16×16 Words", 2020, https://arxiv.org/abs/2010.11929 (section 3.1)
"""

import torch
from torch import Tensor, nn


class PositionTable(nn.Module):
    """One learned vector per token, for queries and keys: ``encoder(tokens, table())``.

    All layers that are handed the same table's tensor share its positions, and their gradients add up.

    Convention: row i belongs to token i. Shuffling rows and tokens alike changes nothing but the order of the
    result. The vectors start as N(0, 1 / width), so of length about 1.

    Args:
        tokens: length of the sequence.
        width: of the tokens.
    """

    def __init__(self, tokens: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(tokens, width))
        nn.init.normal_(self.weight, std=width**-0.5)

    def forward(self) -> Tensor:
        """The positions (tokens, width)."""
        return self.weight

    def extra_repr(self) -> str:
        return "{}, {}".format(*self.weight.shape)
