import pytest
import timm
import torch
import torchvision
from safetensors.torch import load, save

from spatialvision.models import backbone_state, build_model


@torch.enable_grad()
def trained(backbone: str = "resnet18") -> torch.nn.Module:
    """A patch encoder whose batch statistics and weights have moved."""
    torch.manual_seed(0)
    model = build_model(
        "patch_encoder", {"backbone": backbone, "layers": 1}, num_classes=7, in_channels=3, size_hw=(64, 64)
    )
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    model(torch.randn(4, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    return model.eval()


def images() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def torchvisions_tokens(network: torch.nn.Module) -> torch.Tensor:
    network.fc = torch.nn.Identity()
    maps: list[torch.Tensor] = []
    network.get_submodule("layer4").register_forward_hook(lambda module, given, result: maps.append(result))
    network.eval()(images())
    return maps[0].flatten(2).transpose(1, 2)


@torch.no_grad()
@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_torchvisions_network_has_the_same_features(backbone: str) -> None:
    model = trained(backbone)
    network = torchvision.models.get_model(backbone, weights=None)
    own = network.fc.weight.clone()
    network.load_state_dict(network.state_dict() | backbone_state(model.state_dict()))
    assert torch.equal(network.fc.weight, own)
    torch.testing.assert_close(torchvisions_tokens(network), model.tokens(images()), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_encoders_head_fits_in_its_place() -> None:
    model = trained()
    network = torchvision.models.resnet18(num_classes=7)
    head = {f"fc.{name}": value for name, value in model.head.state_dict().items()}
    network.load_state_dict(backbone_state(model.state_dict()) | head)
    expected = model.head(model.tokens(images()).mean(dim=1))
    torch.testing.assert_close(network.eval()(images()), expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_there_and_back_through_a_file() -> None:
    model, other = trained(), trained("resnet18")
    state = backbone_state(
        load(save({name: value.contiguous() for name, value in model.state_dict().items()}))
    )
    network = timm.create_model("resnet18", num_classes=0)
    network.load_state_dict(state)
    torch.testing.assert_close(
        network.eval().forward_features(images()).flatten(2).transpose(1, 2), model.tokens(images())
    )
    for value in other.parameters():
        value.zero_()
    other.get_submodule("trunk.backbone").load_state_dict(network.state_dict())
    assert torch.equal(other.tokens(images()), model.tokens(images()))


def test_a_model_without_a_backbone_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"expected names that begin with 'trunk.backbone.', got such as \['weight'"
    ):
        backbone_state(torch.nn.Linear(1, 1).state_dict())
