import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spatialvision.models import build_model
from spatialvision.nn import SpatialExcitation
from spatialvision.registry import MODELS

PARAMETERS = [5_503_768, 8_124_397, 9_259_207, 12_212_566, 18_957_607, 29_665_438, 41_860_130, 64_739_386]


def build(level=0, num_classes=10, in_channels=3, size_hw=(40, 33)):
    torch.manual_seed(0)
    data = {"num_classes": num_classes, "in_channels": in_channels, "size_hw": size_hw}
    return build_model(f"spatialnet_{level}", {}, **data)


@pytest.mark.parametrize(("level", "count"), list(enumerate(PARAMETERS)))
def test_parameter_counts(level, count):
    with torch.device("meta"):
        model = build(level, num_classes=1000, size_hw=(224, 224))
    assert sum(parameter.numel() for parameter in model.parameters()) == count


def test_excitations_have_the_sizes_of_the_original():
    with torch.device("meta"):
        model = build(size_hw=(224, 224))
    sizes = [
        {module.size_hw[0] for module in stage.modules() if isinstance(module, SpatialExcitation)}
        for stage in model.stages
    ]
    assert sizes == [{113}, {57}, {29}, {15}, {15}, {8}, {8}]


@pytest.mark.parametrize("size_hw", [(32, 32), (33, 70), (2, 2), (5, 3)])
def test_images_of_any_size_it_was_built_for(size_hw):
    model = build(size_hw=size_hw).eval()
    with torch.no_grad():
        logits = model(torch.randn(2, 3, *size_hw))
    assert logits.shape == (2, 10)
    assert logits.isfinite().all()


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"images: expected height and width \(40, 33\), got \(33, 40\)"):
        build()(torch.randn(2, 3, 33, 40))
    with pytest.raises(ValueError, match="size_hw: expected at least 2 × 2 pixels, got 32 × 0"):
        build(size_hw=(32, 0))


def written_out(module, features):
    """ReLU6(channel + spatial + identity) as three products and two sums."""
    batch, channels, height, width = features.shape
    sums = (features.reshape(batch, channels, -1) * module.position_weight).sum(2)
    channel = module.channel_gate(sums).view(batch, channels, 1, 1) * features
    one_map = F.conv2d(features, module.channel_weight.view(1, channels, 1, 1), module.channel_bias.view(1))
    grid_hw = (min(height, 8), min(width, 8))
    weights = module.spatial_gate(F.adaptive_avg_pool2d(one_map, grid_hw).flatten(1))
    spatial = F.interpolate(weights.view(batch, 1, *grid_hw), size=(height, width)) * features
    return F.relu6(channel + spatial + features)


def plain_forward(model, images):
    """The whole network with PyTorch's modules, none of them merged or in place."""

    def normalised(part, maps):
        return part.norm(part.convolution(maps))

    maps = F.silu(normalised(model.stem[0], images))
    for block in (block for stage in model.stages for block in stage):
        inner = F.silu(normalised(block.expand[0], maps)) if len(block.expand) else maps
        inner = F.silu(normalised(block.depthwise[0], inner))
        inner = normalised(block.project, written_out(block.excitation, inner))
        maps = maps + inner if maps.shape == inner.shape else inner
    maps = F.silu(normalised(model.head[0], maps))
    return model.classifier(F.adaptive_avg_pool2d(maps, 1).flatten(1))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_equals_the_written_out_network(memory_format):
    model = build().to(memory_format=memory_format)
    images = torch.randn(4, 3, 40, 33).to(memory_format=memory_format)
    for norm in (module for module in model.modules() if isinstance(module, nn.BatchNorm2d)):
        norm.momentum = 1.0  # the statistics become this batch's, so that every layer's maps have a spread
    with torch.no_grad():
        model(images)
        ours, theirs = model.eval()(images), plain_forward(model, images)
    assert (ours - ours.mean(0)).std() > 0.05
    torch.testing.assert_close(ours, theirs, atol=3e-5, rtol=1e-5)


@pytest.mark.slow
def test_traces_into_one_graph():
    model, images = build(size_hw=(32, 32)).eval(), torch.randn(2, 3, 32, 32)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with torch.no_grad():
        torch.testing.assert_close(compiled(images), model(images))


def test_runs_in_bfloat16_under_autocast():
    model, images = build(size_hw=(32, 32)).eval(), torch.randn(2, 3, 32, 32)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = model(images)
    assert logits.dtype == torch.bfloat16
    assert logits.isfinite().all()


def test_all_levels_are_registered_with_their_options_described():
    for level in range(8):
        builder = MODELS[f"spatialnet_{level}"]
        assert builder.__name__ == f"spatialnet_{level}"
        assert all(f"{option}:" in builder.__doc__ for option in ("num_classes", "in_channels", "size_hw"))
