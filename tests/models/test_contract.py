"""What every registered model promises, checked on each with its default options."""

import pytest
import torch
import torch.nn.functional as F

import spatialvision.models as models
from spatialvision.registry import MODELS

# The package's own families; a model that a test registers elsewhere is not among them.
NAMES = [name for name in MODELS if MODELS[name].__module__.startswith(models.__name__)]
SHAPES = [(1, (28, 28)), (3, (28, 28)), (1, (32, 32)), (3, (32, 32))]


def build(name, in_channels=1, size_hw=(28, 28), num_classes=10):
    torch.manual_seed(0)
    return models.build_model(name, {}, num_classes=num_classes, in_channels=in_channels, size_hw=size_hw)


def batch(in_channels=1, size_hw=(28, 28), count=8):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(count, in_channels, *size_hw, generator=generator)
    return images, torch.randint(10, (count,), generator=generator)


pytestmark = pytest.mark.parametrize("name", NAMES)


@pytest.mark.parametrize(("in_channels", "size_hw"), SHAPES)
def test_finite_logits_for_every_shape(name, in_channels, size_hw):
    logits = build(name, in_channels, size_hw, num_classes=7)(batch(in_channels, size_hw)[0])
    assert logits.shape == (8, 7)
    assert logits.isfinite().all()


def test_every_parameter_learns(name):
    model, (images, labels) = build(name), batch(count=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    for _ in range(2):  # behind a head that starts at zero, gradients are zero until its first step
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        assert [key for key, value in model.named_parameters() if value.grad is None] == []
        optimizer.step()
    assert [key for key, value in model.named_parameters() if not value.grad.any()] == []


def test_state_round_trip_and_determinism(name):
    images, _ = batch()
    model = build(name).eval()
    torch.manual_seed(5)
    other = models.build_model(name, {}, num_classes=10, in_channels=1, size_hw=(28, 28)).eval()
    assert not torch.equal(model(images), other(images))
    other.load_state_dict(model.state_dict(), strict=True)
    assert torch.equal(model(images), other(images))
    assert torch.equal(model(images), model(images))


def test_exports_with_a_dynamic_batch(name):
    model, (images, _) = build(name).eval(), batch()
    program = torch.export.export(model, (images[:2],), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.testing.assert_close(program.module()(images), model(images))


def test_a_few_steps_lower_the_loss(name):
    model, (images, labels) = build(name), batch(count=16)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    before = F.cross_entropy(model.eval()(images), labels).item()
    model.train()
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    assert F.cross_entropy(model.eval()(images), labels).item() < before - 0.05
