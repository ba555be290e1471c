import pytest
import torch
from torch import nn

from spatialvision.models.normaliser import build_normaliser
from spatialvision.nn import InputNormaliser


def test_the_three_kinds():
    assert isinstance(build_normaliser("none", 3), nn.Identity)
    shapes = {"scalar": (), "channel": (3, 1, 1)}
    for kind, shape in shapes.items():
        module = build_normaliser(kind, 3)
        assert isinstance(module, InputNormaliser)
        assert module.mean.shape == shape
        assert module(torch.rand(2, 3, 4, 4)).shape == (2, 3, 4, 4)


def test_others_are_named():
    with pytest.raises(ValueError, match="normaliser: expected one of none, scalar, channel; got 'batch'"):
        build_normaliser("batch", 3)
