import copy

import pytest
import torch
from torch import nn

from spatialvision.nn import CoordConv2d, NormalisedConv2d

OPTIONS = [
    {"kernel_size": 1},
    {"kernel_size": 1, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1, "groups": 4},
]


def example(**option):
    """A module with statistics and affine parameters as after training."""
    torch.manual_seed(0)
    module = NormalisedConv2d(4, 8, **option)
    for tensor in (module.norm.weight, module.norm.bias, module.norm.running_mean):
        nn.init.normal_(tensor)
    nn.init.uniform_(module.norm.running_var, 0.3, 3)
    return module


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_one_convolution_equals_the_two_modules(option, memory_format):
    module = example(**option).eval().to(memory_format=memory_format)
    features = torch.randn(3, 4, 9, 8).to(memory_format=memory_format).requires_grad_()
    ours, theirs = module(features), module.norm(module.convolution(features))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert ours.is_contiguous(memory_format=memory_format)
    weights = torch.randn_like(ours)
    inputs = [features, *module.parameters()]
    ours_gradients = torch.autograd.grad((ours * weights).sum(), inputs)
    their_gradients = torch.autograd.grad((theirs * weights).sum(), inputs)
    for mine, other in zip(ours_gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


def test_training_uses_and_updates_the_batchs_statistics():
    module = example(kernel_size=3)
    plain = nn.Sequential(copy.deepcopy(module.convolution), copy.deepcopy(module.norm))
    features = torch.randn(3, 4, 9, 8)
    assert torch.equal(module(features), plain(features))
    assert torch.equal(module.norm.running_mean, plain[1].running_mean)
    assert torch.equal(module.norm.running_var, plain[1].running_var)


def test_statistics_frozen_in_training_are_used_as_in_evaluation():
    module, features = example(kernel_size=3), torch.randn(3, 4, 9, 8)
    expected = copy.deepcopy(module).eval()(features)
    module.norm.eval()
    assert torch.equal(module(features), expected)


@pytest.mark.parametrize("part", ["convolution", "norm"])
def test_a_watched_part_is_called(part):
    module, features = example(kernel_size=3).eval(), torch.randn(3, 4, 9, 8)
    expected, seen = module(features), []
    handle = module.get_submodule(part).register_forward_hook(lambda *call: seen.append(call[2]))
    torch.testing.assert_close(module(features), expected, atol=1e-5, rtol=1e-5)
    assert [maps.shape for maps in seen] == [expected.shape]
    handle.remove()
    module(features)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("part", "other"),
    [("norm", nn.GroupNorm(2, 8)), ("norm", nn.Identity()), ("convolution", CoordConv2d(4, 8, 3))],
)
def test_parts_of_other_classes_are_called(part, other):
    module, features = example(kernel_size=3).eval(), torch.randn(3, 4, 9, 8)
    setattr(module, part, other)
    assert torch.equal(module(features), module.norm(module.convolution(features)))


def test_evaluation_follows_every_change_of_the_weights():
    module, features = example(kernel_size=3).eval(), torch.randn(3, 4, 9, 8)
    module(features)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1)
    expected = module.norm(module.convolution(features))
    torch.testing.assert_close(module(features), expected, atol=1e-5, rtol=1e-5)


def test_runs_in_bfloat16_under_autocast():
    module, features = example(kernel_size=3).eval(), torch.randn(3, 4, 9, 8)
    with torch.autocast("cpu", torch.bfloat16):
        result = module(features)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), module(features), atol=0.1, rtol=0.02)


@pytest.mark.parametrize("training", [True, False])
def test_traces_into_one_graph(training):
    module, features = example(kernel_size=3).train(training), torch.randn(3, 4, 9, 8)
    compiled = torch.compile(copy.deepcopy(module), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(features), module(features))


def test_exports_with_a_dynamic_batch():
    module, features = example(kernel_size=3).eval(), torch.randn(5, 4, 9, 8)
    dynamic = {"features": {0: torch.export.Dim("batch")}}
    program = torch.export.export(module, (features[:2],), dynamic_shapes=dynamic, strict=False)
    torch.testing.assert_close(program.module()(features), module(features))
