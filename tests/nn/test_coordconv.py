import copy
import itertools
import pickle

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


def evaluated(memory_format=torch.contiguous_format, **option):
    """A layer in evaluation mode, and features for it."""
    layer = CoordConv2d(3, 4, 3, padding=1, **option).eval().to(memory_format=memory_format)
    return layer, torch.randn(2, 3, 8, 9).to(memory_format=memory_format)


def fresh(layer, features):
    """The layer's result where nothing can have been kept: with gradients on."""
    return layer(features).detach()


@pytest.fixture
def computed(monkeypatch):
    """How often coordinates were convolved."""
    calls = []
    original = CoordConv2d._convolve_coordinates

    def counting(*arguments):
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(CoordConv2d, "_convolve_coordinates", counting)
    return calls


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("bias", [True, False])
def test_the_coordinates_part_is_computed_once_for_a_size(memory_format, mode, bias, computed):
    layer, features = evaluated(memory_format, bias=bias)
    expected = [fresh(layer, features), fresh(layer, features[:, :, :5])]
    computed.clear()
    layer.eval()
    with mode():
        for _ in range(3):
            assert torch.equal(layer(features), expected[0])
        assert len(computed) == 1
        assert torch.equal(layer(features[:, :, :5]), expected[1])
        assert len(computed) == 2


def test_what_inference_mode_kept_serves_without_it(computed):
    layer, features = evaluated()
    with torch.inference_mode():
        layer(features)
    with torch.no_grad():
        torch.testing.assert_close(layer(features), layer(features))
    assert len(computed) == 1
    features.requires_grad_()
    layer(features).sum().backward()
    assert layer.weight.grad.any()


