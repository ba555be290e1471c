"""What every registered model promises, checked on a small variant of each; full sizes are marked slow."""

import copy

import pytest
import torch
import torch.nn.functional as F

import spatialvision.models as models
from spatialvision.models import HasHeads
from spatialvision.registry import MODELS

# The package's own families; a model that a test registers elsewhere is not among them.
NAMES = [name for name in MODELS if MODELS[name].__module__.startswith(models.__name__)]
SMALL_VIT = {"width": 32, "heads": 2}
SMALL = {
    "stn_cnn": {"dropout": 0.0},  # learns noise in a few steps, which is what a test has
    "patch_encoder": {"layers": 1, "heads": 2},
    "vit_deep_supervision": {"blocks": 2, "layers": 1, **SMALL_VIT},
    "vit_post_norm": {"layers": 2, **SMALL_VIT},
    "vit_pre_norm": {"layers": 2, **SMALL_VIT},
}
VARIANTS = {
    "large_kernel_cnn, coordconv": ("large_kernel_cnn", {"convolution": "coordconv", "paddings": (4, 0)}),
    "resnet18, cifar stem": ("resnet18", {"stem": "cifar", "normaliser": "channel"}),
    "stn_cnn, coordconv": (
        "stn_cnn",
        {"localisation": "coordconv", "classifier": "coordconv", "dropout": 0.0},
    ),
    "toy_dilated, normaliser": ("toy_dilated", {"normaliser": "scalar"}),
    "vit_pre_norm, all options": (
        "vit_pre_norm",
        {**SMALL["vit_pre_norm"], "relative": True, "diagonal_mask": True, "temperature": "log"},
    ),
}
CASES = {name: (name, SMALL.get(name, {})) for name in NAMES} | VARIANTS
# The same code as a smaller sibling, only larger.
LARGE = {"resnet34", "resnet50"} | {
    f"{kind}_{level}" for kind in ("efficientnet", "spatialnet") for level in range(1, 8)
}
SHAPES = [(1, (32, 32)), (3, (40, 48))]


def build(case, in_channels=3, size_hw=(32, 32), num_classes=10, seed=0):
    name, options = CASES[case]
    torch.manual_seed(seed)
    return models.build_model(
        name, options, num_classes=num_classes, in_channels=in_channels, size_hw=size_hw
    )


def batch(in_channels=3, size_hw=(32, 32), count=4):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(count, in_channels, *size_hw, generator=generator)
    return images, torch.randint(10, (count,), generator=generator)


def loss(model, images, labels):
    """The sum over all answers a model gives, so that every head takes part."""
    answers = model.heads(images) if isinstance(model, HasHeads) else (model(images),)
    return sum(F.cross_entropy(logits, labels) for logits in answers)


def settle(model, images):
    """Set running statistics to those of the images; at their first values a deep network answers all images alike."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(images)
    model.eval()


every_model = pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow if case in LARGE else ()) for case in CASES]
)


@every_model
@pytest.mark.parametrize(("in_channels", "size_hw"), SHAPES)
def test_finite_logits_for_every_shape(case, in_channels, size_hw):
    model = build(case, in_channels, size_hw, num_classes=7)
    for mode in (True, False):
        logits = model.train(mode)(batch(in_channels, size_hw)[0])
        assert logits.shape == (4, 7)
        assert logits.isfinite().all()


@every_model
def test_every_parameter_learns(case):
    model, (images, labels) = build(case), batch(count=8)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for _ in range(2):  # behind a head that starts at zero, gradients are zero until its first step
        optimizer.zero_grad()
        loss(model, images, labels).backward()
        assert [key for key, value in model.named_parameters() if value.grad is None] == []
        optimizer.step()
    assert [key for key, value in model.named_parameters() if not value.grad.any()] == []


@every_model
def test_state_round_trip_and_determinism(case):
    images, labels = batch()
    model = build(case)
    loss(model, images, labels)  # sets running statistics
    model.eval()
    with torch.no_grad():
        assert torch.equal(build(case).train()(images), build(case).train()(images)) or _drops(model)
        other = build(case, seed=5).eval()
        assert not torch.equal(model(images), other(images))
        other.load_state_dict(model.state_dict(), strict=True)
        assert torch.equal(model(images), other(images))
        assert torch.equal(model(images), copy.deepcopy(model)(images))


def _drops(model):
    """Whether the model draws random numbers in training, so that two passes in a row may differ."""
    return any(isinstance(module, torch.nn.Dropout) for module in model.modules())


@every_model
def test_the_same_seed_gives_the_same_weights(case):
    first, second = build(case).state_dict(), build(case).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


@every_model
def test_forward_stores_nothing(case):
    model, (images, _) = build(case).train(), batch()
    before = {name: set(vars(module)) for name, module in model.named_modules()}
    model(images)
    assert {name: set(vars(module)) for name, module in model.named_modules()} == before


@every_model
def test_exports_with_a_dynamic_batch(case):
    model, (images, _) = build(case), batch()
    settle(model, images)
    program = torch.export.export(model, (images[:2],), dynamic_shapes=({0: torch.export.Dim("batch")},))
    with torch.no_grad():
        expected = model(images)
        torch.testing.assert_close(program.module()(images), expected, rtol=1e-4, atol=1e-4)
    assert expected.std(0).max() > 1e-3, "the answers hardly depend on the images"


@every_model
def test_a_few_steps_lower_the_loss(case):
    model, (images, labels) = build(case), batch(count=8)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        losses.append(loss(model, images, labels))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1].item() < losses[0].item() - 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_full_size_answers(name):
    size_hw = (224, 224) if name.startswith(("efficientnet", "spatialnet", "patch")) else (32, 32)
    model = models.build_model(name, {}, num_classes=1000, in_channels=3, size_hw=size_hw).eval()
    with torch.inference_mode():
        logits = model(batch(size_hw=size_hw, count=2)[0])
    assert logits.shape == (2, 1000)
    assert logits.isfinite().all()
