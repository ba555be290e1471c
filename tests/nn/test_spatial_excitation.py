import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from spatialvision.nn import SpatialExcitation

SIZES = [(13, 13), (8, 8), (5, 5), (1, 1), (9, 20), (4, 11)]
FORMATS = [torch.contiguous_format, torch.channels_last]


def three_paths(module, features):
    """ReLU6(channel + spatial + identity), each path written out."""
    batch, channels, height, width = features.shape
    sums = (features.reshape(batch, channels, -1) * module.position_weight).sum(2)
    channel = module.channel_gate(sums).view(batch, channels, 1, 1) * features
    kernel = module.channel_weight.view(1, channels, 1, 1)
    one_map = F.conv2d(features, kernel, module.channel_bias.view(1))
    grid_hw = (min(height, 8), min(width, 8))
    cells = F.adaptive_avg_pool2d(one_map, grid_hw).flatten(1)
    weights = module.spatial_gate(cells).view(batch, 1, *grid_hw)
    spatial = F.interpolate(weights, size=(height, width), mode="nearest") * features
    return F.relu6(channel + spatial + features)


def example(size_hw, memory_format=torch.contiguous_format, channels=6):
    torch.manual_seed(0)
    features = 2 * torch.randn(3, channels, *size_hw)
    return SpatialExcitation(channels, 2, size_hw), features.to(memory_format=memory_format)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("size_hw", SIZES)
def test_equals_the_three_paths(size_hw, memory_format):
    module, features = example(size_hw, memory_format)
    features.requires_grad_()
    ours, theirs = module(features), three_paths(module, features)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(ours)
    inputs = [features, *module.parameters()]
    ours_gradients = torch.autograd.grad((ours * weights).sum(), inputs)
    their_gradients = torch.autograd.grad((theirs * weights).sum(), inputs)
    for mine, other in zip(ours_gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(module(features), ours, atol=1e-6, rtol=1e-6)


def test_layers_have_the_sizes_and_starting_ranges_of_the_original():
    torch.manual_seed(0)
    module = SpatialExcitation(96, 4, (57, 40))
    shapes = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    assert shapes == {
        "position_weight": (57 * 40,),
        "channel_weight": (96,),
        "channel_bias": (),
        "channel_gate.0.weight": (4, 96),
        "channel_gate.0.bias": (4,),
        "channel_gate.2.weight": (96, 4),
        "channel_gate.2.bias": (96,),
        "spatial_gate.0.weight": (128, 64),
        "spatial_gate.0.bias": (128,),
        "spatial_gate.2.weight": (64, 128),
        "spatial_gate.2.bias": (64,),
    }
    for weight in (module.position_weight, module.channel_weight):
        bound = 1 / math.sqrt(weight.numel())
        assert 0.9 * bound < weight.abs().max() <= bound
    assert module.channel_bias.abs() <= 1 / math.sqrt(96)


def test_a_place_has_its_weight():
    """Where the features are equal everywhere, only the spatial path tells places apart, cell by cell."""
    module, _ = example((16, 16))
    with torch.no_grad():
        module.spatial_gate[2].weight.zero_()
        module.spatial_gate[2].bias.copy_(torch.linspace(-3, 3, 64))
    result = module(torch.ones(1, 6, 16, 16))[0, 0]
    cells = result.unflatten(1, (8, 2)).unflatten(0, (8, 2)).movedim(1, 2)
    assert torch.equal(cells, cells[..., :1, :1].expand_as(cells))
    assert (cells[..., 0, 0].flatten().diff() > 0).all()


class FullSizeResults(TorchDispatchMode):
    """Counts the results, in new memory, that are as large as the features."""

    def __init__(self, features):
        super().__init__()
        self.size = features.numel()
        self.seen = {features.untyped_storage().data_ptr()}
        self.kept = []

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            is_large = isinstance(tensor, torch.Tensor) and tensor.numel() >= self.size
            if is_large and tensor.untyped_storage().data_ptr() not in self.seen:
                self.seen.add(tensor.untyped_storage().data_ptr())
                self.kept.append((str(function), tensor))  # kept alive, so that no memory is used twice
        return result


@pytest.mark.parametrize("memory_format", FORMATS)
def test_makes_one_tensor_of_full_size_in_inference_and_three_in_training(memory_format):
    module, features = example((13, 13), memory_format, channels=48)
    with torch.no_grad(), FullSizeResults(features) as inference:
        assert module(features).is_contiguous(memory_format=memory_format)
    assert len(inference.kept) == 1
    before = features.clone()
    with FullSizeResults(features) as training:
        assert module(features).is_contiguous(memory_format=memory_format)
    assert len(training.kept) == 3
    assert torch.equal(features, before)


def test_works_on_slices_of_other_tensors():
    module, _ = example((9, 20))
    wide = torch.randn(3, 12, 9, 40)
    part = wide[:, ::2, :, 1::2]
    torch.testing.assert_close(module(part), module(part.contiguous()))


@pytest.mark.parametrize("memory_format", FORMATS)
def test_runs_in_bfloat16_under_autocast(memory_format):
    module, features = example((13, 13), memory_format)
    features = features.bfloat16()
    exact = module(features.float())
    with torch.autocast("cpu", torch.bfloat16):
        result = module(features)
        with torch.no_grad():
            assert torch.equal(module(features), result)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), exact, atol=0.1, rtol=0.02)


@pytest.mark.parametrize("memory_format", FORMATS)
def test_traces_into_one_graph_and_exports_with_a_dynamic_batch(memory_format):
    module, features = example((13, 13), memory_format)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(features), module(features))
    with torch.no_grad():
        torch.testing.assert_close(compiled(features), module(features))
    dynamic = {"features": {0: torch.export.Dim("batch")}}
    program = torch.export.export(module, (features[:2],), dynamic_shapes=dynamic, strict=False)
    torch.testing.assert_close(program.module()(features), module(features))


def test_a_copy_is_independent():
    module, features = example((5, 5))
    copied, before = copy.deepcopy(module), module(features)
    with torch.no_grad():
        copied.position_weight.fill_(3)
    assert torch.equal(module(features), before)


def test_other_shapes_are_refused():
    module = SpatialExcitation(6, 2, (9, 20))
    expected = r"features: expected shape \(B, 6, 9, 20\), got "
    with pytest.raises(ValueError, match=expected + r"\(2, 6, 20, 9\)"):
        module(torch.randn(2, 6, 20, 9))
    with pytest.raises(ValueError, match=expected + r"\(2, 5, 9, 20\)"):
        module(torch.randn(2, 5, 9, 20))
