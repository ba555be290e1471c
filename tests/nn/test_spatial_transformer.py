import math

import pytest
import torch
from torch import Tensor, nn

from spatialvision.nn import LocalisationNetwork, SpatialTransformer, affine_points, sample


def transformer(in_channels=1, size_hw=(28, 28), disturbed=False):
    torch.manual_seed(0)
    localisation = LocalisationNetwork(in_channels, size_hw)
    module = SpatialTransformer(localisation, localisation.features)
    if disturbed:
        nn.init.normal_(module.head.weight, std=0.05)
    return module


@pytest.mark.parametrize(("in_channels", "size_hw"), [(1, (28, 28)), (3, (32, 32)), (3, (20, 45))])
def test_starts_as_the_identity(in_channels, size_hw):
    images = torch.rand(2, in_channels, *size_hw)
    module = transformer(in_channels, size_hw)
    torch.testing.assert_close(module(images), images, atol=1e-5, rtol=1e-5)
    assert module.theta(images).tolist() == [[[1, 0, 0], [0, 1, 0]]] * 2


def test_forward_samples_at_its_points():
    images, module = torch.rand(3, 1, 28, 28), transformer(disturbed=True)
    points_xy = module.points(images)
    assert points_xy.shape == (3, 28, 28, 2)
    assert torch.equal(points_xy, affine_points(module.theta(images), (28, 28)))
    assert torch.equal(module(images), sample(images, points_xy))


def test_beyond_the_image_lie_zeros():
    module = transformer()
    with torch.no_grad():
        module.head.bias[2] = 4.0
    assert module(torch.ones(1, 1, 28, 28)).abs().max() == 0


def test_forward_stores_nothing():
    module = transformer(disturbed=True)
    before = set(vars(module)) | set(module.state_dict())
    module(torch.rand(2, 1, 28, 28))
    assert set(vars(module)) | set(module.state_dict()) == before


def test_points_are_exact_to_a_hundredth_of_a_pixel_under_autocast():
    images, module = torch.rand(2, 3, 224, 224), transformer(3, (224, 224), disturbed=True)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        theta, points_xy, warped = module.theta(images), module.points(images), module(images)
    assert {theta.dtype, points_xy.dtype, warped.dtype} == {torch.float32}
    assert (theta - torch.eye(2, 3)).abs().max() > 0.01
    centres = (2 * torch.arange(224, dtype=torch.float64) + 1) / 224 - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    homogeneous = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    exact = torch.einsum("bij,hwj->bhwi", theta.double(), homogeneous)
    pixels = (points_xy - exact).abs().max() * 224 / 2
    assert pixels < 0.01


def test_exports_with_a_dynamic_batch():
    module = transformer(disturbed=True)
    dynamic = {"images": {0: torch.export.Dim("batch")}}
    program = torch.export.export(module, (torch.rand(2, 1, 28, 28),), dynamic_shapes=dynamic)
    images = torch.rand(5, 1, 28, 28)
    torch.testing.assert_close(program.module()(images), module(images))


def test_traces_into_one_graph_with_autocast_outside():
    torch._dynamo.reset()
    module, images = transformer(disturbed=True), torch.rand(2, 1, 28, 28)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert compiled(images).dtype == torch.float32
    torch.testing.assert_close(compiled(images), module(images))


def test_learns_to_undo_a_shift():
    """The loss falls only if gradients reach the localisation network with the right sign."""
    module = transformer()
    image = torch.zeros(1, 1, 28, 28)
    image[..., 6:22, 12:16] = 1
    image = nn.functional.avg_pool2d(image, 5, 1, 2)
    wanted = sample(image, affine_points(torch.tensor([[[1.0, 0, 0.15], [0, 1, -0.1]]]), (28, 28)))
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    losses = []
    for _ in range(60):
        loss = (module(image) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


class Turn(nn.Module):
    """A transform with one parameter and another readable form: knows nothing of affine matrices' size."""

    num_parameters = 1

    def identity(self) -> Tensor:
        return torch.zeros(1)

    def theta(self, parameters: Tensor) -> Tensor:
        return parameters

    def points(self, parameters: Tensor, size_hw: tuple[int, int]) -> Tensor:
        cosine, sine, zero = parameters.cos(), parameters.sin(), torch.zeros_like(parameters)
        theta = torch.cat([cosine, -sine, zero, sine, cosine, zero], dim=1)
        return affine_points(theta.view(-1, 2, 3), size_hw)


def test_any_transform_can_be_composed_in():
    localisation = LocalisationNetwork(1, (28, 28))
    module = SpatialTransformer(localisation, localisation.features, Turn())
    images = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(module(images), images, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        module.head.bias.fill_(math.pi / 2)
    torch.testing.assert_close(module(images), torch.rot90(images, 1, (2, 3)), atol=1e-5, rtol=0)
    assert module.theta(images).shape == (2, 1)


@pytest.mark.parametrize(
    ("fill", "beyond"), [("mean", 0.0), ("black", -1.5), ("border", 0.8), ("reflection", 0.8)]
)
def test_the_fill_lies_beyond_the_image(fill, beyond):
    module = SpatialTransformer(nn.Flatten(), 16, fill=fill, black=[-1.5])
    with torch.no_grad():
        module.head.bias[2] = 1.25
    images = torch.full((1, 1, 4, 4), 0.8)
    warped = module(images)
    torch.testing.assert_close(warped[..., -1], torch.full((1, 1, 4), beyond))
    torch.testing.assert_close(
        warped[..., 0], torch.full((1, 1, 4), 0.8 / 2 + 0.8 / 2 if beyond == 0.8 else 0.8)
    )


def test_black_is_black_whatever_the_normalisation():
    """Warping normalised images with black beyond them is normalising the warped images."""
    module = SpatialTransformer(nn.Flatten(), 48, fill="black", black=[-0.5, 0.25, -2.0])
    raw, std = torch.rand(2, 3, 4, 4), torch.tensor([0.5, 2.0, 0.25]).view(-1, 1, 1)
    points = affine_points(torch.tensor([[[0.8, -0.9, 0.4], [0.9, 0.8, -0.3]]] * 2), (4, 4))
    normalised = raw / std + module.black
    torch.testing.assert_close(module.warp(normalised, points), sample(raw, points) / std + module.black)


def test_bicubic_interpolation_is_grid_samples():
    module = SpatialTransformer(nn.Flatten(), 36, interpolation="bicubic")
    images = torch.rand(1, 1, 6, 6)
    points = affine_points(torch.tensor([[[0.9, 0.1, 0.0], [-0.1, 0.9, 0.1]]]), (6, 6))
    expected = nn.functional.grid_sample(images, points, mode="bicubic", align_corners=False)
    assert torch.equal(module.warp(images, points), expected)


def test_unknown_fills_and_interpolations_are_named():
    with pytest.raises(
        ValueError, match="fill: expected one of mean, black, border, reflection, got 'white'"
    ):
        SpatialTransformer(nn.Flatten(), 1, fill="white")
    with pytest.raises(
        ValueError, match="interpolation: expected one of bilinear, bicubic, nearest, got 'x'"
    ):
        SpatialTransformer(nn.Flatten(), 1, interpolation="x")
    module = SpatialTransformer(nn.Flatten(), 16, fill="black", black=[0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="black: expected 1 values, one a channel, got 3"):
        module(torch.rand(1, 1, 4, 4))
    with pytest.raises(ValueError, match="fill 'black' needs black: its value in each channel"):
        SpatialTransformer(nn.Flatten(), 1, fill="black")
