import pytest
import torch
from torch import nn

from spatialvision.models import HasTokens
from spatialvision.models.small_cnn import convolutional_stages, small_cnn, small_cnn_encoder
from spatialvision.models.upgrades.stages import stage_names

SIZES = [((28, 28), (7, 7)), ((32, 32), (8, 8)), ((30, 25), (8, 7))]


@pytest.mark.parametrize(("size_hw", "grid_hw"), SIZES)
def test_a_token_for_each_place_of_the_last_map(size_hw: tuple[int, int], grid_hw: tuple[int, int]) -> None:
    model, images = small_cnn_encoder(10, 1, size_hw, heads=2).eval(), torch.randn(2, 1, *size_hw)
    assert isinstance(model, HasTokens)
    assert model.grid_hw == grid_hw
    stages = model.get_submodule("trunk.0")
    maps = stages(images)
    assert maps.shape == (2, 32, *grid_hw)
    assert torch.equal(model.tokens(images).unflatten(1, grid_hw), maps.permute(0, 2, 3, 1))
    torch.testing.assert_close(model(images), model.classify(model.tokens(images), model.patch_positions()))


def test_equals_the_layers_written_out() -> None:
    model, images = small_cnn(5, 3, width=16).eval(), torch.randn(2, 3, 20, 24)
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    maps = images
    for convolution, stride in zip(convolutions, (1, 2, 1, 2, 1), strict=True):
        maps = nn.functional.conv2d(maps, convolution.weight, stride=stride, padding=1)
        maps = (maps / (1 + 1e-5) ** 0.5).relu()  # statistics, scale and offset as they start
    assert [convolution.out_channels for convolution in convolutions] == [4, 8, 8, 16, 16]
    torch.testing.assert_close(model(images), model.head(maps.mean((2, 3))), atol=1e-5, rtol=1e-4)
    assert stage_names(model) == ("stages.0", "stages.1", "stages.2")


def test_both_have_the_same_convolutions() -> None:
    encoder, plain = small_cnn_encoder(5, 1, (28, 28), width=64), small_cnn(5, 1, width=64)
    shapes = [
        {name: value.shape for name, value in stages.state_dict().items()}
        for stages in (encoder.get_submodule("trunk.0"), plain.get_submodule("stages"))
    ]
    assert shapes[0] == shapes[1]


def test_wrong_widths_are_named() -> None:
    with pytest.raises(ValueError, match="width: expected a multiple of 4, got 30"):
        convolutional_stages(1, 30)
    with pytest.raises(ValueError, match="width: expected a multiple of the 3 heads, got 32"):
        small_cnn_encoder(5, 1, (28, 28), heads=3)
