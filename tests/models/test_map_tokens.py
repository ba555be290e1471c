import pytest
import timm
import torch

from spatialvision.models.map_tokens import MapTokens


def tokens_of(name, **arguments):
    return MapTokens(timm.create_model(name, features_only=True, out_indices=(-1,), **arguments)).eval()


@pytest.fixture(scope="module")
def module():
    return tokens_of("resnet10t", in_chans=1)


@pytest.mark.parametrize("size_hw", [(32, 32), (64, 96), (40, 48)])
@torch.no_grad()
def test_one_token_for_each_place_row_by_row(module, size_hw):
    images = torch.randn(2, 1, *size_hw)
    maps = module.backbone(images)[-1]
    rows, columns = module.grid_hw(1, size_hw)
    assert maps.shape == (2, module.width, rows, columns)
    tokens = module(images)
    assert tokens.shape == (2, rows * columns, module.width)
    for row in range(rows):
        for column in range(columns):
            assert torch.equal(tokens[:, row * columns + column], maps[:, :, row, column])


def test_maps_with_their_channels_last():
    with torch.device("meta"):
        module = tokens_of("swin_tiny_patch4_window7_224")
        maps = module.backbone(torch.empty(1, 3, 224, 224))[-1]
        assert maps.shape == (1, *module.grid_hw(3, (224, 224)), module.width) == (1, 7, 7, 768)
        assert module(torch.empty(1, 3, 224, 224)).shape == (1, 49, 768)


def test_looking_at_shapes_changes_nothing():
    module = tokens_of("resnet10t").train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    assert module.grid_hw(3, (64, 64)) == (2, 2)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
