"""Relative positions for attention: each query also sees how far away each key is.

Dai et al., "Transformer-XL", 2019, https://arxiv.org/abs/1901.02860 (section 3.3), with keys on both sides of
the query.
"""

import torch
from torch import Tensor, nn

from spatialvision.nn.sinusoid import sinusoid


class RelativePositions(nn.Module):
    """Adds to the energy q·k of query i and key j the terms q·r + u·k + v·r, with r the embedding of i − j.

    r is the sinusoid of the distance, projected without bias; u and v are learned, one vector per head, and
    start as N(0, 1). The 2T − 1 distances between T tokens are projected once, not the T² pairs: a query's
    products with all distances are one matrix product, and a shift of its rows puts them in the keys' order.

    Convention: the distance is i − j in tokens, positive where the key comes first. Energies depend on the
    distance alone, so a shift of all tokens changes nothing. Not promised: anything about distances in the
    image, as a step to the next row is as far as a whole row of steps to the right.

    Args:
        width: of the tokens, even.
        heads: of the attention that these are for.

    Attributes:
        content_bias: u, (heads, width / heads).
        position_bias: v, (heads, width / heads).
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.width = width
        self.heads = heads
        self.projection = nn.Linear(width, width, bias=False)
        self.content_bias = nn.Parameter(torch.randn(heads, width // heads))
        self.position_bias = nn.Parameter(torch.randn(heads, width // heads))

    def distance_keys(self, tokens: int) -> Tensor:
        """The embeddings r of the distances T − 1, …, −T for T tokens: (2T, heads, width / heads)."""
        weight = self.projection.weight
        distances = torch.arange(tokens - 1, -tokens - 1, -1, device=weight.device)
        embedding = sinusoid(distances, self.width).to(weight.dtype)
        return self.projection(embedding).unflatten(1, (self.heads, -1))

    def forward(self, queries: Tensor, distance_keys: Tensor) -> tuple[Tensor, Tensor]:
        """What attention needs for the three terms.

        Args:
            queries: (B, heads, T, width / heads).
            distance_keys: (2T, heads, width / heads), see the method of this name, possibly rescaled.

        Returns:
            The queries plus u, which bring in u·k, and the energies (q + v)·r (B, heads, T, T).
        """
        content, position = (
            bias[:, None].to(queries.dtype) for bias in (self.content_bias, self.position_bias)
        )
        by_distance = torch.einsum("bhtc,mhc->hbtm", queries + position, distance_keys)
        return queries + content, _by_key(by_distance).transpose(0, 1)


def _by_key(by_distance: Tensor) -> Tensor:
    # (…, T, 2T) by query and distance T−1, …, −T, to (…, T, T) by query and key. Read in rows of 2T − 1 numbers
    # the table starts one number earlier in each row, as the keys' distances do: two slices and no index.
    tokens = by_distance.shape[-2]
    start, row = tokens - 1, 2 * tokens - 1
    rows = by_distance.flatten(-2)[..., start : start + tokens * row]
    return rows.unflatten(-1, (tokens, row))[..., :tokens]
