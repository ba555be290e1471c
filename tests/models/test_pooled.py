"""The features that a classifier's logits are made of."""

import pytest
import torch
from torch import nn

from spatialvision.models import build_model
from spatialvision.models.pooled import PooledFeatures

NAMES = [
    "stn_cnn",
    "resnet18",
    "efficientnet_0",
    "vit_deep_supervision",
    "patch_encoder",
    "timm/vit_tiny_patch16_224",
]


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_the_named_layer_makes_the_logits_of_the_features(name: str) -> None:
    model = build_model(name, {}, num_classes=7, in_channels=3, size_hw=(32, 32)).eval()
    images = torch.randn(3, 3, 32, 32)
    pooled = PooledFeatures(model, images[:1])
    features, logits = pooled(images)
    assert features.shape == (3, pooled.width)
    assert torch.equal(logits, model(images))
    assert torch.equal(model.get_submodule(pooled.layer)(features), logits)


def test_nothing_is_left_on_the_model() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2))
    pooled = PooledFeatures(model, torch.randn(1, 3, 2, 2))
    pooled(torch.randn(4, 3, 2, 2))
    assert (pooled.layer, pooled.width) == ("3", 5)
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.modules())


@pytest.mark.parametrize(
    ("model", "ran"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 2), nn.Flatten()), "none"),
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.ReLU()), "1"),
        (nn.Sequential(nn.Linear(2, 4), nn.Flatten()), "0"),
    ],
)
def test_other_ends_are_refused(model: nn.Module, ran: str) -> None:
    message = f"Sequential: expected logits that come straight from a linear layer.*that ran: {ran}"
    with pytest.raises(ValueError, match=message):
        PooledFeatures(model, torch.randn(1, 3, 2, 2))
