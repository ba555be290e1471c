import pytest
import torch
from torch import nn

from spatialvision.nn import FeedForward


@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU])
def test_widens_fourfold_and_back(activation):
    module, tokens = FeedForward(8, activation), torch.randn(2, 5, 8)
    hidden = activation()(tokens @ module.expand.weight.T + module.expand.bias)
    assert hidden.shape == (2, 5, 32)
    torch.testing.assert_close(module(tokens), hidden @ module.contract.weight.T + module.contract.bias)


def test_each_token_by_itself():
    module, tokens = FeedForward(8), torch.randn(2, 5, 8)
    changed = tokens.clone()
    changed[:, 3] = 0
    same = (module(tokens) == module(changed)).all(dim=2).all(dim=0)
    assert same.tolist() == [True, True, True, False, True]


def test_drops_after_the_activation():
    module, tokens = FeedForward(8, dropout=0.5), torch.randn(2, 5, 8)
    torch.manual_seed(0)
    ours = module(tokens)
    torch.manual_seed(0)
    torch.testing.assert_close(
        ours, module.contract(nn.functional.dropout(module.expand(tokens).relu(), 0.5))
    )
    torch.testing.assert_close(module.eval()(tokens), module.contract(module.expand(tokens).relu()))
