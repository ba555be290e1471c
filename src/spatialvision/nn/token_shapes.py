"""The one check of tokens and of the positions that they are placed at."""

from collections.abc import Sequence

from torch import Tensor


def check_tokens(tokens: Tensor, positions: Tensor, shape: Sequence[int]) -> None:
    """Refuse tokens or positions whose shape does not end in (tokens, width).

    Raises:
        ValueError: with both shapes.
    """
    expected = tuple(shape)
    for name, value in (("tokens", tokens), ("positions", positions)):
        if value.shape[-2:] != expected:
            raise ValueError(f"{name}: expected {expected} at the end of the shape, got {tuple(value.shape)}")
