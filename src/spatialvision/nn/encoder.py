"""The layers of a transformer encoder, and a stack of them.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762 (section 3.1), normalise after
each residual sum; Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020,
https://arxiv.org/abs/2002.04745, compare this with normalising before each part.
"""

from collections.abc import Iterable

from torch import Tensor, nn


class PostNormLayer(nn.Module):
    """x = LN(x + attention(x)), then x = LN(x + feed_forward(x)): the original order.

    With ``Attention`` and ``FeedForward`` it equals ``nn.TransformerEncoderLayer(norm_first=False)``.

    Args:
        width: of the tokens.
        attention: tokens (B, T, width) and positions (or None) to (B, T, width).
        feed_forward: tokens (B, T, width) to (B, T, width).
        dropout: probability of dropping a number of either part's result, in training.
    """

    def __init__(self, width: int, attention: nn.Module, feed_forward: nn.Module, dropout: float = 0.0):
        super().__init__()
        self.attention = attention
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward = feed_forward
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Tokens (B, T, width), at positions that the attention takes, to (B, T, width)."""
        tokens = self.attention_norm(tokens + self.dropout(self.attention(tokens, positions)))
        return self.feed_forward_norm(tokens + self.dropout(self.feed_forward(tokens)))

    def weights(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """The attention's weights (B, heads, T, T) on these tokens, for an ``attention`` that tells them."""
        return self.attention.weights(tokens, positions)  # type: ignore[operator]


class PreNormLayer(nn.Module):
    """x = x + attention(LN(x)), then x = x + feed_forward(LN(x)): the sum itself is never normalised.

    With ``Attention`` and ``FeedForward`` it equals ``nn.TransformerEncoderLayer(norm_first=True)``. Positions
    are added after the normalisation.

    Args:
        width: of the tokens.
        attention: tokens (B, T, width) and positions (or None) to (B, T, width).
        feed_forward: tokens (B, T, width) to (B, T, width).
        dropout: probability of dropping a number of either part's result, in training.
    """

    def __init__(self, width: int, attention: nn.Module, feed_forward: nn.Module, dropout: float = 0.0):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = attention
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = feed_forward
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Tokens (B, T, width), at positions that the attention takes, to (B, T, width)."""
        tokens = tokens + self.dropout(self.attention(self.attention_norm(tokens), positions))
        return tokens + self.dropout(self.feed_forward(self.feed_forward_norm(tokens)))

    def weights(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """The attention's weights (B, heads, T, T) on these tokens, for an ``attention`` that tells them."""
        return self.attention.weights(self.attention_norm(tokens), positions)  # type: ignore[operator]


class Encoder(nn.Module):
    """Layers one after the other, all at the same positions.

    Args:
        layers: modules such as ``PreNormLayer``, each with weights of its own.
    """

    def __init__(self, layers: Iterable[nn.Module]):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Tokens (B, T, width), at positions that the layers take, to (B, T, width)."""
        for layer in self.layers:
            tokens = layer(tokens, positions)
        return tokens

    def weights(self, tokens: Tensor, positions: Tensor | None = None) -> tuple[Tensor, ...]:
        """The attention's weights (B, heads, T, T) in each layer, for pictures."""
        found = []
        for layer in self.layers:
            found.append(layer.weights(tokens, positions))  # type: ignore[operator]
            tokens = layer(tokens, positions)
        return tuple(found)