CHANGES = {
    "in place": lambda layer: layer.weight.mul_(2),
    "the features' weights alone": lambda layer: layer.weight[:, :3].mul_(2),
    "the coordinates' weights alone": lambda layer: layer.weight[:, 3:].mul_(2),
    "bias in place": lambda layer: layer.bias.add_(1),
    "through detach": lambda layer: layer.weight.detach().mul_(2),
    "another storage": lambda layer: setattr(layer.weight, "data", layer.weight * 2),
    "another parameter": lambda layer: setattr(layer, "weight", nn.Parameter(layer.weight * 2)),
    "a loaded state": lambda layer: layer.load_state_dict(CoordConv2d(3, 4, 3, padding=1).state_dict()),
    "an assigned state": lambda layer: layer.load_state_dict(
        CoordConv2d(3, 4, 3, padding=1).state_dict(), assign=True
    ),
    "vector_to_parameters": lambda layer: nn.utils.vector_to_parameters(
        torch.randn(5 * 4 * 9 + 4), layer.parameters()
    ),
    "data, then the mode": lambda layer: (layer.weight.data.mul_(2), layer.train().eval()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_weights_are_noticed(change):
    layer, features = evaluated()
    with torch.no_grad():
        for _ in range(3):  # memory that is given back may be used for the next weights
            before = layer(features)
            change(layer)
            after = layer(features)
            assert not torch.equal(before, after)
            torch.testing.assert_close(after, fresh_without_gradients(layer, features))


def fresh_without_gradients(layer, features):
    return copy.deepcopy(layer)(features)


@pytest.mark.parametrize(
    "make",
    [
        lambda parameters: torch.optim.SGD(parameters, 0.1, fused=True),
        lambda parameters: torch.optim.SGD(parameters, 0.1, foreach=True),
        lambda parameters: torch.optim.AdamW(parameters, 0.1, fused=True),
        lambda parameters: torch.optim.Adam(parameters, 0.1, foreach=False),
    ],
)
def test_an_optimizer_step_is_noticed_without_a_change_of_mode(make):
    layer, features = evaluated()
    optimizer = make(layer.parameters())
    for _ in range(3):
        with torch.no_grad():
            before = layer(features)
        layer(features).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            assert not torch.equal(layer(features), before)
            torch.testing.assert_close(layer(features), fresh_without_gradients(layer, features))


def test_a_step_between_passes_without_gradients_is_noticed():
    layer, features = evaluated()
    optimizer = torch.optim.SGD(layer.parameters(), 0.1, fused=True)
    loss = layer(features).square().sum()
    with torch.no_grad():
        layer(features)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        torch.testing.assert_close(layer(features), fresh_without_gradients(layer, features))


def test_memory_of_other_weights_is_given_back():
    layer, features = evaluated()
    with torch.no_grad():
        layer(features)
        assert layer._kept._entry is not None
        layer.double()
        assert layer._kept._entry is None
        assert layer(features.double()).dtype == torch.float64


def test_another_type_of_result_is_noticed():
    layer, features = evaluated()
    with torch.no_grad():
        full = layer(features)
        with torch.autocast("cpu", torch.bfloat16):
            half = layer(features)
            assert torch.equal(half, layer(features))
        assert half.dtype == torch.bfloat16
        assert torch.equal(layer(features), full)


def test_nothing_is_kept_in_training_or_with_gradients(computed):
    layer, features = evaluated()
    layer(features), layer(features)
    assert len(computed) == 2
    with torch.no_grad():
        layer.train()(features), layer(features)
    assert len(computed) == 4


@pytest.mark.filterwarnings("ignore:.*:FutureWarning", "ignore:.*:torch.jit.TracerWarning")
def test_nothing_is_kept_from_tracing_or_the_meta_device(computed):
    layer, features = evaluated()
    with torch.no_grad():
        layer(features)
        program = torch.export.export(layer, (features,))
        traced = torch.jit.trace(layer, features, check_trace=False)
        compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
        compiled(features)
        layer.weight.mul_(2)
        expected = layer(features)
        torch.testing.assert_close(compiled(features), expected)
        torch.testing.assert_close(traced(features), expected)
        with torch.device("meta"):
            empty = CoordConv2d(3, 4, 3).eval()
            assert empty(torch.empty(2, 3, 8, 8)).shape == (2, 4, 6, 6)
        assert empty._kept._entry is None
    weights = program.state_dict | {"weight": layer.weight}
    torch.testing.assert_close(torch.func.functional_call(program.module(), weights, (features,)), expected)


def test_weights_of_a_functional_call_are_not_confused():
    layer, features = evaluated()
    other = {name: torch.randn_like(value) for name, value in layer.named_parameters()}
    with torch.no_grad():
        own = layer(features)
        swapped = torch.func.functional_call(layer, other, (features,))
        assert torch.equal(layer(features), own)
        layer.load_state_dict(other)
        torch.testing.assert_close(layer(features), swapped)


def test_copies_and_pickles_start_afresh():
    layer, features = evaluated()
    with torch.no_grad():
        expected = layer(features)
        for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert copied._kept is not layer._kept
            assert copied._kept._entry is None
            assert torch.equal(copied(features), expected)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_the_gradient_in_channels_last_is_that_of_contiguous_maps():
    layer, features = evaluated()
    last = copy.deepcopy(layer).to(memory_format=torch.channels_last)
    layer(features).square().sum().backward()
    last(features.to(memory_format=torch.channels_last)).square().sum().backward()
    torch.testing.assert_close(last.weight.grad, layer.weight.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(last.bias.grad, layer.bias.grad, rtol=1e-4, atol=1e-4)


def test_second_derivatives():
    layer = CoordConv2d(1, 2, 3, padding=1).double()
    features = torch.randn(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (features,))
    assert torch.autograd.gradgradcheck(lambda x: layer(x).pow(3), (features,))


def test_an_ensemble_runs_as_one():
    layers = [CoordConv2d(3, 4, 3, padding=1).eval() for _ in range(3)]
    weights, buffers = torch.func.stack_module_state(layers)
    features = torch.randn(2, 3, 6, 6)

    def run(own_weights, own_buffers):
        return torch.func.functional_call(layers[0], (own_weights, own_buffers), (features,))

    expected = torch.stack([layer(features) for layer in layers])
    torch.testing.assert_close(torch.vmap(run)(weights, buffers), expected)
    with torch.no_grad():
        torch.testing.assert_close(torch.vmap(run)(weights, buffers), expected)
