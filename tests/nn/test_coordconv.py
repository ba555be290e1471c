import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spatialvision.nn import CoordConv2d, coordinate_channels


def concatenating(layer, features):
    """The paper's form, written out: append the coordinates to every image, then convolve."""
    batch, _, height, width = features.shape
    row = (2 * torch.arange(height) / (height - 1) - 1).view(1, 1, height, 1).expand(batch, 1, height, width)
    column = (2 * torch.arange(width) / (width - 1) - 1).view(1, 1, 1, width).expand(batch, 1, height, width)
    channels = [features, row, column]
    if layer.with_radius:
        channels.append((row**2 + column**2).sqrt())
    plain = nn.Conv2d(
        sum(part.shape[1] for part in channels),
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        bias=False,
        padding_mode=layer.padding_mode,
    )
    return plain._conv_forward(torch.cat(channels, 1), layer.weight, layer.bias)


def options():
    for mode, with_radius in itertools.product(["zeros", "reflect", "replicate", "circular"], [False, True]):
        yield {"kernel_size": 3, "padding": 1, "padding_mode": mode, "with_radius": with_radius}
    yield {"kernel_size": 5}
    yield {"kernel_size": 3, "stride": 2, "padding": 1}
    yield {"kernel_size": 3, "dilation": 2, "padding": "same", "bias": False}
    yield {
        "kernel_size": (1, 3),
        "stride": (2, 1),
        "padding": (0, 1),
        "dilation": (1, 2),
        "with_radius": True,
    }


@pytest.mark.parametrize("option", list(options()), ids=str)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_equals_the_concatenating_form(option, memory_format):
    layer = CoordConv2d(3, 4, **option).to(memory_format=memory_format)
    features = torch.randn(2, 3, 9, 12).to(memory_format=memory_format).requires_grad_()
    ours, theirs = layer(features), concatenating(layer, features)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(ours)
    inputs = [features, *layer.parameters()]
    ours_gradients = torch.autograd.grad((ours * weights).sum(), inputs)
    their_gradients = torch.autograd.grad((theirs * weights).sum(), inputs)
    for mine, other in zip(ours_gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-5)


def test_coordinates_are_row_column_radius():
    row, column, radius = coordinate_channels((3, 5), torch.zeros(0), with_radius=True)[0]
    assert row[:, 0].tolist() == [-1, 0, 1]
    assert column[0].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert radius[1, 2] == 0
    torch.testing.assert_close(radius[0, 0], torch.tensor(2.0).sqrt())


def test_weight_holds_the_features_first():
    layer = CoordConv2d(3, 4, 3, with_radius=True)
    assert layer.weight.shape == (4, 6, 3, 3)
    with torch.no_grad():
        layer.weight[:, 3:] = 0
    features = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(layer(features), F.conv2d(features, layer.weight[:, :3], layer.bias))


def test_coordinates_are_not_rounded_by_autocast():
    layer = CoordConv2d(2, 1, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0]).view(1, 4, 1, 1))
    features = torch.randn(2, 2, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        result = layer(features)
    assert result.dtype == torch.bfloat16
    assert torch.equal(result[0, 0, 0], torch.linspace(-1, 1, 6).bfloat16())


def test_keeps_channels_last():
    layer = CoordConv2d(3, 8, 3).to(memory_format=torch.channels_last)
    features = torch.randn(2, 3, 8, 8).to(memory_format=torch.channels_last)
    assert layer(features).is_contiguous(memory_format=torch.channels_last)


def test_exports_with_a_dynamic_batch():
    layer = CoordConv2d(3, 4, 3, padding=1)
    dynamic = {"features": {0: torch.export.Dim("batch")}}
    program = torch.export.export(layer, (torch.randn(2, 3, 8, 8),), dynamic_shapes=dynamic)
    features = torch.randn(5, 3, 8, 8)
    torch.testing.assert_close(program.module()(features), layer(features))


def test_traces_into_one_graph():
    layer = CoordConv2d(3, 4, 3)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    features = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(compiled(features), layer(features))


def test_wrong_channels_are_named():
    with pytest.raises(ValueError, match=r"expected shape \(B, 3, H, W\), got \(2, 4, 8, 8\)"):
        CoordConv2d(3, 4, 3)(torch.randn(2, 4, 8, 8))
