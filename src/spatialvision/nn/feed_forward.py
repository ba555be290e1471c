"""The feed-forward network of a transformer: it works on each token by itself.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762 (section 3.3)
"""

from collections.abc import Callable

from torch import Tensor, nn


class FeedForward(nn.Module):
    """Linear to ``expansion`` times the width, activation, dropout, linear back.

    Args:
        width: of the tokens.
        activation: the class of the activation, such as ``nn.ReLU`` or ``nn.GELU``.
        dropout: probability of dropping a number after the activation, in training.
        expansion: the hidden width over the width.
    """

    def __init__(
        self,
        width: int,
        activation: Callable[[], nn.Module] = nn.ReLU,
        dropout: float = 0.0,
        expansion: int = 4,
    ):
        super().__init__()
        self.expand = nn.Linear(width, expansion * width)
        self.activation = activation()
        self.dropout = nn.Dropout(dropout)
        self.contract = nn.Linear(expansion * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (..., width) to (..., width)."""
        return self.contract(self.dropout(self.activation(self.expand(tokens))))
