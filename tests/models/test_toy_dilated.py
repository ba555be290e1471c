import pytest
import torch
from torch import nn

from spatialvision.models.toy_dilated import toy_dilated


@pytest.mark.parametrize("normaliser", ["none", "scalar", "channel"])
def test_parameter_count(normaliser):
    with torch.device("meta"):
        model = toy_dilated(1000, 3, normaliser)
    assert sum(parameter.numel() for parameter in model.parameters()) == 61_896


@pytest.mark.parametrize("size_hw", [(32, 32), (28, 28), (7, 40)])
def test_every_stage_keeps_the_size(size_hw):
    model, shapes = toy_dilated(10, 1), []
    for stage in model.stages:
        stage.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape)))
    assert model(torch.randn(2, 1, *size_hw)).shape == (2, 10)
    assert shapes == [(2, 32, *size_hw)] * 4


def test_equals_the_layers_written_out():
    model, images = toy_dilated(5, 3).eval(), torch.randn(2, 3, 20, 24)
    maps = images
    for stage, dilation in zip(model.stages, (1, 2, 4, 8), strict=True):
        convolution, norm, activation = stage
        assert isinstance(activation, nn.GELU)
        maps = nn.functional.conv2d(
            maps, convolution.weight, convolution.bias, padding=dilation, dilation=dilation
        )
        maps = nn.functional.gelu(
            (maps - 0) / (1 + norm.eps) ** 0.5
        )  # statistics, scale and offset as they start
    torch.testing.assert_close(model(images), model.head(maps.mean((2, 3))))


def test_the_last_map_sees_31_pixels():
    model = toy_dilated(2, 1).eval().double()
    images = torch.randn(1, 1, 41, 41, dtype=torch.float64, requires_grad=True)
    model.stages(images)[0, :, 20, 20].sum().backward()
    seen = images.grad[0, 0].nonzero()
    assert (seen.min(0).values.tolist(), seen.max(0).values.tolist()) == ([5, 5], [35, 35])
