"""Counts against what the layers' shapes say, worked out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spatialvision.evaluate.multiply_adds import multiply_adds


class Sandwich(nn.Module):
    """A strided convolution, attention over its places, a vector of weights over them, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.query_key_value = nn.Linear(8, 24)
        self.places = nn.Parameter(torch.randn(16))
        self.linear = nn.Linear(8, 5)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.norm(self.convolution(images)).relu()
        tokens = self.query_key_value(maps.flatten(2).transpose(1, 2)).unflatten(2, (3, 2, 4))
        queries, keys, values = tokens.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(queries, keys, values).transpose(1, 2).flatten(2)
        return self.linear(mixed.transpose(1, 2) @ self.places)


@pytest.mark.parametrize("images", [1, 3])
def test_convolution_linear_attention_and_vectors_by_hand(images: int) -> None:
    convolution = 4 * 4 * 8 * 3 * 3 * 3
    projection = 16 * 8 * 24
    attention = 2 * (16 * 16 * 4) * 2  # two heads; queries by keys, and weights by values
    by_hand = convolution + projection + attention + 8 * 16 + 8 * 5
    assert multiply_adds(Sandwich(), torch.randn(images, 3, 8, 8)) == images * by_hand


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_share_the_channels(groups: int) -> None:
    model = nn.Conv2d(4, 8, 3, groups=groups)
    assert multiply_adds(model, torch.randn(1, 4, 10, 12)) == 8 * 10 * 8 * 9 * 4 // groups


@pytest.mark.parametrize("trainable", [True, False])
def test_pytorchs_own_encoder_layers_are_seen(trainable: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).requires_grad_(trainable)
    before = torch.backends.mha.get_fastpath_enabled()
    by_hand = 5 * 8 * 24 + 2 * 5 * 5 * 8 + 5 * 8 * 8 + 2 * 5 * 8 * 16
    assert multiply_adds(layer, torch.randn(1, 5, 8)) == by_hand
    assert torch.backends.mha.get_fastpath_enabled() is before


def test_the_model_stays_as_it_was() -> None:
    model = Sandwich().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    multiply_adds(model, torch.randn(2, 3, 8, 8))
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
