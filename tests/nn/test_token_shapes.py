import pytest
import torch

from spatialvision.nn.token_shapes import check_tokens


def test_both_are_checked_and_named() -> None:
    tokens, positions = torch.zeros(2, 6, 4), torch.zeros(6, 4)
    check_tokens(tokens, positions, (6, 4))
    check_tokens(tokens, positions.expand(2, 6, 4), torch.Size((6, 4)))
    with pytest.raises(
        ValueError, match=r"tokens: expected \(5, 4\) at the end of the shape, got \(2, 6, 4\)"
    ):
        check_tokens(tokens, positions, (5, 4))
    with pytest.raises(ValueError, match=r"positions: expected \(6, 4\) at the end of the shape, got \(6,\)"):
        check_tokens(tokens, positions[:, 0], (6, 4))
