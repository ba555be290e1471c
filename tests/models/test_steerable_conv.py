import builtins
import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from spatialvision.errors import RecipeError
from spatialvision.models.steerable_conv import ROTATIONS, SteerableConv2d, steerable_basis


def turned(maps: Tensor, quarters: int) -> Tensor:
    """Maps of fields turned by quarters: the pixels move, and each field's channels by two places a quarter."""
    fields = maps.unflatten(1, (-1, ROTATIONS)).roll(2 * quarters, dims=2)
    return fields.flatten(1, 2).rot90(quarters, (2, 3))


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize(("kernel_size", "padding"), [(7, 0), (3, 1), (4, 0)])
def test_a_turned_input_turns_the_output(quarters: int, kernel_size: int, padding: int) -> None:
    torch.manual_seed(0)
    images, maps = torch.randn(2, 3, 12, 15), torch.randn(2, 2 * ROTATIONS, 12, 15)
    first = SteerableConv2d(3, 2, kernel_size, padding, of_images=True)
    second = SteerableConv2d(2, 4, kernel_size, padding)
    torch.nn.init.normal_(second.bias)
    torch.testing.assert_close(
        first(images.rot90(quarters, (2, 3))), turned(first(images), quarters), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        second(turned(maps, quarters)), turned(second(maps), quarters), rtol=1e-4, atol=1e-5
    )


def test_an_eighth_of_a_turn_moves_the_channels_on_by_one() -> None:
    """Of a smooth image under the kernels' centre, sampled anew as it is turned."""
    torch.manual_seed(0)
    line = torch.linspace(-1, 1, 9)
    y, x = torch.meshgrid(line, line, indexing="ij")
    part = 0.5**0.5
    smooth = blob(x, y).expand(1, 1, 9, 9)
    turned_smooth = blob(part * (x - y), part * (x + y)).expand(1, 1, 9, 9)
    layer = SteerableConv2d(1, 50, 9, of_images=True)
    before, after = (layer(images).unflatten(1, (-1, ROTATIONS)) for images in (smooth, turned_smooth))
    assert (after - before.roll(1, dims=2)).norm() < 0.1 * before.norm()
    assert (after - before).norm() > 0.3 * before.norm()


def blob(x: Tensor, y: Tensor) -> Tensor:
    """A bright spot away from the centre."""
    return torch.exp(-4 * ((x - 0.3) ** 2 + 2 * (y + 0.1) ** 2))


def test_an_ordinary_kernel_does_not_turn_with_its_input() -> None:
    """The test above can fail."""
    torch.manual_seed(0)
    maps, kernel = torch.randn(2, ROTATIONS, 12, 12), torch.randn(ROTATIONS, ROTATIONS, 7, 7)
    difference = F.conv2d(turned(maps, 1), kernel) - turned(F.conv2d(maps, kernel), 1)
    assert difference.abs().max() > 1


@pytest.mark.parametrize("of_images", [True, False])
def test_the_convolution_is_that_of_e2cnn(of_images: bool) -> None:
    from e2cnn import gspaces
    from e2cnn import nn as steerable

    torch.manual_seed(0)
    space = gspaces.Rot2dOnR2(N=ROTATIONS)
    sources = 3 * [space.trivial_repr if of_images else space.regular_repr]
    source = steerable.FieldType(space, sources)
    target = steerable.FieldType(space, 2 * [space.regular_repr])
    reference = steerable.R2Conv(source, target, 7, bias=False)
    ours = SteerableConv2d(3, 2, 7, of_images=of_images)
    kernel = reference.expand_parameters()[0]
    # Whatever the order of its weights, its kernel is one that ours can take, and then the results are the same.
    blocks = kernel.detach().unflatten(0, (2, ROTATIONS)).unflatten(2, (3, -1)).permute(0, 2, 1, 3, 4, 5)
    basis = ours.basis.T
    found = torch.linalg.lstsq(basis.double(), blocks.flatten(2).flatten(0, 1).T.double()).solution
    ours.weight.data = found.T.reshape(2, 3, -1).float()
    torch.testing.assert_close(ours.kernel(), kernel, rtol=1e-3, atol=1e-5)
    maps = torch.randn(2, source.size, 11, 11)
    expected = reference(steerable.GeometricTensor(maps, source)).tensor
    torch.testing.assert_close(ours(maps), expected, rtol=1e-3, atol=1e-4)


def test_the_variance_stays_after_relu() -> None:
    """The mean square of what comes out is twice that of what goes in, as ReLU then halves it."""
    torch.manual_seed(0)
    maps = torch.randn(16, 16 * ROTATIONS, 15, 15)
    squares = SteerableConv2d(16, 64, 7)(maps).square().mean()
    assert squares.item() == pytest.approx(2, rel=0.1)


def test_kernels_are_steerable_ones_and_independent() -> None:
    basis = steerable_basis(5, of_images=False)
    assert basis.shape[1:] == (ROTATIONS, ROTATIONS, 5, 5)
    assert torch.linalg.matrix_rank(basis.flatten(1).double()) == len(basis)


def test_the_state_holds_weights_alone_and_a_copy_computes_the_same() -> None:
    layer = SteerableConv2d(1, 2, 3)
    assert layer.state_dict().keys() == {"weight", "bias"}
    maps = torch.randn(1, ROTATIONS, 6, 6)
    assert torch.equal(copy.deepcopy(layer)(maps), layer(maps))
    channels_last = copy.deepcopy(layer).to(memory_format=torch.channels_last)
    torch.testing.assert_close(channels_last(maps.to(memory_format=torch.channels_last)), layer(maps))
    assert layer.double()(maps.double()).dtype == torch.float64


def test_it_can_be_built_without_memory() -> None:
    with torch.device("meta"):
        layer = SteerableConv2d(1, 2, 3)
        assert layer(torch.empty(2, ROTATIONS, 6, 6)).shape == (2, 2 * ROTATIONS, 4, 4)
    assert {tensor.device.type for tensor in (*layer.parameters(), *layer.buffers())} == {"meta"}


def test_without_e2cnn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.split(".")[0] == "e2cnn":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RecipeError, match=r"need e2cnn.*: pip install 'spatialvision\[equivariant\]'"):
        SteerableConv2d(1, 2, 3)
