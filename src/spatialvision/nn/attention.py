"""Multi-head self-attention over tokens, with positions, a mask and a temperature where they are wanted.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762 (section 3.2)
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.nn.relative_positions import RelativePositions

#: Number of tokens T and device to the pairs that take part: (T, T) of bool, row the query, column the key.
Mask = Callable[[int, torch.device], Tensor]


def diagonal_mask(tokens: int, device: torch.device) -> Tensor:
    """The mask under which a token attends to all tokens but itself: (T, T), False on the diagonal.

    Lee et al., "Vision Transformer for Small-Size Datasets", 2021, https://arxiv.org/abs/2112.13492 (section 3.2)

    Raises:
        ValueError: a single token, which would have nothing to attend to.
    """
    if tokens < 2:
        raise ValueError(f"tokens: expected at least 2 under a diagonal mask, got {tokens}")
    return ~torch.eye(tokens, dtype=torch.bool, device=device)


class Attention(nn.Module):
    """Every token becomes a mixture of all, weighted by how well its query fits their keys.

    The energies are (q·k + terms of ``relative``) / √(width / heads); masked pairs get −∞; all are divided by
    ``temperature``; softmax over the keys; dropout. The options are independent and combine.

    Convention: alike for every order of the tokens unless positions are given. ``positions`` are added to what
    queries and keys are made of, never to the values, so that no position enters the result as content.

    Args:
        width: of the tokens, a multiple of ``heads``.
        heads: attentions side by side, each over width / heads numbers.
        relative: distances between tokens, for the same width and heads; None for no such terms.
        mask: which pairs take part, such as ``diagonal_mask``; None for all.
        temperature: energies to energies of the same shape, linear, such as ``LogTemperature()``; None for τ = 1.
        dropout: probability of dropping an attention weight in training.
        bias: whether queries, keys and values have a bias; the output always has.

    Attributes:
        query_key_value: the three projections in one, its rows in this order.
        output: the projection of the result.

    Raises:
        ValueError: the width is not a multiple of the heads, or ``relative`` is for others.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        relative: RelativePositions | None = None,
        mask: Mask | None = None,
        temperature: nn.Module | None = None,
        dropout: float = 0.0,
        bias: bool = True,
    ):
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"width: expected a multiple of the {heads} heads, got {width}")
        if relative is not None and (relative.width, relative.heads) != (width, heads):
            raise ValueError(
                f"relative: expected width {width} and {heads} heads, "
                f"got width {relative.width} and {relative.heads} heads"
            )
        self.width = width
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width, bias=bias)
        self.output = nn.Linear(width, width)
        self.relative = relative
        self.mask = mask
        self.temperature = nn.Identity() if temperature is None else temperature
        self.dropout = dropout

    def forward(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Mix tokens (B, T, width) at positions (T, width), or (B, T, width), or None: (B, T, width).

        Raises:
            ValueError: tokens or positions of another shape.
        """
        queries, keys, values, mask = self._terms(tokens, positions)
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(queries, keys, values, mask, dropout)
        return self.output(mixed.transpose(1, 2).flatten(2))

    def weights(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """How much each token, by row, takes of each, by column: (B, heads, T, T); every row sums to 1.

        For pictures: ``forward`` mixes by these weights without ever holding them. Without dropout.

        Raises:
            ValueError: tokens or positions of another shape.
        """
        queries, keys, _, mask = self._terms(tokens, positions)
        energies = queries @ keys.transpose(2, 3) * (self.width // self.heads) ** -0.5
        if mask is not None and mask.dtype == torch.bool:
            energies = energies.masked_fill(~mask, -torch.inf)
        elif mask is not None:
            energies = energies + mask
        return energies.softmax(dim=3)

    def _terms(
        self, tokens: Tensor, positions: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        # Queries, keys, values and mask as F.scaled_dot_product_attention takes them.
        self._check(tokens, positions)
        queries, keys, values = self._project(tokens, positions)
        keys = self.temperature(keys)
        mask = None if self.mask is None else self.mask(tokens.shape[1], tokens.device)
        if self.relative is not None:
            queries, energies = self._relative_terms(self.relative, queries)
            mask = energies if mask is None else energies.masked_fill(~mask, -torch.inf)
        return queries, keys, values, mask

    def _project(self, tokens: Tensor, positions: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        projected = self.query_key_value(tokens)
        if positions is not None:
            # W(x + p) = Wx + Wp: tokens are projected once for all three, shared positions once for all images.
            added = F.linear(positions, self.query_key_value.weight[: 2 * self.width])
            projected = projected + F.pad(added, (0, self.width))
        queries, keys, values = (self._by_head(part) for part in projected.chunk(3, dim=2))
        return queries, keys, values

    def _by_head(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def _relative_terms(self, relative: RelativePositions, queries: Tensor) -> tuple[Tensor, Tensor]:
        # The scale and the temperature go to the few distances rather than to the many pairs.
        scale = (self.width // self.heads) ** -0.5
        return relative(queries, self.temperature(relative.distance_keys(queries.shape[2])) * scale)

    def _check(self, tokens: Tensor, positions: Tensor | None) -> None:
        if tokens.ndim != 3 or tokens.shape[2] != self.width:
            raise ValueError(f"tokens: expected shape (B, T, {self.width}), got {tuple(tokens.shape)}")
        if positions is None:
            return
        expected = tokens.shape if positions.ndim == 3 else tokens.shape[1:]
        if positions.shape != expected:
            raise ValueError(f"positions: expected shape {tuple(expected)}, got {tuple(positions.shape)}")

    def extra_repr(self) -> str:
        mask = "" if self.mask is None else f", mask={getattr(self.mask, '__name__', self.mask)}"
        return f"width={self.width}, heads={self.heads}, dropout={self.dropout}{mask}"
