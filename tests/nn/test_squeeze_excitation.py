import copy

import pytest
import torch
from timm.layers import SEModule
from torch import nn

from spatialvision.nn import SqueezeExcitation


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_equals_timms_with_the_same_weights(memory_format):
    ours, theirs = SqueezeExcitation(6, 3), SEModule(6, rd_channels=3, act_layer=nn.SiLU)
    for layer, convolution in ((ours.gate[0], theirs.fc1), (ours.gate[2], theirs.fc2)):
        convolution.load_state_dict({"weight": layer.weight.data[:, :, None, None], "bias": layer.bias.data})
    features = torch.randn(2, 6, 5, 7).to(memory_format=memory_format).requires_grad_()
    result, expected = ours(features), theirs(features)
    torch.testing.assert_close(result, expected)
    assert result.is_contiguous(memory_format=memory_format)
    weights = torch.randn_like(result)
    (gradient,) = torch.autograd.grad((result * weights).sum(), features)
    (expected_gradient,) = torch.autograd.grad((expected * weights).sum(), features)
    torch.testing.assert_close(gradient, expected_gradient)


def test_weights_lie_between_0_and_1_and_do_not_depend_on_position():
    module, features = SqueezeExcitation(4, 2), torch.rand(2, 4, 6, 6) + 0.1
    ratio = module(features) / features
    torch.testing.assert_close(ratio, ratio[:, :, :1, :1].expand_as(ratio))
    assert 0 < ratio.min() < ratio.max() < 1
    torch.testing.assert_close(module(features.flip(3)), module(features).flip(3))


def test_runs_in_bfloat16_under_autocast_and_as_a_copy():
    module, features = SqueezeExcitation(4, 2), torch.randn(2, 4, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        result = module(features.bfloat16())
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), module(features), atol=0.02, rtol=0.02)
    assert torch.equal(copy.deepcopy(module)(features), module(features))


def test_traces_into_one_graph_and_exports_with_a_dynamic_batch():
    module, features = SqueezeExcitation(4, 2), torch.randn(5, 4, 6, 6)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(features), module(features))
    dynamic = {"features": {0: torch.export.Dim("batch")}}
    program = torch.export.export(module, (features[:2],), dynamic_shapes=dynamic, strict=False)
    torch.testing.assert_close(program.module()(features), module(features))


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"features: expected shape \(B, 4, H, W\), got \(2, 5, 6, 6\)"):
        SqueezeExcitation(4, 2)(torch.randn(2, 5, 6, 6))
