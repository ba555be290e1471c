import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from spatialvision.models.rotation_equivariant import rotation_equivariant, symmetric_max_pool

SMALL = {"channels": (2, 3), "hidden": 5}


def build(size_hw, in_channels=1, **options):
    torch.manual_seed(0)
    return rotation_equivariant(10, in_channels, size_hw, **(SMALL | options)).eval()


@pytest.mark.parametrize("side", [24, 25, 28, 29, 31, 42])
def test_a_quarter_turn_leaves_the_logits(side):
    model, images = build((side, side)), torch.randn(3, 1, side, side)
    with torch.no_grad():
        logits = model(images)
        for quarters in (1, 2, 3):
            turned = model(images.rot90(quarters, (2, 3)))
            torch.testing.assert_close(turned, logits, rtol=1e-4, atol=1e-4)
        assert (model(images.flip(3)) - logits).abs().max() > 1e-2  # a mirrored image is another one


def test_half_a_turn_leaves_the_logits_of_any_image():
    model, images = build((30, 41), in_channels=3), torch.randn(3, 3, 30, 41)
    with torch.no_grad():
        torch.testing.assert_close(model(images.rot90(2, (2, 3))), model(images), rtol=1e-4, atol=1e-4)


def test_parameters():
    # Kernels of e2cnn: 31 from an image at 9×9, 144 and 48 from a field at 7×7 and 3×3; a bias a field.
    convolutions = 16 * 31 + 16 + 32 * 16 * 144 + 32 + 208 * 32 * 48 + 208
    model = rotation_equivariant(10, 1, (28, 28))
    assert sum(parameter.numel() for parameter in model.parameters()) == convolutions + 208 * 10 + 10
    assert convolutions + 2090 == pytest.approx(400_000, rel=0.02)


@pytest.mark.parametrize("side", range(6, 12))
def test_pooling_turns_with_the_map_and_halves_it(side):
    maps = torch.randn(2, 3, side, side)
    pooled = symmetric_max_pool(maps)
    assert pooled.shape == (2, 3, side // 2, side // 2)
    assert torch.equal(symmetric_max_pool(maps.rot90(1, (2, 3))), pooled.rot90(1, (2, 3)))
    if side % 2 == 0:
        assert torch.equal(pooled, F.max_pool2d(maps, 2))


def test_every_size_from_24_on():
    assert build((24, 24))(torch.randn(2, 1, 24, 24)).shape == (2, 10)
    with pytest.raises(ValueError, match=r"size_hw: expected at least 24 pixels each, got \(28, 23\)"):
        build((28, 23))


def test_the_graph_is_whole_and_bfloat16_is_near():
    model, images = build((28, 28)), torch.randn(2, 1, 28, 28)
    with torch.no_grad():
        expected = model(images)
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(images), expected)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = model(images)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), expected, rtol=0.05, atol=0.05)


def test_importing_the_models_does_not_import_e2cnn():
    code = "import sys, spatialvision.models; print('e2cnn' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=120, check=True)
    assert process.stdout.split() == [b"False"]
